using System.Buffers.Binary;
using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Pcie;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Translation;

namespace CoveJit.Devices.Iommu;

/// <summary>
/// A RISC-V IOMMU, version 1.0: registers, command queue, fault queue, counters, debug translation. <see cref="Attach"/> makes what translates for a bus.
/// It caches nothing, so a change in a table counts at once; invalidations and fences wait for the requests under way. A machine may have several.
/// </summary>
public sealed class RiscvIommu : IBusDevice, IDisposable
{
    /// <summary>Size of the registers in bytes.</summary>
    public const ulong RegisterSpace = 0x1000;

    private const ulong CapabilitiesRegister = 0x000;
    private const ulong FeaturesControl = 0x008;
    private const ulong DirectoryPointer = 0x010;
    private const ulong CommandBase = 0x018;
    private const ulong CommandHead = 0x020;
    private const ulong CommandTail = 0x024;
    private const ulong FaultBase = 0x028;
    private const ulong FaultHead = 0x030;
    private const ulong FaultTail = 0x034;
    private const ulong CommandControl = 0x048;
    private const ulong FaultControl = 0x04C;
    private const ulong InterruptPending = 0x054;
    private const ulong CountOverflow = 0x058;
    private const ulong CountInhibit = 0x05C;
    private const ulong Cycles = 0x060;
    private const ulong FirstCounter = 0x068;
    private const ulong FirstEvent = 0x160;
    private const ulong DebugAddress = 0x258;
    private const ulong DebugControl = 0x260;
    private const ulong DebugResponse = 0x268;
    private const ulong Vectors = 0x2F8;
    private const ulong MessageTable = 0x300;
    private const ulong MessageTableEnd = 0x400;

    private const ulong Capabilities =
        0x10 // version 1.0
        | (7UL << 9) // Sv39, Sv48, Sv57
        | (1UL << 15) // Svpbmt
        | (7UL << 17) // Sv39x4, Sv48x4, Sv57x4
        | (1UL << 22) // MSI_FLAT
        | (1UL << 24) // AMO_HWAD
        | (2UL << 28) // IGS: messages and wires
        | (1UL << 30) // HPM
        | (1UL << 31) // DBG
        | (56UL << 32) // PAS
        | (7UL << 38); // PD8, PD17, PD20

    private const uint CommandIllegal = 1 << 10;
    private const uint CommandFence = 1 << 11;
    private const uint CommandErrors = IommuQueue.MemoryFault | (1 << 9) | CommandIllegal | CommandFence;
    private const uint CommandStops = IommuQueue.MemoryFault | (1 << 9) | CommandIllegal;
    private const uint FaultOverflow = 1 << 9;
    private const uint FaultErrors = IommuQueue.MemoryFault | FaultOverflow;
    private const int CommandSize = 16;
    private const int FaultSize = 32;

    private readonly IAtomicDmaPort _memory;
    private readonly IommuTranslator _translator;
    private readonly IommuCounters _counters;
    private readonly IommuInterrupts _interrupts;
    private readonly Lock _lock = new();
    private readonly TransactionGate _requests = new();
    private readonly IommuQueue _commands = new(CommandSize);
    private readonly IommuQueue _faults = new(FaultSize);
    private ulong _directory;
    private ulong _debugAddress;
    private ulong _debugControl;
    private ulong _debugResponse;

