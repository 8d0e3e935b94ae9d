namespace CoveJit.Guests.Apt;

/// <summary>The field format that Debian uses for control files and sources, deb822(5).</summary>
internal static class Deb822
{
    /// <summary>Splits a text into stanzas. Field names compare without case; continuation lines are joined with newlines.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> Parse(string text)
    {
        List<IReadOnlyDictionary<string, string>> stanzas = [];
        Dictionary<string, string> current = new(StringComparer.OrdinalIgnoreCase);
        string? field = null;
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.TrimEnd('\r');
            if (line.StartsWith('#'))
            {
                continue;
            }

            if (string.IsNullOrWhiteSpace(line))
            {
                Flush();
                continue;
            }

            if (line[0] is ' ' or '\t')
            {
                if (field is not null)
                {
                    current[field] += "\n" + line.Trim();
                }

                continue;
            }

            int colon = line.IndexOf(':', StringComparison.Ordinal);
            field = colon > 0 ? line[..colon].Trim() : null;
            if (field is not null)
            {
                current[field] = line[(colon + 1)..].Trim();
            }
        }

        Flush();
        return stanzas;

        void Flush()
        {
            if (current.Count > 0)
            {
                stanzas.Add(current);
                current = new(StringComparer.OrdinalIgnoreCase);
            }

            field = null;
        }
    }
}
