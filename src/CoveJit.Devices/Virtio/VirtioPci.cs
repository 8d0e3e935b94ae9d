using System.Buffers.Binary;
using CoveJit.Devices.Pcie;

namespace CoveJit.Devices.Virtio;

/// <summary>
/// VirtIO over PCI, modern only (VirtIO 1.2, section 4.1): a function that carries a device. Common, interrupt status, device-specific and notification
/// registers and MSI-X have a page or more each of one 64-bit range. The gate is the device's, so that frames and requests need no second lock.
/// </summary>
public sealed class VirtioPci : PcieFunction, IDisposable
{
    private const ushort Vendor = 0x1AF4;
    private const ushort FirstModernDevice = 0x1040;
    private const int Bar = 0;
    private const ulong BarSize = 0x8000;
    private const ulong Common = 0x0000;
    private const ulong InterruptStatus = 0x1000;
    private const ulong DeviceConfiguration = 0x2000;
    private const ulong Notifications = 0x3000;
    private const ulong MsixOffset = 0x4000;
    private const ulong StructureSize = 0x1000;
    private const uint NotifyMultiplier = 4;
    private const int CommonSize = 0x38;

    private readonly Transport _transport;

    /// <summary>Puts a device on a function.</summary>
    /// <param name="device">A device without a transport.</param>
    /// <param name="options">What the ring offers; null for the defaults.</param>
    /// <param name="report">Gets one line for each failure of the device.</param>
    /// <param name="teeIo">Whether it says TEE-IO Supported: a device security manager is put beside it.</param>
    public VirtioPci(VirtioDevice device, VirtioOptions? options = null, Action<string>? report = null, bool teeIo = false)
        : base(
            device.Name,
            new FunctionIdentity((ushort)(FirstModernDevice + (int)device.DeviceId), ClassOf(device.DeviceId), Vendor, (ushort)(FirstModernDevice + (int)device.DeviceId)),
            interruptPin: 1)
    {
        _transport = new Transport(this, device, options, report);
        AddBar(Bar, BarSize, prefetchable: true);
        Add(new ExpressCapability(PcieDeviceType.Endpoint, teeIo: teeIo));
        Add(new MsixCapability(device.QueueCount + 1, Bar, MsixOffset));
        Add(new Structure(1, Common, CommonSize));
        Add(new Structure(2, Notifications, NotifyMultiplier * (uint)device.QueueCount, NotifyMultiplier));
        Add(new Structure(3, InterruptStatus, 1));
        Add(new Structure(4, DeviceConfiguration, (uint)StructureSize));
        Add(new AccessWindow(this));
    }

    /// <summary>The device carried.</summary>
    public VirtioDevice Device => _transport.Device;

    /// <summary>Disables further background work. The device and its backend are their owner's to dispose.</summary>
    public void Dispose() => _transport.Dispose();

    /// <inheritdoc/>
    protected override void OnReset() => _transport.ResetByFunction();

