using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Interrupts;

/// <summary>
/// The ACLINT's MSWI and MTIMER devices (RISC-V ACLINT specification 1.0, chapters 2 and 3) in one window laid out as the
/// SiFive CLINT: msip words at 0x0, mtimecmp doublewords at 0x4000, mtime at 0xBFF8. Accesses of 4 and 8 bytes, naturally
/// aligned; others are refused. Registers of harts that do not exist read as zero and ignore writes.
/// <para>
/// The timer's state is in the harts (<see cref="IHartTimer"/>), which compare against the clock themselves.
/// Lock order: this device's lock, then a hart's (through its msip line or timer).
/// </para>
/// </summary>
public sealed class Aclint : IBusDevice
{
    /// <summary>Size of the register window in bytes.</summary>
    public const ulong WindowSize = 0x10000;

    /// <summary>Most harts the layout has room for.</summary>
    public const int MaximumHarts = 4095;

    private const ulong MsipBase = 0x0;
    private const ulong MtimecmpBase = 0x4000;
    private const ulong Mtime = 0xBFF8;

    // Interrupt numbers of the hart-local controller: mcause codes of machine software and timer interrupts.
    private const uint MachineSoftwareInterrupt = 3;
    private const uint MachineTimerInterrupt = 7;

    private readonly Lock _lock = new();
    private readonly IClock _clock;
    private readonly IInterruptLine[] _msipLines;
    private readonly IHartTimer[] _timers;
    private readonly bool[] _msip;
    private readonly ulong[] _mtimecmp;
    private ulong _mtimeOffset;

    /// <summary>Makes the device, with all msip clear and each mtimecmp as its hart's timer has it.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="clock">Source of mtime.</param>
    /// <param name="msip">MSIP of each hart.</param>
    /// <param name="timers">Timer of each hart, in the same order. The device is their only writer.</param>
    /// <exception cref="ArgumentException">The lists differ in length, or name too many harts.</exception>
    public Aclint(string name, IClock clock, IReadOnlyList<IInterruptLine> msip, IReadOnlyList<IHartTimer> timers)
    {
        ArgumentNullException.ThrowIfNull(msip);
        ArgumentNullException.ThrowIfNull(timers);
        if (msip.Count != timers.Count || msip.Count > MaximumHarts)
        {
            throw new ArgumentException($"{msip.Count} msip lines and {timers.Count} timers given; they must be equal, at most {MaximumHarts}.", nameof(msip));
        }

        Name = name;
        _clock = clock;
        _msipLines = [.. msip];
        _timers = [.. timers];
        _msip = new bool[_msipLines.Length];
        _mtimecmp = new ulong[_timers.Length];
        for (int i = 0; i < _timers.Length; i++)
        {
            _mtimecmp[i] = _timers[i].Compare;
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>
    /// What the guest's writes to mtime have added to the clock, modulo 2^64; 0 until it writes. mtimecmp is compared to
    /// mtime with the offset, but harts' time CSR shows the clock unless the machine adds this.
    /// </summary>
    public ulong MtimeOffset
    {
        get
        {
            lock (_lock)
            {
                return _mtimeOffset;
            }
        }
    }

    /// <inheritdoc/>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (!IsAccess(offset, size))
        {
            return false;
        }

        lock (_lock)
        {
            // Both widths are views of the aligned doubleword, as the bus of a real CLINT has it.
            ulong doubleword = ReadDoubleword(offset & ~7UL);
            value = size == 8 ? doubleword : (uint)(doubleword >> Shift(offset));
        }

        return true;
    }

    /// <inheritdoc/>
    /// <remarks>A write to mtime moves this device's time only, see <see cref="MtimeOffset"/>.</remarks>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        if (!IsAccess(offset, size))
        {
            return false;
        }

        lock (_lock)
        {
            if (offset < MtimecmpBase)
            {
                WriteMsip((offset - MsipBase) / 4, value);
                if (size == 8)
                {
                    WriteMsip(((offset - MsipBase) / 4) + 1, value >> 32);
                }

                return true;
            }

            ulong doubleword = offset & ~7UL;
            if (size == 4)
            {
                int shift = Shift(offset);
                value = (ReadDoubleword(doubleword) & ~(0xFFFF_FFFFUL << shift)) | ((ulong)(uint)value << shift);
            }

            if (doubleword == Mtime)
            {
                _mtimeOffset = value - _clock.Ticks;
                for (int i = 0; i < _timers.Length; i++)
                {
                    SetTimer(i);
                }
            }
            else if (doubleword < Mtime && (doubleword - MtimecmpBase) / 8 is ulong hart && hart < (ulong)_timers.Length)
            {
                _mtimecmp[hart] = value;
                SetTimer((int)hart);
            }
        }

        return true;
    }

