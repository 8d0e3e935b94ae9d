using CoveJit.Guests;
using Spectre.Console;

namespace CoveJit.Cli;

/// <summary>Progress of a build on a terminal: a bar for each stage, the one before being full.</summary>
/// <param name="context">Where bars are drawn.</param>
internal sealed class GuestProgressBars(ProgressContext context) : IProgress<GuestBuildProgress>
{
    private readonly Lock _lock = new();
    private ProgressTask? _task;
    private string _stage = string.Empty;

    /// <inheritdoc/>
    public void Report(GuestBuildProgress value)
    {
        lock (_lock)
        {
            if (_task is null || value.Stage != _stage)
            {
                Complete();
                _stage = value.Stage;
                _task = context.AddTask(Markup.Escape(value.Stage));
            }

            _task.IsIndeterminate = value.Total <= 0;
            if (value.Total > 0)
            {
                _task.MaxValue = value.Total;
                _task.Value = Math.Min(value.Done, value.Total);
            }
        }
    }

    /// <summary>Fills the last bar.</summary>
    public void Finish()
    {
        lock (_lock)
        {
            Complete();
        }
    }

    private void Complete()
    {
        if (_task is not null)
        {
            _task.IsIndeterminate = false;
            _task.Value = _task.MaxValue;
            _task.StopTask();
        }
    }
}
