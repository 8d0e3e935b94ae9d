using System.Buffers.Binary;
using System.Numerics;
using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Interrupts;

/// <summary>
/// The control region of an interrupt domain of an <see cref="Aplic"/> (AIA 1.0, "Memory-mapped control region for an interrupt domain"). Registers are
/// 32 bits wide; other sizes and misaligned accesses are refused. What does not exist reads as zero and ignores writes.
/// </summary>
public sealed class AplicDomain : IBusDevice
{
    /// <summary>Size of the control region in bytes: that of QEMU's virt board, room for 512 harts.</summary>
    public const ulong WindowSize = 0x8000;

    /// <summary>Most harts the region has room for.</summary>
    public const int MaximumHarts = 512;

    private const ulong SourceConfiguration = 0x0004;
    private const ulong MessageAddresses = 0x1BC0;
    private const ulong MessageAddressesEnd = 0x1BD0;
    private const ulong SourceBits = 0x1C00;
    private const ulong SourceBitsEnd = 0x2000;
    private const ulong SetPendingLittleEndian = 0x2000;
    private const ulong SetPendingBigEndian = 0x2004;
    private const ulong GenerateMessage = 0x3000;
    private const ulong Target = 0x3004;
    private const ulong DeliveryControl = 0x4000;
    private const ulong DeliveryControlSize = 0x20;
    private const ulong InterruptDelivery = 0x00;
    private const ulong Force = 0x04;
    private const ulong Threshold = 0x08;
    private const ulong Top = 0x18;
    private const ulong Claim = 0x1C;
    private const int TopSourceShift = 16;

    // SourceBits has a block for each Change: 32 words with a bit for each source, later one that takes a source's number.
    private const ulong BlockSize = 0x100;
    private const ulong ByNumber = 0xDC;

    private const uint DomainReadOnly = 0x8000_0000;
    private const uint DomainInterruptEnable = 1u << 8;
    private const uint DomainMessages = 1u << 2;

    private const uint Delegated = 1u << 10;
    private const uint ModeMask = 7;
    private const uint Detached = 1;
    private const uint Edge1 = 4;
    private const uint Level1 = 6;

    private const int HartShift = 18;
    private const int GuestShift = 12;
    private const uint GuestMask = 0x3F;
    private const uint PriorityMask = 0xFF;
    private const uint IdentityMask = 0x7FF;

    private readonly Aplic _aplic;
    private readonly InterruptLevel _level;
    private readonly AplicDelivery[] _deliveries;
    private readonly IMessagePort? _port; // null: the domain interrupts harts directly
    private readonly uint _guestFiles;
    private readonly uint[] _configuration;
    private readonly uint[] _target;
    private readonly uint[] _pending;
    private readonly uint[] _enabled;
    private bool _interruptEnable;
    private uint _lastMessage;

