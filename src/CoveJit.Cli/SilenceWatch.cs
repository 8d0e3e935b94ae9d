using System.Globalization;

namespace CoveJit.Cli;

/// <summary>
/// Says so, once, if a guest has written nothing for a while: a kernel that panics before its console works, as with too
/// little memory, loops without a word and without regard for <c>panic=</c>.
/// </summary>
internal sealed class SilenceWatch : IDisposable
{
    /// <summary>How long a guest may be silent: several times what a kernel's first line takes on a slow, busy host.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Timer _timer;
    private volatile bool _heard;

    /// <summary>Starts listening.</summary>
    /// <param name="patience">How long to wait for the first output.</param>
    /// <param name="report">Takes the line.</param>
    public SilenceWatch(TimeSpan patience, Action<string> report)
    {
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"the guest has written nothing for {patience.TotalSeconds:F0} s: it may have failed before its console works; give it more with --memory, or add earlycon=sbi to --append to see its first messages");
        _timer = new Timer(
            _ =>
            {
                if (!_heard)
                {
                    report(line);
                }
            },
            null,
            patience,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>The guest has written something.</summary>
    public void Heard() => _heard = true;

    /// <summary>Stops listening.</summary>
    public void Dispose() => _timer.Dispose();
}
