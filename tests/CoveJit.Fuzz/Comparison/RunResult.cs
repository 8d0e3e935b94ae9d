using System.Globalization;
using CoveJit.Fuzz.Harness;

namespace CoveJit.Fuzz.Comparison;

/// <summary>What one machine printed, parsed (the protocol is described at <see cref="HarnessCode"/>).</summary>
public sealed class RunResult
{
    /// <summary>Hash of every finished segment.</summary>
    public List<ulong> Hashes { get; } = [];

    /// <summary>Words of the full dumps by segment.</summary>
    public Dictionary<int, List<ulong>> Dumps { get; } = [];

    /// <summary>Traps by cause: see <see cref="HarnessCode"/>.</summary>
    public List<ulong> TrapCounts { get; } = [];

    /// <summary>Whether the program reached its power-off.</summary>
    public bool Finished { get; private set; }

    public static RunResult Parse(byte[] output)
    {
        RunResult result = new();
        List<ulong>? dump = null;
        foreach (string raw in System.Text.Encoding.Latin1.GetString(output).Split('\n'))
        {
            string line = raw.TrimEnd('\r');
            if (line == "S")
            {
                dump = [];
                result.Dumps[result.Hashes.Count] = dump;
            }
            else if (line == "E")
            {
                result.Finished = true;
            }
            else if (line.Length == 17 && ulong.TryParse(line.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value))
            {
                switch (line[0])
                {
                    case ':':
                        dump?.Add(value);
                        break;
                    case 'H':
                        result.Hashes.Add(value);
                        dump = null;
                        break;
                    case 'T':
                        result.TrapCounts.Add(value);
                        break;
                }
            }
        }

        return result;
    }
}
