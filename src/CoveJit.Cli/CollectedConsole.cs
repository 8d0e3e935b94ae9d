using System.Text;
using CoveJit.Machines;

namespace CoveJit.Cli;

/// <summary>Keeps what a machine writes and reports, for a program that tells its results there. Thread-safe.</summary>
internal sealed class CollectedConsole : IMachineHost
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();

    /// <summary>What the guest has written.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
            {
                return _text.ToString();
            }
        }
    }

    /// <summary>What the machine reported last; null if nothing. Devices report what they are refused, which may be the purpose.</summary>
    public string? LastReport { get; private set; }

    /// <inheritdoc/>
    public void ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _text.Append(Encoding.UTF8.GetString(bytes));
        }
    }

    /// <inheritdoc/>
    public void Report(string line) => LastReport = line;
}