    internal AplicDomain(Aplic aplic, string name, InterruptLevel level, IReadOnlyList<IInterruptLine> lines)
        : this(aplic, name, level)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lines.Count, MaximumHarts, nameof(lines));
        _deliveries = [.. lines.Select(line => new AplicDelivery(line))];
    }

    internal AplicDomain(Aplic aplic, string name, InterruptLevel level, IMessagePort port, int guestFiles)
        : this(aplic, name, level)
    {
        _port = port;
        _guestFiles = (uint)guestFiles;
    }

    private AplicDomain(Aplic aplic, string name, InterruptLevel level)
    {
        _aplic = aplic;
        Name = name;
        _level = level;
        _deliveries = [];
        _configuration = new uint[aplic.Sources + 1];
        _target = new uint[aplic.Sources + 1];
        _pending = new uint[(aplic.Sources / 32) + 1];
        _enabled = new uint[_pending.Length];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    /// <remarks>Reading a claimi register claims.</remarks>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (!IsAccess(offset, size))
        {
            return false;
        }

        lock (_aplic.Lock)
        {
            value = ReadWord(offset);
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        if (!IsAccess(offset, size))
        {
            return false;
        }

        lock (_aplic.Lock)
        {
            WriteWord(offset, (uint)value);
        }

        return true;
    }

    /// <summary>Adds the domain's node to its bus (Linux binding <c>riscv,aplic</c>).</summary>
    /// <param name="bus">The bus node, with two address and two size cells.</param>
    /// <param name="baseAddress">Guest-physical address of the control region.</param>
    /// <param name="phandle">Phandle of this node.</param>
    /// <param name="messageParent">Phandle of the IMSICs that messages go to; ignored by a domain that interrupts harts directly.</param>
    /// <param name="child">Phandle of the child domain that the firmware is to delegate all sources to, or null.</param>
    /// <param name="hartInterruptControllers">Phandles of the harts' <c>riscv,cpu-intc</c> nodes, in hart order.</param>
    public DeviceTreeNode Describe(
        DeviceTreeNode bus, ulong baseAddress, uint phandle, uint messageParent, uint? child, params ReadOnlySpan<uint> hartInterruptControllers)
    {
        ArgumentNullException.ThrowIfNull(bus);
        DeviceTreeNode node = bus.AddChild($"interrupt-controller@{baseAddress:x}")
            .Set("compatible", "riscv,aplic")
            .SetPairs("reg", baseAddress, WindowSize)
            .Set("interrupt-controller")
            .SetCells("#interrupt-cells", 2)
            .SetCells("#address-cells", 0)
            .SetCells("riscv,num-sources", (uint)_aplic.Sources)
            .SetCells("phandle", phandle);
        _ = _port is null
            ? node.SetCells("interrupts-extended", _level.ExternalInterrupts(hartInterruptControllers))
            : node.SetCells("msi-parent", messageParent);
        if (child is uint supervisor)
        {
            // OpenSBI before 1.5 knows the property by a name from before the binding was settled.
            node.SetCells("riscv,children", supervisor)
                .SetCells("riscv,delegation", supervisor, 1, (uint)_aplic.Sources)
                .SetCells("riscv,delegate", supervisor, 1, (uint)_aplic.Sources);
        }

        return node;
    }

    /// <summary>Whether a source is the child domain's.</summary>
    internal bool Delegates(int source) => (_configuration[source] & Delegated) != 0;

    /// <summary>Takes notice of a new level on the wire of a source that is not delegated further.</summary>
    internal void WireChanged(int source)
    {
        if (Rectified(source))
        {
            SetBit(_pending, source, true);
        }
        else if (IsLevelSensitive(source))
        {
            SetBit(_pending, source, false);
        }

        Deliver(source);
    }

    /// <summary>Back to the state after power-on.</summary>
    internal void Reset()
    {
        _interruptEnable = false;
        _lastMessage = 0;
        Array.Clear(_configuration);
        Array.Clear(_target);
        Array.Clear(_pending);
        Array.Clear(_enabled);
        foreach (AplicDelivery delivery in _deliveries)
        {
            delivery.Reset();
        }

        DeliverAll();
    }

    private bool HasMessageAddresses => _port is not null && _level == InterruptLevel.Machine;

    private static bool IsAccess(ulong offset, int size) => size == 4 && offset % 4 == 0 && offset < WindowSize;

    private static bool Bit(uint[] bits, int source) => (bits[source / 32] & (1u << (source % 32))) != 0;

    private static void SetBit(uint[] bits, int source, bool value)
    {
        uint bit = 1u << (source % 32);
        bits[source / 32] = value ? bits[source / 32] | bit : bits[source / 32] & ~bit;
    }

    private uint ReadWord(ulong offset) => offset switch
    {
        0 => DomainReadOnly | (_interruptEnable ? DomainInterruptEnable : 0) | (_port is null ? 0 : DomainMessages),
        >= SourceConfiguration and < MessageAddresses => IsSource(offset, SourceConfiguration, out int source) ? _configuration[source] : 0,
        >= MessageAddresses and < MessageAddressesEnd => HasMessageAddresses ? _aplic.Addresses.Read((offset - MessageAddresses) / 4) : 0,
        >= SourceBits and < SourceBitsEnd => ReadSourceBits((Change)((offset - SourceBits) / BlockSize), offset % BlockSize / 4),
        GenerateMessage => _lastMessage,
        >= Target and < DeliveryControl => IsSource(offset, Target, out int source) ? _target[source] : 0,
        >= DeliveryControl => ReadDelivery((offset - DeliveryControl) / DeliveryControlSize, offset % DeliveryControlSize),
        _ => 0,
    };

    private void WriteWord(ulong offset, uint value)
    {
        switch (offset)
        {
            case 0:
                _interruptEnable = (value & DomainInterruptEnable) != 0;
                DeliverAll();
                break;
            case >= SourceConfiguration and < MessageAddresses:
                if (IsSource(offset, SourceConfiguration, out int configured))
                {
                    Configure(configured, value);
                }

                break;
            case >= MessageAddresses and < MessageAddressesEnd:
                if (HasMessageAddresses)
                {
                    _aplic.Addresses.Write((offset - MessageAddresses) / 4, value);
                }

                break;
            case >= SourceBits and < SourceBitsEnd:
                WriteSourceBits((Change)((offset - SourceBits) / BlockSize), offset % BlockSize, value);
                break;
            case SetPendingLittleEndian:
                Apply(Change.SetPending, value);
                break;
            case SetPendingBigEndian:
                Apply(Change.SetPending, BinaryPrimitives.ReverseEndianness(value));
                break;
            case GenerateMessage when _port is not null:
                // The message leaves at once, so Busy never shows.
                _lastMessage = value & ((~0u << HartShift) | IdentityMask);
                Send(_lastMessage);
                break;
            case >= Target and < DeliveryControl:
                if (IsSource(offset, Target, out int source) && IsActive(source))
                {
                    WriteTarget(source, value);
                }

                break;
            case >= DeliveryControl:
                WriteDelivery((offset - DeliveryControl) / DeliveryControlSize, offset % DeliveryControlSize, value);
                break;
            default:
                break;
        }
    }

    private uint ReadSourceBits(Change block, ulong word)
    {
        if (word >= (ulong)_pending.Length)
        {
            return 0;
        }

        return block switch
        {
            Change.SetPending => _pending[word],
            Change.ClearPending => RectifiedWord((int)word),
            Change.SetEnable => _enabled[word],
            _ => 0,
        };
    }

    private void WriteSourceBits(Change block, ulong register, uint value)
    {
        if (register == ByNumber)
        {
            Apply(block, value);
        }
        else if (register / 4 < (ulong)_pending.Length)
        {
            for (uint bits = value; bits != 0; bits &= bits - 1)
            {
                Apply(block, ((uint)register * 8) + (uint)BitOperations.TrailingZeroCount(bits));
            }
        }
    }

    private void Apply(Change change, uint number)
    {
        int source = (int)Math.Min(number, (uint)_aplic.Sources + 1);
        if (!IsActive(source))
        {
            return;
        }

        // The pending bit of a level-sensitive source follows the wire; with messages it may be set again, or cleared, while the wire is asserted.
        bool level = IsLevelSensitive(source);
        switch (change)
        {
            case Change.SetPending when !level || (_port is not null && Rectified(source)):
                SetBit(_pending, source, true);
                break;
            case Change.ClearPending when !level || _port is not null:
                SetBit(_pending, source, false);
                break;
            case Change.SetEnable:
                SetBit(_enabled, source, true);
                break;
            case Change.ClearEnable:
                SetBit(_enabled, source, false);
                break;
            default:
                return;
        }

        Deliver(source);
    }

    private void Configure(int source, uint value)
    {
        if (!Exists(source))
        {
            return;
        }

        bool delegated = _level == InterruptLevel.Machine && (value & Delegated) != 0;
        uint mode = (value & Delegated) != 0 ? 0 : value & ModeMask;
        uint configuration = delegated ? Delegated : mode is Detached or >= Edge1 ? mode : 0; // the child's index can only be 0
        if (_level == InterruptLevel.Machine && Delegates(source) != delegated)
        {
            _aplic.Supervisor.Deactivate(source); // whether it comes or goes, the child finds or leaves it inactive
        }

        if (configuration is 0 or Delegated)
        {
            Deactivate(source);
        }
        else if (!IsActive(source))
        {
            _target[source] = _port is null ? 1u : 0; // 0 is no priority number
        }

        _configuration[source] = configuration;
        if (IsLevelSensitive(source))
        {
            SetBit(_pending, source, Rectified(source));
        }

        Deliver(source);
    }

    private void Deactivate(int source)
    {
        SetBit(_pending, source, false);
        SetBit(_enabled, source, false);
        Deliver(source);
        _configuration[source] = 0;
        _target[source] = 0;
    }

    private void WriteTarget(int source, uint value)
    {
        uint previous = Hart(source);
        uint hart = value & (~0u << HartShift);
        if (_port is null)
        {
            _target[source] = hart | Math.Max(value & PriorityMask, 1);
            DeliverTo(previous);
        }
        else
        {
            uint guest = (value >> GuestShift) & GuestMask;
            _target[source] = hart | ((guest <= _guestFiles ? guest : 0) << GuestShift) | (value & IdentityMask);
        }

        Deliver(source);
    }

    private uint ReadDelivery(ulong hart, ulong register)
    {
        if (hart >= (ulong)_deliveries.Length)
        {
            return 0;
        }

        AplicDelivery delivery = _deliveries[hart];
        return register switch
        {
            InterruptDelivery => delivery.Enabled ? 1u : 0,
            Force => delivery.Forced ? 1u : 0,
            Threshold => delivery.Threshold,
            Top => TopOf((uint)hart),
            Claim => ClaimTop((uint)hart),
            _ => 0,
        };
    }

    private void WriteDelivery(ulong hart, ulong register, uint value)
    {
        if (hart >= (ulong)_deliveries.Length)
        {
            return;
        }

        AplicDelivery delivery = _deliveries[hart];
        switch (register)
        {
            case InterruptDelivery:
                delivery.Enabled = (value & 1) != 0;
                break;
            case Force:
                delivery.Forced = (value & 1) != 0;
                break;
            case Threshold:
                delivery.Threshold = value & PriorityMask;
                break;
            default:
                return;
        }

        DeliverTo((uint)hart);
    }

    private uint ClaimTop(uint hart)
    {
        uint top = TopOf(hart);
        int source = (int)(top >> TopSourceShift);
        if (source == 0)
        {
            _deliveries[hart].Forced = false;
        }
        else if (!IsLevelSensitive(source))
        {
            SetBit(_pending, source, false);
        }

        DeliverTo(hart);
        return top;
    }

    // topi: the pending, enabled source with the smallest priority number, the lowest among equals, if the threshold admits it.
    private uint TopOf(uint hart)
    {
        uint best = 0;
        uint priority = PriorityMask + 1;
        for (int word = 0; word < _pending.Length; word++)
        {
            for (uint bits = _pending[word] & _enabled[word]; bits != 0; bits &= bits - 1)
            {
                uint source = (uint)((word * 32) + BitOperations.TrailingZeroCount(bits));
                uint number = _target[source] & PriorityMask;
                if (Hart((int)source) == hart && number < priority)
                {
                    best = source;
                    priority = number;
                }
            }
        }

        return best != 0 && _deliveries[hart].Admits(priority) ? (best << TopSourceShift) | priority : 0;
    }

    private void DeliverAll()
    {
        for (uint hart = 0; hart < (uint)_deliveries.Length; hart++)
        {
            DeliverTo(hart);
        }

        for (int source = 1; source <= _aplic.Sources && _port is not null; source++)
        {
            Deliver(source);
        }
    }

    // Does what follows from a change of a source's bits: sends its message, or drives its hart's wire.
    private void Deliver(int source)
    {
        if (_port is null)
        {
            DeliverTo(Hart(source));
        }
        else if (_interruptEnable && Bit(_pending, source) && Bit(_enabled, source))
        {
            SetBit(_pending, source, false);
            Send(_target[source]);
        }
    }

    private void DeliverTo(uint hart)
    {
        if (hart < (uint)_deliveries.Length)
        {
            AplicDelivery delivery = _deliveries[hart];
            delivery.Drive(_interruptEnable && delivery.Enabled && (delivery.Forced || TopOf(hart) != 0));
        }
    }

    private void Send(uint target)
    {
        uint hart = target >> HartShift;
        ulong address = _level == InterruptLevel.Machine
            ? _aplic.Addresses.Machine(hart)
            : _aplic.Addresses.Supervisor(hart, (target >> GuestShift) & GuestMask);
        _port!.Send(address, target & IdentityMask);
    }

    // To a domain that was not delegated it, a source is as if it were not implemented.
    private bool Exists(int source) => source > 0 && source <= _aplic.Sources && (_level == InterruptLevel.Machine || _aplic.Root.Delegates(source));

    private bool IsActive(int source) => Exists(source) && _configuration[source] is not (0 or Delegated);

    private bool IsLevelSensitive(int source) => (_configuration[source] & ModeMask) >= Level1;

    private uint Hart(int source) => _target[source] >> HartShift;

    // The wire, inverted for Edge0 and Level0; low for sources that are inactive or detached.
    private bool Rectified(int source)
    {
        uint mode = _configuration[source] & ModeMask;
        return mode >= Edge1 && _aplic.Wire(source) == ((mode & 1) == 0);
    }

    private uint RectifiedWord(int word)
    {
        uint value = 0;
        for (int bit = 0; bit < 32; bit++)
        {
            int source = (word * 32) + bit;
            value |= source <= _aplic.Sources && Rectified(source) ? 1u << bit : 0;
        }

        return value;
    }

    private bool IsSource(ulong offset, ulong array, out int source)
    {
        source = (int)((offset - array) / 4) + 1;
        return source <= _aplic.Sources;
    }

    // What the blocks of SourceBits do to sources.
    private enum Change : ulong
    {
        SetPending,
        ClearPending,
        SetEnable,
        ClearEnable,
    }
}
