using System.Buffers.Binary;

namespace CoveJit.Devices.Pcie;

/// <summary>What a function says it is: the identification registers of its header.</summary>
/// <param name="Device">Device ID, among those of <see cref="CoveJitVendor"/> unless another vendor is given.</param>
/// <param name="Class">Class code: base class in bits 23:16, subclass in 15:8, programming interface in 7:0.</param>
/// <param name="Vendor">Vendor ID.</param>
/// <param name="Subsystem">Subsystem ID.</param>
/// <param name="Revision">Revision ID.</param>
public readonly record struct FunctionIdentity(ushort Device, uint Class, ushort Vendor = FunctionIdentity.CoveJitVendor, ushort Subsystem = 0, byte Revision = 1)
{
    /// <summary>Vendor ID of functions that are nobody else's. PCI-SIG has not assigned it to anybody that we know of; it is not registered.</summary>
    public const ushort CoveJitVendor = 0x434A;
}

/// <summary>
/// A function: configuration space with its header, base address registers, interrupts by wire or by message, function-level reset. A concrete
/// function declares its registers and capabilities in its constructor and answers accesses to its memory. Its gate guards all of it and is held whenever a
/// method of a derived class is called from here; a thread of the function's own takes it first.
/// </summary>
public abstract class PcieFunction
{
    private const uint CommandMemory = 1 << 1;
    private const uint CommandBusMaster = 1 << 2;
    private const uint CommandParityResponse = 1 << 6;
    private const uint CommandSystemError = 1 << 8;
    private const uint CommandInterruptDisable = 1 << 10;
    private const uint StatusInterrupt = 1 << 3;
    private const uint StatusCapabilities = 1 << 4;
    private const uint StatusErrors = 0xF900;
    private const byte MultipleFunctions = 0x80;
    private const uint DeviceStatusErrors = 0xF;
    private const uint FatalErrorDetected = 1 << 2;

    private readonly ConfigurationRegister _command;
    private readonly ConfigurationRegister _status;
    private readonly List<BaseAddress> _bars = [];
    private readonly int _pin;
    private ConfigurationRegister? _deviceStatus;
    private bool _wantsInterrupt;
    private bool _drivesInterrupt;

    /// <summary>Declares the part of the header that all functions have.</summary>
    /// <param name="name">Name for errors, traces and statistics.</param>
    /// <param name="identity">What the function says it is.</param>
    /// <param name="interruptPin">Pin of its wired interrupt, 1 (INTA) to 4; 0 for none.</param>
    /// <param name="headerType">Layout of the header: 0, or 1 for bridges.</param>
    /// <param name="gate">A lock that guards more than this function; null for one of its own.</param>
    protected PcieFunction(string name, FunctionIdentity identity, int interruptPin = 0, byte headerType = 0, Lock? gate = null)
    {
        Name = name;
        Gate = gate ?? new Lock();
        Dma = new BusMasterPort(this);
        _pin = interruptPin;
        Configuration.Add(0x00, 2, identity.Vendor);
        Configuration.Add(0x02, 2, identity.Device);
        _command = Configuration.Add(
            0x04, 2, writable: CommandMemory | CommandBusMaster | CommandParityResponse | CommandSystemError | CommandInterruptDisable, written: _ => DriveInterrupt());
        _status = Configuration.Add(0x06, 2, StatusCapabilities, clearable: StatusErrors, read: () => _status!.Value | (_wantsInterrupt ? StatusInterrupt : 0));
        Configuration.Add(0x08, 4, identity.Revision | (identity.Class << 8));
        Configuration.Add(0x0C, 1, writable: 0xFF); // cache line size: kept, without effect
        Configuration.Add(0x0E, 1, headerType, read: () => headerType | (Bus?.HasSiblings(this) == true ? MultipleFunctions : 0u));
        if (headerType == 0)
        {
            Configuration.Add(0x2C, 2, identity.Vendor);
            Configuration.Add(0x2E, 2, identity.Subsystem);
        }

        Configuration.Add(0x3C, 1, writable: 0xFF); // interrupt line: kept for software
        Configuration.Add(0x3D, 1, (uint)interruptPin);
    }

    /// <summary>Name for errors, traces and statistics.</summary>
    public string Name { get; }

    /// <summary>Guards the function.</summary>
    public Lock Gate { get; }

    /// <summary>The function's configuration space.</summary>
    public ConfigurationSpace Configuration { get; } = new();