    /// <summary>Makes an IOMMU that is off, or lets everything pass.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="memory">Where tables and queues are.</param>
    /// <param name="wires">Four interrupt wires.</param>
    /// <param name="send">Sends an interrupt message: address, data; false if it was refused.</param>
    /// <param name="clock">What cycles are.</param>
    /// <param name="bare">Whether it lets everything pass until software sets it up (Bare), or nothing (Off).</param>
    public RiscvIommu(string name, IAtomicDmaPort memory, IReadOnlyList<IInterruptLine> wires, Func<ulong, uint, bool> send, IClock clock, bool bare = true)
    {
        Name = name;
        _memory = memory;
        _counters = new IommuCounters(clock);
        _translator = new IommuTranslator(memory, _counters);
        _interrupts = new IommuInterrupts(wires, send) { Refused = address => Record(new IommuRequest(0, null, false, address, AccessType.Write), IommuCause.MessageWriteFault, 0, IommuTransaction.None) };
        _directory = (uint)(bare ? IommuTranslator.ModeBare : IommuTranslator.ModeOff);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Makes the part of the IOMMU that stands before memory.</summary>
    /// <param name="next">Where translated requests go.</param>
    public IPcieUpstream Attach(IPcieUpstream next) => new Translated(this, next);

    /// <summary>Adds the device's node (binding <c>riscv,iommu</c>).</summary>
    /// <param name="bus">The bus node, with two address and two size cells.</param>
    /// <param name="address">Address of the registers.</param>
    /// <param name="phandle">Phandle of this node.</param>
    /// <param name="messageParent">Phandle of the MSI controller, or 0.</param>
    /// <param name="interruptParent">Phandle of the controller of the wires.</param>
    /// <param name="specifiers">How it spells each wire.</param>
    public static DeviceTreeNode Describe(
        DeviceTreeNode bus, ulong address, uint phandle, uint messageParent, uint interruptParent, IReadOnlyList<uint[]> specifiers)
    {
        DeviceTreeNode node = bus.AddChild($"iommu@{address:x}")
            .Set("compatible", "covejit,riscv-iommu", "riscv,iommu")
            .SetPairs("reg", address, RegisterSpace)
            .SetCells("#iommu-cells", 1)
            .SetCells("interrupt-parent", interruptParent)
            .SetCells("interrupts", [.. specifiers.SelectMany(specifier => specifier)])
            .SetCells("phandle", phandle);
        return messageParent == 0 ? node : node.SetCells("msi-parent", messageParent);
    }

    /// <inheritdoc/>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (size < sizeof(uint) || offset % (ulong)size != 0)
        {
            return false;
        }

        lock (_lock)
        {
            value = size == sizeof(ulong)
                ? ReadRegister(offset & ~7UL)
                : (uint)(IsWide(offset) ? ReadRegister(offset & ~7UL) >> (int)(8 * (offset & 4)) : ReadRegister(offset));
            if (size == sizeof(ulong) && !IsWide(offset))
            {
                value = (uint)value | (ReadRegister(offset + 4) << 32);
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        if (size < sizeof(uint) || offset % (ulong)size != 0)
        {
            return false;
        }

        lock (_lock)
        {
            if (!IsWide(offset))
            {
                WriteRegister(offset, (uint)value);
                if (size == sizeof(ulong))
                {
                    WriteRegister(offset + 4, value >> 32);
                }
            }
            else if (size == sizeof(ulong))
            {
                WriteRegister(offset, value);
            }
            else
            {
                // Half of a register of 8 bytes: the other half stays.
                ulong whole = ReadRegister(offset & ~7UL);
                WriteRegister(offset & ~7UL, (offset & 4) == 0 ? (whole & 0xFFFF_FFFF_0000_0000) | (uint)value : (uint)whole | (value << 32));
            }
        }

        return true;
    }

    /// <summary>Releases what the host gave.</summary>
    public void Dispose() => _requests.Dispose();

    private static bool IsWide(ulong offset) => (offset & ~7UL) is CapabilitiesRegister or DirectoryPointer or CommandBase or FaultBase or (>= Cycles and < DebugResponse + 8) or Vectors;

    private ulong ReadRegister(ulong offset) => offset switch
    {
        CapabilitiesRegister => Capabilities,
        FeaturesControl => _interrupts.UsesWires ? 2u : 0,
        DirectoryPointer => _directory,
        CommandBase => _commands.Base,
        CommandHead => _commands.Head,
        CommandTail => _commands.Tail,
        FaultBase => _faults.Base,
        FaultHead => _faults.Head,
        FaultTail => _faults.Tail,
        CommandControl => _commands.Control,
        FaultControl => _faults.Control,
        InterruptPending => _interrupts.Pending,
        CountOverflow => _counters.Overflows,
        CountInhibit => _counters.Inhibited,
        Cycles => _counters.Cycles,
        >= FirstCounter and < FirstCounter + (8 * IommuCounters.Number) => _counters.ReadCount((int)(offset - FirstCounter) / 8),
        >= FirstEvent and < FirstEvent + (8 * IommuCounters.Number) => _counters.ReadEvent((int)(offset - FirstEvent) / 8),
        DebugAddress => _debugAddress,
        DebugControl => _debugControl,
        DebugResponse => _debugResponse,
        Vectors => _interrupts.Assignment,
        >= MessageTable and < MessageTableEnd => _interrupts.ReadTable((int)(offset - MessageTable)),
        _ => 0,
    };

    private void WriteRegister(ulong offset, ulong value)
    {
        const ulong PageNumber = 0x003F_FFFF_FFFF_FC00;
        switch (offset)
        {
            case FeaturesControl:
                _interrupts.SetMode((value & 2) != 0);
                break;
            case DirectoryPointer:
                // A mode that does not exist leaves the one that is (WARL).
                ulong mode = (value & 0xF) <= IommuTranslator.ModeThreeLevels ? value & 0xF : _directory & 0xF;
                Volatile.Write(ref _directory, (value & PageNumber) | mode);
                WaitForRequests();
                break;
            case CommandBase:
                _commands.SetBase(value);
                break;
            case CommandTail:
                _commands.Tail = (uint)value & _commands.Mask;
                RunCommands();
                break;
            case FaultBase:
                _faults.SetBase(value);
                break;
            case FaultHead:
                _faults.Head = (uint)value & _faults.Mask;
                break;
            case CommandControl:
                Control(_commands, (uint)value, CommandErrors);
                RunCommands();
                UpdateCommandInterrupt();
                break;
            case FaultControl:
                Control(_faults, (uint)value, FaultErrors);
                UpdateFaultInterrupt();
                break;
            case InterruptPending:
                _interrupts.Clear((uint)value);
                UpdateCommandInterrupt();
                UpdateFaultInterrupt();
                break;
            case CountInhibit:
                _counters.Inhibited = (uint)value;
                break;
            case Cycles:
                _counters.Cycles = value;
                break;
            case >= FirstCounter and < FirstCounter + (8 * IommuCounters.Number):
                _counters.WriteCount((int)(offset - FirstCounter) / 8, value);
                break;
            case >= FirstEvent and < FirstEvent + (8 * IommuCounters.Number):
                _counters.WriteEvent((int)(offset - FirstEvent) / 8, value);
                break;
            case DebugAddress:
                _debugAddress = value & ~0xFFFUL;
                break;
            case DebugControl:
                _debugControl = value & 0xFFFF_FF01_FFFF_F00F;
                if ((value & 1) != 0)
                {
                    TranslateForDebugger();
                }

                break;
            case Vectors:
                _interrupts.Assignment = value;
                break;
            case >= MessageTable and < MessageTableEnd:
                _interrupts.WriteTable((int)(offset - MessageTable), (uint)value);
                break;
        }
    }

    // Turning a queue on empties it and forgets its errors; afterwards errors are cleared by writing 1.
    private static void Control(IommuQueue queue, uint value, uint errors)
    {
        uint control = queue.Control & ~(value & errors);
        bool turnsOn = (value & IommuQueue.Enable) != 0 && !queue.IsOn;
        if (turnsOn)
        {
            queue.Head = queue.Tail = 0;
            control &= ~errors;
        }

        control &= ~(IommuQueue.Enable | IommuQueue.InterruptEnable | IommuQueue.On);
        control |= value & (IommuQueue.Enable | IommuQueue.InterruptEnable);
        queue.Control = control | ((value & IommuQueue.Enable) != 0 ? IommuQueue.On : 0);
    }

    private void UpdateCommandInterrupt()
    {
        if ((_commands.Control & IommuQueue.InterruptEnable) != 0 && (_commands.Control & CommandErrors) != 0)
        {
            _interrupts.Raise(IommuInterrupts.Command);
        }
    }

    private void UpdateFaultInterrupt()
    {
        if ((_faults.Control & IommuQueue.InterruptEnable) != 0 && (_faults.Control & FaultErrors) != 0)
        {
            _interrupts.Raise(IommuInterrupts.Fault);
        }
    }

    // What was translated before has gone where it went.
    private void WaitForRequests() => _requests.Drain();

    private void RunCommands()
    {
        Span<byte> command = stackalloc byte[CommandSize];
        while (_commands.IsOn && !_commands.IsEmpty && (_commands.Control & CommandStops) == 0)
        {
            if (!_commands.TryRead(_memory, command))
            {
                _commands.Control |= IommuQueue.MemoryFault;
                break;
            }

            uint error = Execute(BinaryPrimitives.ReadUInt64LittleEndian(command), BinaryPrimitives.ReadUInt64LittleEndian(command[8..]));
            if (error != 0)
            {
                _commands.Control |= error; // the head stays at the command
                break;
            }

            _commands.Head = (_commands.Head + 1) & _commands.Mask;
        }

        UpdateCommandInterrupt();
    }

    private uint Execute(ulong low, ulong high)
    {
        const ulong VirtualReserved = 0xF000_0FF8_0000_0800;
        const ulong ProcessValid = 1UL << 32;
        const ulong NonLeaf = 1UL << 34;
        switch (low & 0x3FF)
        {
            case 0x001: // IOTINVAL.VMA
                return Done((low & (VirtualReserved | NonLeaf)) == 0);
            case 0x081: // IOTINVAL.GVMA
                return Done((low & (VirtualReserved | NonLeaf | ProcessValid)) == 0);
            case 0x002:
                return Fence(low, high);
            case 0x003: // IODIR.INVAL_DDT
                return Done(true);
            case 0x083: // IODIR.INVAL_PDT
                const ulong DeviceValid = 1UL << 33;
                return Done((low & DeviceValid) != 0);
            default:
                return CommandIllegal; // those of ATS among others
        }
    }

    private uint Done(bool legal)
    {
        if (!legal)
        {
            return CommandIllegal;
        }

        WaitForRequests();
        return 0;
    }

    // IOFENCE.C
    private uint Fence(ulong low, ulong high)
    {
        const ulong AddressValid = 1 << 10;
        const ulong Wire = 1 << 11;
        if ((low & Wire) != 0 && !_interrupts.UsesWires)
        {
            return CommandIllegal;
        }

        WaitForRequests();
        if ((low & AddressValid) != 0)
        {
            Span<byte> data = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(data, (uint)(low >> 32));
            if (!_memory.TryWrite(high << 2, data))
            {
                return IommuQueue.MemoryFault;
            }
        }

        if ((low & Wire) != 0)
        {
            _commands.Control |= CommandFence;
        }

        return 0;
    }

    private void TranslateForDebugger()
    {
        const ulong Privileged = 1 << 1;
        const ulong Execute = 1 << 2;
        const ulong NoWrite = 1 << 3;
        const ulong ProcessValid = 1UL << 32;
        AccessType access = (_debugControl & Execute) != 0 ? AccessType.Execute : (_debugControl & NoWrite) != 0 ? AccessType.Read : AccessType.Write;
        IommuRequest request = new(
            (uint)(_debugControl >> 40),
            (_debugControl & ProcessValid) != 0 ? (uint)(_debugControl >> 12) & 0xF_FFFF : null,
            (_debugControl & Privileged) != 0,
            _debugAddress,
            access);
        IommuTranslation translation = _translator.Translate(_directory, request);
        _debugResponse = translation.IsOk ? (translation.Address >> 12) << 10 : 1;
        Report(request, translation);
        _debugControl &= ~1UL;
    }

    private static bool MayBeQuiet(IommuCause cause) =>
        cause is not (IommuCause.AllDisallowed or IommuCause.DirectoryAccessFault or IommuCause.DirectoryInvalid or IommuCause.DirectoryMisconfigured or IommuCause.MessageWriteFault);

    private void Record(in IommuRequest request, IommuCause cause, ulong value2, IommuTransaction transaction)
    {
        if (!_faults.IsOn || (_faults.Control & FaultErrors) != 0)
        {
            return;
        }

        if (_faults.IsFull)
        {
            _faults.Control |= FaultOverflow;
            UpdateFaultInterrupt();
            return;
        }

        const ulong ProcessValid = 1UL << 32;
        const ulong Privileged = 1UL << 33;
        Span<byte> record = stackalloc byte[FaultSize];
        record.Clear();
        ulong head = (ulong)cause | ((ulong)transaction << 34) | ((ulong)request.Device << 40);
        if (request.Process is uint process)
        {
            head |= ((ulong)process << 12) | ProcessValid | (request.Privileged ? Privileged : 0);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(record, head);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], request.Address);
        BinaryPrimitives.WriteUInt64LittleEndian(record[24..], value2);
        if (!_faults.TryWrite(_memory, record))
        {
            _faults.Control |= IommuQueue.MemoryFault;
            UpdateFaultInterrupt();
            return;
        }

        _faults.Tail = (_faults.Tail + 1) & _faults.Mask;
        if ((_faults.Control & IommuQueue.InterruptEnable) != 0)
        {
            _interrupts.Raise(IommuInterrupts.Fault);
        }
    }

    // Not while the request is under way: whoever waits for its end may hold the lock.
    private void Report(in IommuRequest request, in IommuTranslation translation)
    {
        bool faults = !translation.IsOk && !(translation.IsQuiet && MayBeQuiet(translation.Cause));
        bool overflow = _counters.TakeOverflow();
        if (!faults && !overflow)
        {
            return;
        }

        lock (_lock)
        {
            if (faults)
            {
                Record(request, translation.Cause, translation.Value2, request.Transaction);
            }

            if (overflow)
            {
                _interrupts.Raise(IommuInterrupts.Performance);
            }
        }
    }

    /// <summary>Requests through the IOMMU, page by page.</summary>
    private sealed class Translated(RiscvIommu iommu, IPcieUpstream next) : IPcieUpstream
    {
        private const int PageSize = 4096;

        public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination)
        {
            while (!destination.IsEmpty)
            {
                Span<byte> part = destination[..Part(address, destination.Length)];
                IommuRequest question = Question(request, address, AccessType.Read);
                IommuTranslation translation;
                bool done;
                using (iommu._requests.Begin())
                {
                    translation = iommu.Translate(question);
                    done = translation.IsOk && next.TryRead(request, translation.Address, part);
                }

                iommu.Report(question, translation);
                if (!done)
                {
                    return false;
                }

                destination = destination[part.Length..];
                address += (ulong)part.Length;
            }

            return true;
        }

        public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source)
        {
            while (!source.IsEmpty)
            {
                ReadOnlySpan<byte> part = source[..Part(address, source.Length)];
                IommuRequest question = Question(request, address, AccessType.Write);
                IommuTranslation translation;
                bool done;
                using (iommu._requests.Begin())
                {
                    translation = iommu.Translate(question);
                    done = translation.IsOk && next.TryWrite(request, translation.Address, part);
                }

                iommu.Report(question, translation);
                if (!done)
                {
                    return false;
                }

                source = source[part.Length..];
                address += (ulong)part.Length;
            }

            return true;
        }

        private static int Part(ulong address, int length) => Math.Min(length, PageSize - (int)(address % PageSize));

        private static IommuRequest Question(in PcieRequest request, ulong address, AccessType access) =>
            new(request.Requester.Value, null, false, address, access, request.AddressType);
    }

    private IommuTranslation Translate(in IommuRequest request)
    {
        _counters.Count(request.Type == PcieAddressType.Untranslated ? IommuEvent.UntranslatedRequest : IommuEvent.TranslatedRequest, request, null);
        ulong directory = Volatile.Read(ref _directory);
        if ((directory & 0xF) > IommuTranslator.ModeBare)
        {
            _counters.Count(IommuEvent.TlbMiss, request, null);
        }

        return _translator.Translate(directory, request);
    }
}
