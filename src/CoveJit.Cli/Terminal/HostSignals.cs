using System.Runtime.InteropServices;

namespace CoveJit.Cli.Terminal;

/// <summary>
/// Turns SIGINT, SIGTERM and SIGHUP into a request to stop the machine in good order. A second signal ends the process at
/// once, with the exit code shells expect: 128 plus the signal's number.
/// </summary>
public sealed class HostSignals : IDisposable
{
    private const int SignalExitBase = 128;

    private static readonly (PosixSignal Signal, int Number)[] Signals =
        [(PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGTERM, 15)];

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action _stop;
    private int _received;

    /// <summary>Starts listening.</summary>
    /// <param name="stop">Called once, on a thread of its own, at the first signal.</param>
    public HostSignals(Action stop)
    {
        _stop = stop;
        foreach ((PosixSignal signal, int number) in Signals)
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context => Handle(context, number)));
        }
    }

    /// <summary>128 plus the number of the signal that asked to stop; null if none did.</summary>
    public int? ExitCode => Volatile.Read(ref _received) is var number and not 0 ? SignalExitBase + number : null;

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Handle(PosixSignalContext context, int number)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref _received, number, 0) == 0)
        {
            _stop();
        }
        else
        {
            Environment.Exit(SignalExitBase + number);
        }
    }
}
