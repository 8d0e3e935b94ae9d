using System.Buffers.Binary;
using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Virtio;

/// <summary>
/// VirtIO over MMIO, version 2 (VirtIO 1.2, section 4.2). Registers are 32 bits wide; other widths below the configuration space read as
/// zero and write nothing, as do registers that do not exist. The configuration space at 0x100 takes 1, 2, 4 and 8 byte accesses.
/// </summary>
public sealed class VirtioMmio : VirtioTransport, IBusDevice
{
    /// <summary>Bytes the device takes on the bus.</summary>
    public const ulong RegisterSpace = 0x1000;

    private const int Magic = 0x000;
    private const int Version = 0x004;
    private const int DeviceId = 0x008;
    private const int VendorId = 0x00c;
    private const int DeviceFeatures = 0x010;
    private const int DeviceFeaturesSel = 0x014;
    private const int DriverFeaturesRegister = 0x020;
    private const int DriverFeaturesSel = 0x024;
    private const int QueueSel = 0x030;
    private const int QueueNumMax = 0x034;
    private const int QueueNum = 0x038;
    private const int QueueReady = 0x044;
    private const int QueueNotify = 0x050;
    private const int InterruptStatus = 0x060;
    private const int InterruptAck = 0x064;
    private const int StatusRegister = 0x070;
    private const int QueueDescLow = 0x080;
    private const int QueueDescHigh = 0x084;
    private const int QueueDriverLow = 0x090;
    private const int QueueDriverHigh = 0x094;
    private const int QueueDeviceLow = 0x0a0;
    private const int QueueDeviceHigh = 0x0a4;
    private const int ShmLenLow = 0x0b0;
    private const int ShmBaseHigh = 0x0bc;
    private const int ConfigGeneration = 0x0fc;
    private const int Configuration = 0x100;

    private const uint MagicValue = 0x7472_6976; // "virt"
    private const uint ModernVersion = 2;
    private const uint Vendor = 0x4556_4f43; // "COVE"
    private const uint InterruptUsed = 1;
    private const uint InterruptConfiguration = 2;

    private readonly IInterruptLine _interrupt;
    private uint _deviceFeaturesSel;
    private uint _driverFeaturesSel;
    private uint _queueSel;
    private uint _interruptStatus;
    private QueueSettings _noQueue;

    /// <summary>Puts a device on the bus.</summary>
    /// <param name="device">A device without a transport.</param>
    /// <param name="dma">The device's way to memory.</param>
    /// <param name="interrupt">Level-sensitive wire: high while InterruptStatus is not zero.</param>
    /// <param name="options">What the ring offers; null for the defaults.</param>
    /// <param name="report">Gets one line for each failure of the device.</param>
    public VirtioMmio(VirtioDevice device, IDmaPort dma, IInterruptLine interrupt, VirtioOptions? options = null, Action<string>? report = null)
        : base(device, dma, options, report)
    {
        _interrupt = interrupt;
    }

    /// <inheritdoc/>
    public string Name => Device.Name;

    /// <summary>Adds the device's node, as QEMU's virt board writes it.</summary>
    /// <param name="parent">The bus node, with two address and two size cells.</param>
    /// <param name="address">Where the machine put the registers.</param>
    /// <param name="interruptParent">Phandle of the interrupt controller.</param>
    /// <param name="interrupt">Interrupt specifier, in the controller's cells.</param>
    public static DeviceTreeNode Describe(DeviceTreeNode parent, ulong address, uint interruptParent, params ReadOnlySpan<uint> interrupt) =>
        parent.AddChild($"virtio_mmio@{address:x}")
            .SetCells("interrupts", interrupt)
            .SetCells("interrupt-parent", interruptParent)
            .SetPairs("reg", address, RegisterSpace)
            .Set("compatible", "virtio,mmio");

