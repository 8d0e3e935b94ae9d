namespace CoveJit.Machines.Running;

/// <summary>Runs a machine's harts until it is told to stop.</summary>
internal interface IHartScheduler
{
    /// <summary>Runs the harts; returns after <see cref="Stop"/>, when none executes any more.</summary>
    void Run();

    /// <summary>Asks the harts to stop. Thread-safe, also from a hart's own thread; does not wait.</summary>
    void Stop();
}
