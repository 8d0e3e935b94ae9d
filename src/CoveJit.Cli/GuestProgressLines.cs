using CoveJit.Guests;

namespace CoveJit.Cli;

/// <summary>Progress of a build without a terminal: one line for each stage.</summary>
/// <param name="output">Where lines go.</param>
internal sealed class GuestProgressLines(TextWriter output) : IProgress<GuestBuildProgress>
{
    private readonly Lock _lock = new();
    private string _stage = string.Empty;

    /// <inheritdoc/>
    public void Report(GuestBuildProgress value)
    {
        lock (_lock)
        {
            if (value.Stage != _stage)
            {
                _stage = value.Stage;
                output.WriteLine(value.Stage);
            }
        }
    }
}