    /// <summary>Back to the state after power-on: msip clear, mtime the clock's, mtimecmp never reached.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _mtimeOffset = 0;
            for (int i = 0; i < _timers.Length; i++)
            {
                WriteMsip((ulong)i, 0);
                _mtimecmp[i] = ulong.MaxValue;
                SetTimer(i);
            }
        }
    }

    /// <summary>Adds the device's node to its bus.</summary>
    /// <param name="bus">The bus node, with two address and two size cells.</param>
    /// <param name="baseAddress">Guest-physical address of the window.</param>
    /// <param name="hartInterruptControllers">Phandles of the harts' <c>riscv,cpu-intc</c> nodes, in hart order.</param>
    public static DeviceTreeNode Describe(DeviceTreeNode bus, ulong baseAddress, params ReadOnlySpan<uint> hartInterruptControllers)
    {
        ArgumentNullException.ThrowIfNull(bus);
        uint[] interrupts = new uint[hartInterruptControllers.Length * 4];
        for (int i = 0; i < hartInterruptControllers.Length; i++)
        {
            interrupts[i * 4] = interrupts[(i * 4) + 2] = hartInterruptControllers[i];
            interrupts[(i * 4) + 1] = MachineSoftwareInterrupt;
            interrupts[(i * 4) + 3] = MachineTimerInterrupt;
        }

        return bus.AddChild($"clint@{baseAddress:x}")
            .Set("compatible", "sifive,clint0", "riscv,clint0")
            .SetPairs("reg", baseAddress, WindowSize)
            .SetCells("interrupts-extended", interrupts);
    }

    private static bool IsAccess(ulong offset, int size) => size is 4 or 8 && offset % (ulong)size == 0 && offset < WindowSize;

    private static int Shift(ulong offset) => (offset & 4) != 0 ? 32 : 0;

    private ulong ReadDoubleword(ulong offset)
    {
        if (offset < MtimecmpBase)
        {
            ulong hart = (offset - MsipBase) / 4;
            return ReadMsip(hart) | (ReadMsip(hart + 1) << 32);
        }

        if (offset == Mtime)
        {
            return _clock.Ticks + _mtimeOffset;
        }

        ulong index = (offset - MtimecmpBase) / 8;
        return index < (ulong)_mtimecmp.Length ? _mtimecmp[index] : 0;
    }

    private ulong ReadMsip(ulong hart) => hart < (ulong)_msip.Length && _msip[hart] ? 1u : 0;

    private void WriteMsip(ulong hart, ulong value)
    {
        if (hart < (ulong)_msip.Length)
        {
            _msip[hart] = (value & 1) != 0;
            _msipLines[hart].Set(_msip[hart]);
        }
    }

    /// <summary>Translates mtimecmp to the clock the hart compares with.</summary>
    private void SetTimer(int hart)
    {
        ulong compare = _mtimecmp[hart];
        if (_mtimeOffset != 0)
        {
            // With an offset the two may wrap at different times: what counts is how far mtime is from mtimecmp now.
            ulong ticks = _clock.Ticks;
            ulong mtime = ticks + _mtimeOffset;
            ulong wait = compare - mtime;
            compare = compare <= mtime ? 0 : wait > ulong.MaxValue - ticks ? ulong.MaxValue : ticks + wait;
        }

        _timers[hart].Compare = compare;
    }
}