    /// <inheritdoc/>
    protected override ulong ReadBar(int bar, ulong offset, int size)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bytes.Clear();
        switch (offset & ~(StructureSize - 1))
        {
            case Common:
                return _transport.ReadCommon((int)offset, size);
            case InterruptStatus when offset == InterruptStatus:
                return _transport.TakeInterruptStatus();
            case DeviceConfiguration:
                Device.ReadConfiguration((int)(offset - DeviceConfiguration), bytes[..size]);
                return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            default:
                return 0;
        }
    }

    /// <inheritdoc/>
    protected override void WriteBar(int bar, ulong offset, int size, ulong value)
    {
        switch (offset & ~(StructureSize - 1))
        {
            case Common:
                _transport.WriteCommon((int)offset, size, value);
                break;
            case DeviceConfiguration:
                Span<byte> bytes = stackalloc byte[sizeof(ulong)];
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
                Device.WriteConfiguration((int)(offset - DeviceConfiguration), bytes[..size]);
                break;
            case Notifications:
                _transport.NotifyQueue((uint)(offset - Notifications) / NotifyMultiplier);
                break;
        }
    }

    private static uint ClassOf(VirtioDeviceId device) => device switch
    {
        VirtioDeviceId.Net => 0x020000,
        VirtioDeviceId.Block => 0x018000,
        VirtioDeviceId.Console => 0x078000,
        _ => 0x00FF00,
    };

    /// <summary>A vendor-specific capability that says where a structure is (section 4.1.4).</summary>
    private sealed class Structure(byte type, ulong offset, uint length, uint? multiplier = null) : IPcieCapability
    {
        private const byte VendorSpecific = 0x09;
        private const int Size = 16;

        public void Attach(PcieFunction function)
        {
            int size = multiplier is null ? Size : Size + 4;
            int at = function.Configuration.AddCapability(VendorSpecific, size);
            function.Configuration.Add(at + 2, 1, (uint)size);
            function.Configuration.Add(at + 3, 1, type);
            function.Configuration.Add(at + 4, 1, Bar);
            function.Configuration.Add(at + 8, 4, (uint)offset);
            function.Configuration.Add(at + 12, 4, length);
            if (multiplier is uint value)
            {
                function.Configuration.Add(at + 16, 4, value);
            }
        }
    }

    /// <summary>Access to the structures through configuration space, for software that cannot map memory (section 4.1.4.9).</summary>
    private sealed class AccessWindow(VirtioPci owner) : IPcieCapability
    {
        private const byte VendorSpecific = 0x09;
        private const int Size = 20;
        private const byte Type = 5;

        public void Attach(PcieFunction function)
        {
            int at = function.Configuration.AddCapability(VendorSpecific, Size);
            function.Configuration.Add(at + 2, 1, Size);
            function.Configuration.Add(at + 3, 1, Type);
            ConfigurationRegister bar = function.Configuration.Add(at + 4, 1, writable: 0xFF);
            ConfigurationRegister offset = function.Configuration.Add(at + 8, 4, writable: uint.MaxValue);
            ConfigurationRegister length = function.Configuration.Add(at + 12, 4, writable: uint.MaxValue);
            function.Configuration.Add(
                at + 16,
                4,
                written: write =>
                {
                    if (IsValid(bar, offset, length) && owner.Answers(trusted: false))
                    {
                        owner.WriteBar(Bar, offset.Value, (int)length.Value, write.Written);
                    }
                },
                read: () =>
                    !owner.Answers(trusted: false) ? uint.MaxValue
                    : IsValid(bar, offset, length) ? (uint)owner.ReadBar(Bar, offset.Value, (int)length.Value) : 0);
        }

        private static bool IsValid(ConfigurationRegister bar, ConfigurationRegister offset, ConfigurationRegister length) =>
            bar.Value == Bar && length.Value is 1 or 2 or 4 && offset.Value % length.Value == 0 && offset.Value < MsixOffset;
    }

    /// <summary>The transport: common configuration registers (section 4.1.4.3) and interrupts.</summary>
    private sealed class Transport : VirtioTransport
    {
        private const ushort NoVector = 0xFFFF;
        private const uint CauseQueue = 1;
        private const uint CauseConfiguration = 2;

        private readonly VirtioPci _function;
        private readonly ushort[] _queueVectors;
        private ushort _configurationVector = NoVector;
        private uint _deviceFeatureSelect;
        private uint _driverFeatureSelect;
        private ushort _queueSelect;
        private uint _interruptStatus;
        private QueueSettings _noQueue;

        public Transport(VirtioPci function, VirtioDevice device, VirtioOptions? options, Action<string>? report)
            : base(device, function.Dma, options, report, function.Gate)
        {
            _function = function;
            _queueVectors = new ushort[device.QueueCount];
            _queueVectors.AsSpan().Fill(NoVector);
        }

        public void ResetByFunction() => WriteStatus(0);

        public void NotifyQueue(uint queue) => Notify(queue);

        /// <summary>Reads the interrupt status, which clears it.</summary>
        public uint TakeInterruptStatus()
        {
            uint status = _interruptStatus;
            _interruptStatus = 0;
            _function.SetInterrupt(false);
            return status;
        }

        public override void SignalUsed(int queue) => Raise(CauseQueue, _queueVectors[queue]);

        public ulong ReadCommon(int offset, int size)
        {
            ref QueueSettings queue = ref Settings(_queueSelect, ref _noQueue);
            return (offset, size) switch
            {
                (0x00, 4) => _deviceFeatureSelect,
                (0x04, 4) => ReadDeviceFeatures(_deviceFeatureSelect),
                (0x08, 4) => _driverFeatureSelect,
                (0x0C, 4) => _driverFeatureSelect == 0 ? (uint)DriverFeatures : _driverFeatureSelect == 1 ? DriverFeatures >> 32 : 0,
                (0x10, 2) => _configurationVector,
                (0x12, 2) => (ushort)Device.QueueCount,
                (0x14, 1) => (byte)Status,
                (0x15, 1) => (byte)ConfigurationGeneration,
                (0x16, 2) => _queueSelect,
                (0x18, 2) => IsQueueReady(_queueSelect) ? (uint)Device.QueueOrNull(_queueSelect)!.Size : queue.Size != 0 ? queue.Size : (uint)Device.QueueSizeMax(_queueSelect),
                (0x1A, 2) => _queueSelect < _queueVectors.Length ? _queueVectors[_queueSelect] : NoVector,
                (0x1C, 2) => IsQueueReady(_queueSelect) ? 1u : 0,
                (0x1E, 2) => _queueSelect,
                (0x20, 4) => (uint)queue.DescriptorArea,
                (0x24, 4) => queue.DescriptorArea >> 32,
                (0x28, 4) => (uint)queue.DriverArea,
                (0x2C, 4) => queue.DriverArea >> 32,
                (0x30, 4) => (uint)queue.DeviceArea,
                (0x34, 4) => queue.DeviceArea >> 32,
                _ => 0,
            };
        }

        public void WriteCommon(int offset, int size, ulong value)
        {
            ref QueueSettings queue = ref Settings(_queueSelect, ref _noQueue);
            uint word = (uint)value;
            switch (offset, size)
            {
                case (0x00, 4):
                    _deviceFeatureSelect = word;
                    break;
                case (0x08, 4):
                    _driverFeatureSelect = word;
                    break;
                case (0x0C, 4):
                    WriteDriverFeatures(_driverFeatureSelect, word);
                    break;
                case (0x10, 2):
                    _configurationVector = Vector(word);
                    break;
                case (0x14, 1):
                    WriteStatus((byte)word);
                    break;
                case (0x16, 2):
                    _queueSelect = (ushort)word;
                    break;
                case (0x18, 2):
                    queue.Size = word & 0xFFFF;
                    break;
                case (0x1A, 2) when _queueSelect < _queueVectors.Length:
                    _queueVectors[_queueSelect] = Vector(word);
                    break;
                case (0x1C, 2) when (word & 0xFFFF) == 1:
                    queue.Size = queue.Size != 0 ? queue.Size : (uint)Device.QueueSizeMax(_queueSelect);
                    SetQueueReady(_queueSelect, true);
                    break;
                case ( >= 0x20 and < 0x38, 4 or 8):
                    WriteArea(ref queue, offset, size, value);
                    break;
            }
        }

        protected override void RaiseConfigurationInterrupt() => Raise(CauseConfiguration, _configurationVector);

        protected override void ResetTransport()
        {
            _deviceFeatureSelect = _driverFeatureSelect = 0;
            _queueSelect = 0;
            _configurationVector = NoVector;
            _queueVectors.AsSpan().Fill(NoVector);
            _interruptStatus = 0;
            _function.SetInterrupt(false);
        }

        private static void WriteArea(ref QueueSettings queue, int offset, int size, ulong value)
        {
            ref ulong area = ref offset < 0x28 ? ref queue.DescriptorArea : ref offset < 0x30 ? ref queue.DriverArea : ref queue.DeviceArea;
            area = size == sizeof(ulong) ? value
                : offset % sizeof(ulong) == 0 ? (area & 0xFFFF_FFFF_0000_0000) | (uint)value
                : (uint)area | (value << 32);
        }

        // A vector that does not exist is not kept: the driver reads back that it got none.
        private ushort Vector(uint value) => (value & 0xFFFF) < (uint)_function.Msix!.Vectors ? (ushort)value : NoVector;

        private void Raise(uint cause, ushort vector)
        {
            if (_function.Msix is { IsEnabled: true })
            {
                _function.Msix.Signal(vector);
                return;
            }

            _interruptStatus |= cause;
            _function.SetInterrupt(true);
        }
    }
}
