using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Interrupts;

/// <summary>An interrupt delivery control structure: how an APLIC domain in direct delivery mode interrupts one hart (AIA 1.0, "Interrupt delivery control (IDC) structure").</summary>
/// <param name="line">The hart's external interrupt at the domain's level.</param>
internal sealed class AplicDelivery(IInterruptLine line)
{
    private bool _driven;

    /// <summary>idelivery.</summary>
    public bool Enabled { get; set; }

    /// <summary>iforce.</summary>
    public bool Forced { get; set; }

    /// <summary>ithreshold: 0, or the first priority number that does not interrupt.</summary>
    public uint Threshold { get; set; }

    /// <summary>Whether a priority number passes the threshold.</summary>
    public bool Admits(uint priority) => Threshold == 0 || priority < Threshold;

    /// <summary>Drives the hart's wire.</summary>
    public void Drive(bool level)
    {
        if (_driven != level)
        {
            _driven = level;
            line.Set(level);
        }
    }

    /// <summary>Back to the state after reset.</summary>
    public void Reset()
    {
        Enabled = Forced = false;
        Threshold = 0;
    }
}
