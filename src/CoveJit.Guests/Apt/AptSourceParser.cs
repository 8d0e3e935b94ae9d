namespace CoveJit.Guests.Apt;

/// <summary>Reads apt's two source formats: one line per archive (<c>*.list</c>) and deb822 stanzas (<c>*.sources</c>).</summary>
public static class AptSourceParser
{
    /// <summary>Reads one-line entries. Lines that are not binary sources are skipped, as are malformed ones: apt itself reports those.</summary>
    /// <param name="text">Content of the file.</param>
    /// <param name="origin">Name of the file, kept in the entries.</param>
    public static IReadOnlyList<AptSource> ParseOneLine(string text, string origin)
    {
        List<AptSource> sources = [];
        foreach (string raw in text.Split('\n'))
        {
            int comment = raw.IndexOf('#', StringComparison.Ordinal);
            string line = (comment < 0 ? raw : raw[..comment]).Trim();
            string? signedBy = null;
            int open = line.IndexOf('[', StringComparison.Ordinal);
            int close = line.IndexOf(']', StringComparison.Ordinal);
            if (open >= 0 && close > open)
            {
                foreach (string option in line[(open + 1)..close].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                {
                    if (option.StartsWith("signed-by=", StringComparison.OrdinalIgnoreCase))
                    {
                        signedBy = option["signed-by=".Length..];
                    }
                }

                line = line[..open] + line[(close + 1)..];
            }

            string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 3 && words[0] == "deb")
            {
                sources.Add(new AptSource(words[1], [words[2]], words[3..], signedBy, origin));
            }
        }

        return sources;
    }

    /// <summary>Reads deb822 stanzas; disabled ones and those without <c>Types: deb</c> are skipped.</summary>
    /// <param name="text">Content of the file.</param>
    /// <param name="origin">Name of the file, kept in the entries.</param>
    public static IReadOnlyList<AptSource> ParseDeb822(string text, string origin)
    {
        List<AptSource> sources = [];
        foreach (IReadOnlyDictionary<string, string> stanza in Deb822.Parse(text))
        {
            if (!Words(stanza, "Types").Contains("deb") || (stanza.TryGetValue("Enabled", out string? enabled) && IsNo(enabled)))
            {
                continue;
            }

            string[] suites = Words(stanza, "Suites");
            string[] components = Words(stanza, "Components");
            stanza.TryGetValue("Signed-By", out string? signedBy);
            foreach (string uri in Words(stanza, "URIs"))
            {
                sources.Add(new AptSource(uri, suites, components, string.IsNullOrWhiteSpace(signedBy) ? null : signedBy.Trim(), origin));
            }
        }

        return sources;
    }

    private static bool IsNo(string value) =>
        value.Trim().ToLowerInvariant() is "no" or "false" or "without" or "off" or "disable" or "0";

    private static string[] Words(IReadOnlyDictionary<string, string> stanza, string field) =>
        stanza.TryGetValue(field, out string? value)
            ? value.Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries)
            : [];
}
