using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Interrupts;

/// <summary>
/// The advanced platform-level interrupt controller (AIA 1.0, "Advanced Platform-Level Interrupt Controller"): wired sources, a root domain at machine
/// level and its child at supervisor level. Both domains either interrupt harts directly, or turn interrupts into messages to the harts' interrupt
/// files; the choice is made with the machine, so domaincfg.DM is read-only. Hart index numbers are mhartids. Little-endian only.
/// <para>
/// Wires are driven and messages are sent with the lock held, so that they arrive in the order they were worked out.
/// Lock order: a device's lock, then this one, then a hart's.
/// </para>
/// </summary>
public sealed class Aplic
{
    /// <summary>Interrupt sources of the virt board: 1 to 95.</summary>
    public const int DefaultSources = 95;

    /// <summary>Most sources the layout has room for.</summary>
    public const int MaximumSources = 1023;

    private readonly uint[] _wires;
    private readonly SourceLine[] _sources;

    /// <summary>Makes an APLIC that interrupts harts directly.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="machineExternal">MEIP of each hart.</param>
    /// <param name="supervisorExternal">SEIP of each hart, in the same order.</param>
    /// <param name="sources">Number of the highest interrupt source.</param>
    public Aplic(string name, IReadOnlyList<IInterruptLine> machineExternal, IReadOnlyList<IInterruptLine> supervisorExternal, int sources = DefaultSources)
        : this(sources)
    {
        ArgumentNullException.ThrowIfNull(machineExternal);
        ArgumentNullException.ThrowIfNull(supervisorExternal);
        Root = new AplicDomain(this, $"{name}_m", InterruptLevel.Machine, machineExternal);
        Supervisor = new AplicDomain(this, $"{name}_s", InterruptLevel.Supervisor, supervisorExternal);
    }

    /// <summary>Makes an APLIC that forwards interrupts as messages.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="port">The way to the interrupt files.</param>
    /// <param name="guestFiles">Guest interrupt files of each hart: what the guest index of a supervisor-level target can name.</param>
    /// <param name="sources">Number of the highest interrupt source.</param>
    public Aplic(string name, IMessagePort port, int guestFiles = 0, int sources = DefaultSources)
        : this(sources)
    {
        ArgumentNullException.ThrowIfNull(port);
        Root = new AplicDomain(this, $"{name}_m", InterruptLevel.Machine, port, 0);
        Supervisor = new AplicDomain(this, $"{name}_s", InterruptLevel.Supervisor, port, guestFiles);
    }

    private Aplic(int sources)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sources, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sources, MaximumSources);
        Sources = sources;
        _wires = new uint[(sources / 32) + 1];
        _sources = [.. Enumerable.Range(0, sources + 1).Select(number => new SourceLine(this, number))];
        Root = Supervisor = null!; // the public constructors make them
    }

    /// <summary>Number of the highest interrupt source.</summary>
    public int Sources { get; }

    /// <summary>The root domain, at machine level.</summary>
    public AplicDomain Root { get; }

    /// <summary>The root's only child, with index 0, at supervisor level.</summary>
    public AplicDomain Supervisor { get; }

    /// <summary>Guards the wires and both domains.</summary>
    internal Lock Lock { get; } = new();

    /// <summary>Where interrupt files are, for both domains.</summary>
    internal AplicMessageAddresses Addresses { get; } = new();

    /// <summary>The incoming wire of a source.</summary>
    /// <param name="number">1 to <see cref="Sources"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such source.</exception>
    public IInterruptLine Source(int number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, Sources);
        return _sources[number];
    }

    /// <summary>Back to the state after power-on. Wires keep the levels devices drive.</summary>
    public void Reset()
    {
        lock (Lock)
        {
            Addresses.Reset();
            Supervisor.Reset();
            Root.Reset();
        }
    }

    /// <summary>The level of a source's wire.</summary>
    internal bool Wire(int source) => (_wires[source / 32] & (1u << (source % 32))) != 0;

    private void SetWire(int source, bool level)
    {
        lock (Lock)
        {
            if (Wire(source) != level)
            {
                _wires[source / 32] ^= 1u << (source % 32);
                (Root.Delegates(source) ? Supervisor : Root).WireChanged(source);
            }
        }
    }

    private sealed class SourceLine(Aplic aplic, int number) : IInterruptLine
    {
        public void Set(bool level) => aplic.SetWire(number, level);
    }
}
