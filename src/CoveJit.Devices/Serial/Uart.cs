using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Serial;

/// <summary>
/// A National Semiconductor NS16550A serial port, register shift 0. A register is chosen by the offset alone and is one byte:
/// wider accesses touch that byte and read zero above it, as on QEMU's virt board. Offsets from 8 on are refused.
/// <para>
/// Characters take no time: what is written to THR has left at once, and the character timeout (four idle character times)
/// has always passed, so received data below the trigger level is signalled as a timeout immediately. Hence what the guest
/// sees depends on its accesses and on when <see cref="Receive"/> is called, on nothing else. Baud rate and word length are
/// kept but change nothing. Modem inputs are those of a connected, ready peer: CTS, DSR and DCD on, RI off.
/// </para>
/// <para>
/// Input waits in a queue of <see cref="InputQueueSize"/> bytes and moves up as the guest makes room, so the receiver overruns
/// in loopback only. A guest that resets its receive FIFO loses what is in the FIFO, not what waits behind it.
/// Lock order: this device's lock, then the interrupt line's or the backend's.
/// </para>
/// </summary>
public sealed class Uart : IBusDevice
{
    /// <summary>Size of the register window in bytes that the device tree names; registers are in its first 8.</summary>
    public const ulong WindowSize = 0x100;

    /// <summary>Depth of the receive FIFO in bytes.</summary>
    public const int FifoSize = 16;

    /// <summary>Bytes of input that can wait behind the FIFO.</summary>
    public const int InputQueueSize = 64 * 1024;

    /// <summary>Input clock in hertz, as on QEMU's virt board.</summary>
    public const uint ClockFrequency = 3_686_400;

    // Register offsets; where two share one, the second is the write side. DLL and DLM take 0 and 1 while LCR.DLAB is set.
    private const ulong RbrThr = 0;
    private const ulong Ier = 1;
    private const ulong IirFcr = 2;
    private const ulong Lcr = 3;
    private const ulong Mcr = 4;
    private const ulong Lsr = 5;
    private const ulong Msr = 6;
    private const ulong Scr = 7;

    private const byte IerErbfi = 0x01;
    private const byte IerEtbei = 0x02;
    private const byte IerElsi = 0x04;
    private const byte IerEdssi = 0x08;
    private const byte IerMask = 0x0F;

    private const byte IirModemStatus = 0x00;
    private const byte IirNone = 0x01;
    private const byte IirThrEmpty = 0x02;
    private const byte IirDataAvailable = 0x04;
    private const byte IirLineStatus = 0x06;
    private const byte IirCharacterTimeout = 0x0C;
    private const byte IirFifosEnabled = 0xC0;

    private const byte FcrEnable = 0x01;
    private const byte FcrResetReceiver = 0x02;

    private const byte LcrDlab = 0x80;

    private const byte McrDtr = 0x01;
    private const byte McrRts = 0x02;
    private const byte McrOut1 = 0x04;
    private const byte McrOut2 = 0x08;
    private const byte McrLoop = 0x10;
    private const byte McrMask = 0x1F;

    private const byte LsrDr = 0x01;
    private const byte LsrOe = 0x02;
    private const byte LsrThre = 0x20;
    private const byte LsrTemt = 0x40;

    private const byte MsrDcts = 0x01;
    private const byte MsrDdsr = 0x02;
    private const byte MsrTeri = 0x04;
    private const byte MsrDdcd = 0x08;
    private const byte MsrCts = 0x10;
    private const byte MsrDsr = 0x20;
    private const byte MsrRi = 0x40;
    private const byte MsrDcd = 0x80;
    private const byte MsrConnected = MsrCts | MsrDsr | MsrDcd;

    private readonly Lock _lock = new();
    private readonly IInterruptLine _line;
    private readonly ICharacterBackend _backend;
    private readonly ByteRing _fifo = new(FifoSize);
    private readonly ByteRing _input = new(InputQueueSize);
    private byte _ier;
    private byte _lcr;
    private byte _mcr;
    private byte _scr;
    private byte _dll;
    private byte _dlm;
    private bool _fifosEnabled;
    private int _triggerLevel;
    private bool _overrun;
    private bool _thrEmptyPending;
    private byte _modemDeltas;
    private bool _driven;

