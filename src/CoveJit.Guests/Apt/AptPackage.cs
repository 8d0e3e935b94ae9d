namespace CoveJit.Guests.Apt;

/// <summary>A package that apt can fetch, described by the signed index.</summary>
/// <param name="Name">Package name.</param>
/// <param name="Version">Debian version, with its epoch.</param>
/// <param name="Architecture">Debian architecture of the file, possibly <c>all</c>.</param>
/// <param name="FileName">File name that apt gives it.</param>
/// <param name="SizeBytes">Size in bytes.</param>
/// <param name="Sha256">SHA-256, lower-case hexadecimal; empty where apt printed another hash.</param>
public sealed record AptPackage(string Name, string Version, string Architecture, string FileName, long SizeBytes, string Sha256)
{
    /// <summary>Reads a line of <c>apt-get --print-uris</c>: <c>'URI' NAME_VERSION_ARCH.deb SIZE HASH</c>.</summary>
    /// <returns>Null when the line is no such line.</returns>
    public static AptPackage? ParseUriLine(string line)
    {
        if (!line.StartsWith('\''))
        {
            return null;
        }

        int end = line.IndexOf('\'', 1);
        string[] words = end < 0 ? [] : line[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !words[0].EndsWith(".deb", StringComparison.Ordinal) || words[0].Contains('/') || !long.TryParse(words[1], out long size))
        {
            return null;
        }

        string[] parts = words[0][..^".deb".Length].Split('_');
        string hash = words.Length > 2 && words[2].StartsWith("SHA256:", StringComparison.Ordinal) ? words[2]["SHA256:".Length..] : string.Empty;
        return parts.Length == 3
            ? new AptPackage(parts[0], Uri.UnescapeDataString(parts[1]), parts[2], words[0], size, hash.ToLowerInvariant())
            : null;
    }
}
