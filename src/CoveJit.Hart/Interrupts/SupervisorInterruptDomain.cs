using CoveJit.Harts.State;
using CoveJit.Memory.Bus;

namespace CoveJit.Harts.Interrupts;

/// <summary>
/// A supervisor interrupt domain of a hart (Supervisor Domains Access Protection 0.9, "Smsdia"): the external interrupt of supervisor level and those of
/// guests, with their interrupt files if the hart has an IMSIC. msdcfg.SIDN selects the one that S-mode sees. Wires are thread-safe; all else is for the
/// hart's own thread.
/// </summary>
public sealed class SupervisorInterruptDomain
{
    private readonly Hart _hart;
    private ulong _guestExternal;
    private int _external;

    internal SupervisorInterruptDomain(Hart hart, int guestFiles)
    {
        _hart = hart;
        HartConfiguration configuration = hart.Configuration;
        SupervisorFile = configuration.HasImsic ? new InterruptFile(configuration.InterruptIdentities, new ExternalLine(this)) : null;
        GuestFiles = [.. Enumerable.Range(1, guestFiles).Select(number => new InterruptFile(configuration.InterruptIdentities, GuestExternalLine(number)))];
    }

    /// <summary>The supervisor-level interrupt file, or null if the hart has no IMSIC.</summary>
    public InterruptFile? SupervisorFile { get; }

    /// <summary>The guest interrupt files, in order from number 1.</summary>
    public IReadOnlyList<InterruptFile> GuestFiles { get; }

    /// <summary>The external interrupt wire of supervisor level.</summary>
    public bool External => Volatile.Read(ref _external) != 0;

    /// <summary>The guest external interrupt wires, bit n for interrupt n: hgeip.</summary>
    public ulong GuestExternal => Volatile.Read(ref _guestExternal);

    /// <summary>hgeie.</summary>
    internal ulong Hgeie { get; set; }

    /// <summary>The wire of guest external interrupt <paramref name="number"/>.</summary>
    public IInterruptLine GuestExternalLine(int number) => new GuestLine(this, number);

    /// <summary>Drives the external interrupt wire of supervisor level.</summary>
    public void SetExternal(bool level)
    {
        if (Interlocked.Exchange(ref _external, level ? 1 : 0) == 0 && level)
        {
            _hart.RaiseAttention(Attention.Interrupt);
        }
    }

    /// <summary>Drives a guest external interrupt wire.</summary>
    public void SetGuestExternal(int number, bool level)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, _hart.Configuration.GuestExternalInterrupts);
        ulong bit = 1UL << number;
        if (!level)
        {
            Interlocked.And(ref _guestExternal, ~bit);
        }
        else if ((Interlocked.Or(ref _guestExternal, bit) & bit) == 0)
        {
            _hart.RaiseAttention(Attention.Interrupt);
        }
    }

    /// <summary>Back to the state after reset; wires stay as they are driven.</summary>
    internal void Reset()
    {
        Hgeie = 0;
        SupervisorFile?.Reset();
        foreach (InterruptFile file in GuestFiles)
        {
            file.Reset();
        }
    }

    private sealed class ExternalLine(SupervisorInterruptDomain domain) : IInterruptLine
    {
        public void Set(bool level) => domain.SetExternal(level);
    }

    private sealed class GuestLine(SupervisorInterruptDomain domain, int number) : IInterruptLine
    {
        public void Set(bool level) => domain.SetGuestExternal(number, level);
    }
}