    /// <summary>Makes the port in its state after master reset.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="line">The device's interrupt.</param>
    /// <param name="backend">Where output goes.</param>
    public Uart(string name, IInterruptLine line, ICharacterBackend backend)
    {
        Name = name;
        _line = line;
        _backend = backend;
        ResetRegisters();
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Bytes <see cref="Receive"/> would accept now.</summary>
    public int InputRoom
    {
        get
        {
            lock (_lock)
            {
                return InputQueueSize - _input.Count;
            }
        }
    }

    private int ReceiverDepth => _fifosEnabled ? FifoSize : 1;

    private bool Loopback => (_mcr & McrLoop) != 0;

    /// <summary>
    /// Queues input for the guest. Thread-safe; under <c>--icount</c> the caller must call at instants that virtual time
    /// determines, or the run is not reproducible.
    /// </summary>
    /// <returns>How many bytes were accepted: fewer than given once the queue is full. The rest is the caller's to offer again.</returns>
    public int Receive(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            int accepted = _input.Push(bytes);
            FillReceiver();
            DriveLine();
            return accepted;
        }
    }

    /// <summary>
    /// Takes received bytes past the registers, oldest first: for firmware that serves the same console. Thread-safe. What the guest holds
    /// in loopback is not input and stays.
    /// </summary>
    /// <returns>How many bytes were taken.</returns>
    public int Take(Span<byte> destination)
    {
        lock (_lock)
        {
            int taken = 0;
            while (taken < destination.Length && (_input.Count > 0 || (!Loopback && _fifo.Count > 0)))
            {
                destination[taken++] = !Loopback && _fifo.Count > 0 ? _fifo.Pop() : _input.Pop();
            }

            FillReceiver();
            DriveLine();
            return taken;
        }
    }

    /// <inheritdoc/>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (offset > Scr)
        {
            return false;
        }

        lock (_lock)
        {
            value = ReadRegister(offset);
            DriveLine();
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        if (offset > Scr)
        {
            return false;
        }

        lock (_lock)
        {
            WriteRegister(offset, (byte)value);
            DriveLine();
        }

        return true;
    }