    /// <summary>The function's way to memory. It works without the gate.</summary>
    public BusMasterPort Dma { get; }

    /// <summary>The bus the function is on, or null.</summary>
    public PcieBus? Bus { get; internal set; }

    /// <summary>Device and function number on its bus, as in the low byte of a <see cref="RequesterId"/>.</summary>
    public byte DeviceFunction { get; internal set; }

    /// <summary>Who the function is in requests: follows the bus number that software gave to the bridge above it.</summary>
    public RequesterId RequesterId => new((ushort)(((Bus?.Number ?? 0) << 8) | DeviceFunction));

    /// <summary>Bus Master Enable.</summary>
    public bool IsBusMaster => _command.Has(CommandBusMaster);

    /// <summary>Memory Space Enable.</summary>
    public bool DecodesMemory => _command.Has(CommandMemory);

    /// <summary>What guards the function as a TEE device interface, or null.</summary>
    public IFunctionGuard? Guard { get; set; }

    /// <summary>What the base address registers decode: index, address, size.</summary>
    internal IEnumerable<(int Index, ulong Address, ulong Size)> MemoryRanges => _bars.Select(bar => (bar.Index, bar.Address, bar.Size));

    /// <summary>Message Control of MSI-X; 0 without.</summary>
    internal ushort MessageControl => Msix?.MessageControl ?? 0;

    /// <summary>The function's MSI-X capability, or null.</summary>
    protected MsixCapability? Msix { get; private set; }

    /// <summary>The function's MSI capability, or null.</summary>
    protected MsiCapability? Msi { get; private set; }

    /// <summary>Reads configuration space.</summary>
    public uint ReadConfiguration(int offset, int size)
    {
        lock (Gate)
        {
            return Configuration.Read(offset, size);
        }
    }

    /// <summary>Writes configuration space.</summary>
    public void WriteConfiguration(int offset, int size, uint value)
    {
        lock (Gate)
        {
            Configuration.Write(offset, size, value);
            Guard?.OnWritten();
        }
    }

    /// <summary>Puts the function in the state after a reset: configuration space, interrupts, and what the concrete function has.</summary>
    public void Reset()
    {
        lock (Gate)
        {
            Configuration.Reset();
            Msix?.Reset();
            OnReset();
            _wantsInterrupt = false;
            DriveInterrupt();
            Guard?.OnReset();
        }
    }

    /// <summary>Sets Fatal Error Detected of Device Status, which software clears. The gate is held.</summary>
    internal void ReportFatalError() => _deviceStatus?.Change(FatalErrorDetected, 0);

    /// <summary>Declares Device Status, of the PCI Express capability.</summary>
    internal void DeclareStatus(int offset) => _deviceStatus = Configuration.Add(offset, 2, clearable: DeviceStatusErrors, read: () =>
    {
        Guard?.OnStatusRead();
        return _deviceStatus!.Value;
    });

