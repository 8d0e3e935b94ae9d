using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace CoveJit.Cli.Terminal;

/// <summary>
/// Raw mode of a terminal for as long as the object lives. However the process ends short of SIGKILL, the user's settings
/// come back: on Dispose, process exit, unhandled exceptions and signals that kill; on SIGTSTP they come back while stopped.
/// </summary>
public sealed class RawTerminal : IDisposable
{
    private readonly int _descriptor;
    private readonly Termios _original;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private bool _raw;
    private bool _disposed;

    [SupportedOSPlatform("linux")]
    private RawTerminal(int descriptor, Termios original)
    {
        _descriptor = descriptor;
        _original = original;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        AppDomain.CurrentDomain.UnhandledException += OnUnhandledException;
        foreach (PosixSignal signal in (ReadOnlySpan<PosixSignal>)
            [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, _ => Leave()));
        }

        // The runtime's own answer to SIGTSTP does not always stop the process (seen on .NET 10), which would then run on
        // with the user's settings: it is stopped here, by the signal that cannot fail.
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTSTP, context =>
        {
            context.Cancel = true;
            Leave();
            HostFile.StopProcess();
        }));
        // Not cancelled, the runtime would put back, after us, the settings it found at start-up.
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, context =>
        {
            context.Cancel = true;
            Enter();
        }));
        Enter();
    }

    /// <summary>Makes the terminal raw; null if the descriptor is no terminal, or the host has no known terminal interface.</summary>
    public static RawTerminal? TryEnter(int descriptor) =>
        OperatingSystem.IsLinux() && Termios.TryGet(descriptor, out Termios original) ? new RawTerminal(descriptor, original) : null;

    /// <summary>Restores the user's settings for good.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            Leave();
            _disposed = true;
        }

        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        AppDomain.CurrentDomain.UnhandledException -= OnUnhandledException;
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void OnExit(object? sender, EventArgs arguments) => Leave();

    private void OnUnhandledException(object sender, UnhandledExceptionEventArgs arguments) => Leave();

    private void Enter()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _raw = Termios.TrySet(_descriptor, _original.Raw());
            }
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (_raw)
            {
                _raw = false;
                Termios.TrySet(_descriptor, _original);
            }
        }
    }
}