    /// <summary>Master reset. Input still waiting in the queue is kept for the guest that starts next.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            ResetRegisters();
            FillReceiver();
            DriveLine();
        }
    }

    /// <summary>Adds the device's node to its bus.</summary>
    /// <param name="bus">The bus node, with two address and two size cells.</param>
    /// <param name="baseAddress">Guest-physical address of the window.</param>
    /// <param name="interruptParent">Phandle of the interrupt controller.</param>
    /// <param name="interrupt">Interrupt specifier, in the parent's cells.</param>
    public static DeviceTreeNode Describe(DeviceTreeNode bus, ulong baseAddress, uint interruptParent, params ReadOnlySpan<uint> interrupt)
    {
        ArgumentNullException.ThrowIfNull(bus);
        return bus.AddChild($"serial@{baseAddress:x}")
            .Set("compatible", "ns16550a")
            .SetPairs("reg", baseAddress, WindowSize)
            .SetCells("clock-frequency", ClockFrequency)
            .SetCells("interrupt-parent", interruptParent)
            .SetCells("interrupts", interrupt);
    }

    private byte ReadRegister(ulong offset)
    {
        switch (offset)
        {
            case RbrThr when (_lcr & LcrDlab) != 0:
                return _dll;
            case RbrThr:
                byte received = _fifo.Pop();
                FillReceiver();
                return received;
            case Ier when (_lcr & LcrDlab) != 0:
                return _dlm;
            case Ier:
                return _ier;
            case IirFcr:
                byte cause = InterruptCause();
                if (cause == IirThrEmpty)
                {
                    _thrEmptyPending = false;
                }

                return (byte)(cause | (_fifosEnabled ? IirFifosEnabled : 0));
            case Lcr:
                return _lcr;
            case Mcr:
                return _mcr;
            case Lsr:
                byte status = (byte)(LsrThre | LsrTemt | (_fifo.Count > 0 ? LsrDr : 0) | (_overrun ? LsrOe : 0));
                _overrun = false;
                return status;
            case Msr:
                byte modem = (byte)(ModemLines() | _modemDeltas);
                _modemDeltas = 0;
                return modem;
            default:
                return _scr;
        }
    }

    private void WriteRegister(ulong offset, byte value)
    {
        switch (offset)
        {
            case RbrThr when (_lcr & LcrDlab) != 0:
                _dll = value;
                break;
            case RbrThr:
                Transmit(value);
                break;
            case Ier when (_lcr & LcrDlab) != 0:
                _dlm = value;
                break;
            case Ier:
                // THR is always empty here, and enabling its interrupt while it is empty raises it: drivers count on that.
                if (((_ier ^ value) & IerEtbei) != 0)
                {
                    _thrEmptyPending = (value & IerEtbei) != 0;
                }

                _ier = (byte)(value & IerMask);
                break;
            case IirFcr:
                WriteFcr(value);
                break;
            case Lcr:
                _lcr = value;
                break;
            case Mcr:
                byte before = ModemLines();
                _mcr = (byte)(value & McrMask);
                NoteModemChange(before, ModemLines());
                FillReceiver();
                break;
            case Scr:
                _scr = value;
                break;
        }
    }

    private void WriteFcr(byte value)
    {
        bool enable = (value & FcrEnable) != 0;
        if (enable != _fifosEnabled || (enable && (value & FcrResetReceiver) != 0))
        {
            _fifo.Clear();
        }

        _fifosEnabled = enable;
        // The other bits count only if written together with the enable bit.
        if (enable)
        {
            _triggerLevel = (value >> 6) switch { 0 => 1, 1 => 4, 2 => 8, _ => 14 };
        }

        FillReceiver();
    }

    private void Transmit(byte value)
    {
        if (!Loopback)
        {
            _backend.Write(new ReadOnlySpan<byte>(in value));
        }
        else if (_fifo.Count < ReceiverDepth)
        {
            _fifo.Push([value]);
        }
        else
        {
            // A full FIFO keeps what it has; the single register of the 16450 mode is overwritten.
            _overrun = true;
            if (!_fifosEnabled)
            {
                _fifo.Clear();
                _fifo.Push([value]);
            }
        }

        _thrEmptyPending = true;
    }

    /// <summary>Moves waiting input up while there is room. In loopback the receiver is cut off from the line.</summary>
    private void FillReceiver()
    {
        while (!Loopback && _input.Count > 0 && _fifo.Count < ReceiverDepth)
        {
            _fifo.Push([_input.Pop()]);
        }
    }

    private byte ModemLines()
    {
        if (!Loopback)
        {
            return MsrConnected;
        }

        return (byte)(((_mcr & McrRts) != 0 ? MsrCts : 0) | ((_mcr & McrDtr) != 0 ? MsrDsr : 0)
            | ((_mcr & McrOut1) != 0 ? MsrRi : 0) | ((_mcr & McrOut2) != 0 ? MsrDcd : 0));
    }

    private void NoteModemChange(byte before, byte after)
    {
        int changed = before ^ after;
        // RI is the exception: only its trailing edge counts.
        _modemDeltas |= (byte)(((changed & MsrCts) != 0 ? MsrDcts : 0) | ((changed & MsrDsr) != 0 ? MsrDdsr : 0)
            | ((changed & before & MsrRi) != 0 ? MsrTeri : 0) | ((changed & MsrDcd) != 0 ? MsrDdcd : 0));
    }

    /// <summary>The pending enabled interrupt of highest priority, as IIR shows it.</summary>
    private byte InterruptCause()
    {
        if ((_ier & IerElsi) != 0 && _overrun)
        {
            return IirLineStatus;
        }

        if ((_ier & IerErbfi) != 0 && _fifo.Count > 0)
        {
            return !_fifosEnabled || _fifo.Count >= _triggerLevel ? IirDataAvailable : IirCharacterTimeout;
        }

        if ((_ier & IerEtbei) != 0 && _thrEmptyPending)
        {
            return IirThrEmpty;
        }

        return (_ier & IerEdssi) != 0 && _modemDeltas != 0 ? IirModemStatus : IirNone;
    }

    private void DriveLine()
    {
        bool level = InterruptCause() != IirNone;
        if (level != _driven)
        {
            _driven = level;
            _line.Set(level);
        }
    }

    private void ResetRegisters()
    {
        _ier = 0;
        _lcr = 0;
        _mcr = 0;
        _scr = 0;
        // 9600 baud from the input clock; the data sheet leaves the divisor undefined.
        _dll = (byte)(ClockFrequency / 16 / 9600);
        _dlm = 0;
        _fifosEnabled = false;
        _triggerLevel = 1;
        _overrun = false;
        _thrEmptyPending = false;
        _modemDeltas = 0;
        _fifo.Clear();
    }
}