    /// <inheritdoc/>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        lock (Gate)
        {
            value = 0;
            if (offset >= Configuration)
            {
                Span<byte> bytes = stackalloc byte[sizeof(ulong)];
                bytes.Clear();
                if (offset < RegisterSpace)
                {
                    Device.ReadConfiguration((int)(offset - Configuration), bytes[..size]);
                }

                value = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            }
            else if (size == sizeof(uint))
            {
                value = ReadRegister((int)offset);
            }

            return true;
        }
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        lock (Gate)
        {
            if (offset >= Configuration)
            {
                Span<byte> bytes = stackalloc byte[sizeof(ulong)];
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
                if (offset < RegisterSpace)
                {
                    Device.WriteConfiguration((int)(offset - Configuration), bytes[..size]);
                }
            }
            else if (size == sizeof(uint))
            {
                WriteRegister((int)offset, (uint)value);
            }

            return true;
        }
    }

    /// <inheritdoc/>
    public override void SignalUsed(int queue) => Raise(InterruptUsed);

    /// <inheritdoc/>
    protected override void RaiseConfigurationInterrupt() => Raise(InterruptConfiguration);

    /// <inheritdoc/>
    protected override void ResetTransport()
    {
        _deviceFeaturesSel = _driverFeaturesSel = _queueSel = 0;
        _interruptStatus = 0;
        _interrupt.Set(false);
    }

    private uint ReadRegister(int offset) => offset switch
    {
        Magic => MagicValue,
        Version => ModernVersion,
        DeviceId => (uint)Device.DeviceId,
        VendorId => Vendor,
        DeviceFeatures => ReadDeviceFeatures(_deviceFeaturesSel),
        QueueNumMax => (uint)Device.QueueSizeMax((int)Math.Min(_queueSel, int.MaxValue)),
        QueueReady => IsQueueReady(_queueSel) ? 1u : 0u,
        InterruptStatus => _interruptStatus,
        StatusRegister => (uint)Status,

        // No shared memory region exists: its length and base read as -1 (section 4.2.2).
        >= ShmLenLow and <= ShmBaseHigh => uint.MaxValue,
        ConfigGeneration => ConfigurationGeneration,
        _ => 0,
    };

    private void WriteRegister(int offset, uint value)
    {
        ref QueueSettings queue = ref Settings(_queueSel, ref _noQueue);
        switch (offset)
        {
            case DeviceFeaturesSel:
                _deviceFeaturesSel = value;
                break;
            case DriverFeaturesRegister:
                WriteDriverFeatures(_driverFeaturesSel, value);
                break;
            case DriverFeaturesSel:
                _driverFeaturesSel = value;
                break;
            case QueueSel:
                _queueSel = value;
                break;
            case QueueNum:
                queue.Size = value;
                break;
            case QueueReady:
                SetQueueReady(_queueSel, (value & 1) != 0);
                break;
            case QueueNotify:
                Notify(value);
                break;
            case InterruptAck:
                _interruptStatus &= ~value;
                _interrupt.Set(_interruptStatus != 0);
                break;
            case StatusRegister:
                WriteStatus((byte)value);
                break;
            case QueueDescLow:
                SetLow(ref queue.DescriptorArea, value);
                break;
            case QueueDescHigh:
                SetHigh(ref queue.DescriptorArea, value);
                break;
            case QueueDriverLow:
                SetLow(ref queue.DriverArea, value);
                break;
            case QueueDriverHigh:
                SetHigh(ref queue.DriverArea, value);
                break;
            case QueueDeviceLow:
                SetLow(ref queue.DeviceArea, value);
                break;
            case QueueDeviceHigh:
                SetHigh(ref queue.DeviceArea, value);
                break;
            default:
                break;
        }
    }

    private void Raise(uint cause)
    {
        _interruptStatus |= cause;
        _interrupt.Set(true);
    }

    private static void SetLow(ref ulong target, uint value) => target = (target & 0xffff_ffff_0000_0000) | value;

    private static void SetHigh(ref ulong target, uint value) => target = (target & 0xffff_ffff) | ((ulong)value << 32);
}
