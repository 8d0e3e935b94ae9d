namespace CoveJit.Devices.Power;

/// <summary>The machine's power switch as devices see it. Thread-safe.</summary>
public interface IPowerControl
{
    /// <summary>
    /// Records the request and returns at once; the machine stops or restarts at its next safe point.
    /// It is called on a hart's thread in the middle of a store, so it must not wait for harts. It must not throw.
    /// </summary>
    void Request(ShutdownRequest request);
}
