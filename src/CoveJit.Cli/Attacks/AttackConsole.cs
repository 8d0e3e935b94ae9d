using System.Text;
using System.Text.Json;
using CoveJit.Machines;

namespace CoveJit.Cli.Attacks;

/// <summary>Keeps what the program writes, but for the lines that tell the adversary what to do: those are obeyed when they end, before the program goes on.</summary>
internal sealed class AttackConsole : IMachineHost
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _line = new();

    /// <summary>Whom to tell.</summary>
    public LinkAdversary? Adversary { get; set; }

    /// <summary>What the program has written for the transcript.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
            {
                return _text.ToString() + _line;
            }
        }
    }

    /// <inheritdoc/>
    public void ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            foreach (byte value in bytes)
            {
                _line.Append((char)value);
                if (value == '\n')
                {
                    EndLine();
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Report(string line)
    {
        // Devices report what they are refused, which is the purpose.
    }

    private void EndLine()
    {
        const string Prefix = "{\"adversary\":";
        string line = _line.ToString();
        _line.Clear();
        if (!line.StartsWith(Prefix, StringComparison.Ordinal))
        {
            _text.Append(line);
            return;
        }

        using JsonDocument document = JsonDocument.Parse(line);
        Adversary?.Do(document.RootElement.GetProperty("adversary").GetString()!);
    }
}
