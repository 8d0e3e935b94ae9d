using System.Globalization;
using CoveJit.Devices.Protection;

namespace CoveJit.Cli.Parsing;

/// <summary>Parses <c>--iopmp</c>.</summary>
internal static class IopmpParser
{
    private const int MostEntriesInDomain = 128; // HWCFG3.md_entry_num has seven bits

    /// <summary>Parses the value.</summary>
    /// <returns>What the IOPMP has, or null for none.</returns>
    /// <exception cref="UsageException">It is not one.</exception>
    public static IopmpConfiguration? Parse(string text)
    {
        if (text == "none")
        {
            return null;
        }

        List<(string Key, string? Value)> parts = KeyValueList.Parse(text);
        IopmpConfiguration configuration = new()
        {
            Model = parts[0] switch
            {
                ("full", null) => IopmpModel.Full,
                ("rapid", null) => IopmpModel.Rapid,
                ("compact", null) => IopmpModel.Compact,
                _ => throw new UsageException($"--iopmp {text} is no model", "give full, rapid or compact, with ,entries=N or ,md=N behind it, or none"),
            },
        };
        foreach ((string key, string? value) in parts.Skip(1))
        {
            configuration = key switch
            {
                "entries" => configuration with { Entries = Number(key, value, IopmpConfiguration.MostEntries) },
                "md" => configuration with { Domains = Number(key, value, IopmpConfiguration.MostDomains) },
                _ => throw new UsageException($"--iopmp {text} is not supported: {key} is unknown", "give entries=N or md=N"),
            };
        }

        return configuration.Model == IopmpModel.Full || configuration.Entries <= MostEntriesInDomain * configuration.Domains
            ? configuration
            : throw new UsageException($"--iopmp {text} has more than {MostEntriesInDomain} entries for each memory domain", "give fewer entries, more memory domains, or the full model");
    }

    private static int Number(string key, string? value, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= most
            ? number
            : throw new UsageException($"--iopmp {key}={value} is out of range", $"give 1 to {most}");
}