    /// <summary>Reads memory that the function decodes; false if the address is not its own.</summary>
    /// <param name="address">Address.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="trusted">Whether the request has the T bit: only a TEE device interface in RUN takes those.</param>
    /// <param name="value">The value.</param>
    public virtual bool TryReadMemory(ulong address, int size, bool trusted, out ulong value)
    {
        value = 0;
        if (DecodesMemory)
        {
            foreach (BaseAddress bar in _bars)
            {
                if (bar.Contains(address, size, out ulong offset))
                {
                    lock (Gate)
                    {
                        value = !Answers(trusted) ? ulong.MaxValue >> (64 - (8 * size))
                            : Msix is not null && Msix.Owns(bar.Index, offset) ? Msix.Read(offset, size) : ReadBar(bar.Index, offset, size);
                    }

                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Writes memory that the function decodes; false if the address is not its own. Parameters as <see cref="TryReadMemory"/>.</summary>
    public virtual bool TryWriteMemory(ulong address, int size, bool trusted, ulong value)
    {
        if (DecodesMemory)
        {
            foreach (BaseAddress bar in _bars)
            {
                if (bar.Contains(address, size, out ulong offset))
                {
                    lock (Gate)
                    {
                        if (!Answers(trusted))
                        {
                            return true;
                        }

                        if (Msix is not null && Msix.Owns(bar.Index, offset))
                        {
                            Msix.Write(offset, size, value);
                            Guard?.OnWritten();
                        }
                        else
                        {
                            WriteBar(bar.Index, offset, size, value);
                        }
                    }

                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>What a locked device interface depends on: Memory Space Enable, Bus Master Enable, base addresses, and what interrupt messages are.</summary>
    /// <param name="messages">Whether interrupt messages are part of it.</param>
    internal byte[] LockedState(bool messages) =>
    [
        (byte)(_command.Value & (CommandMemory | CommandBusMaster)),
        .. _bars.SelectMany(bar => BitConverter.GetBytes(bar.Address)),
        .. messages ? Msix?.LockedState ?? [] : [],
        .. messages ? Msi?.LockedState ?? [] : [],
    ];

    /// <summary>Which page of MSI-X's a place is in: 0 the table's, 1 the pending bits', null if it is another.</summary>
    internal int? MessagePage(int bar, ulong offset) => Msix is null || !Msix.Owns(bar, offset) ? null : Msix.PageOf(offset);

    /// <summary>Forgets all state of the device, but not configuration space. The gate is held.</summary>
    internal void Scrub()
    {
        OnReset();
        SetInterrupt(false);
    }

    /// <summary>Declares a 64-bit base address register, which takes two of the header's six places.</summary>
    /// <param name="index">Its place, 0 to 4.</param>
    /// <param name="size">Size of the range in bytes, a power of two.</param>
    /// <param name="prefetchable">Whether reads have no side effects.</param>
    protected void AddBar(int index, ulong size, bool prefetchable = false) => _bars.Add(new BaseAddress(Configuration, index, size, prefetchable));

    /// <summary>Declares the function's MSI-X capability.</summary>
    protected MsixCapability Add(MsixCapability capability)
    {
        capability.Attach(this);
        return Msix = capability;
    }

    /// <summary>Declares the function's MSI capability.</summary>
    protected MsiCapability Add(MsiCapability capability)
    {
        capability.Attach(this);
        return Msi = capability;
    }

    /// <summary>Declares a capability.</summary>
    protected T Add<T>(T capability)
        where T : IPcieCapability
    {
        capability.Attach(this);
        return capability;
    }

    /// <summary>Reads a register; of a base address register's range, but for MSI-X's.</summary>
    /// <param name="bar">Index of the base address register.</param>
    /// <param name="offset">Offset in its range.</param>
    /// <param name="size">1, 2, 4 or 8 bytes, naturally aligned and inside the range.</param>
    protected virtual ulong ReadBar(int bar, ulong offset, int size) => 0;

    /// <summary>Writes a register; parameters as <see cref="ReadBar"/>.</summary>
    protected virtual void WriteBar(int bar, ulong offset, int size, ulong value)
    {
    }

    /// <summary>Resets what the concrete function has; configuration space has been reset.</summary>
    protected virtual void OnReset()
    {
    }

    /// <summary>Sends an interrupt message, if software has enabled messages. The gate is held.</summary>
    /// <param name="vector">Number of the message.</param>
    /// <returns>False if the function is to use its wire.</returns>
    protected bool TrySignalMessage(int vector)
    {
        if (Msix is { IsEnabled: true })
        {
            Msix.Signal(vector);
            return true;
        }

        if (Msi is { IsEnabled: true })
        {
            Msi.Signal(vector);
            return true;
        }

        return false;
    }

    /// <summary>Sets whether the function asks for service by wire; the wire rests while messages are enabled. The gate is held.</summary>
    protected void SetInterrupt(bool level)
    {
        _wantsInterrupt = level;
        DriveInterrupt();
    }

    /// <summary>Whether an access with or without the T bit reaches the function's memory; accesses by configuration space have none.</summary>
    protected bool Answers(bool trusted) => Guard is { } guard ? guard.AnswersMemory(trusted) : !trusted;

    /// <summary>Drives the wire anew after something has changed that decides about it. The gate is held.</summary>
    internal void DriveInterrupt()
    {
        bool level = _pin != 0 && _wantsInterrupt && !_command.Has(CommandInterruptDisable) && Msix is not { IsEnabled: true } && Msi is not { IsEnabled: true };
        if (level != _drivesInterrupt && Bus is { } bus)
        {
            _drivesInterrupt = level;
            bus.SetInterrupt(DeviceFunction >> 3, _pin, level);
        }
    }

    /// <summary>A message: a write of 4 bytes.</summary>
    internal void SendMessage(ulong address, uint data)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, data);
        Dma.TryWrite(address, bytes);
    }
}
