namespace CoveJit.Attestation;

/// <summary>Reading of the host's files.</summary>
internal static class HostFiles
{
    /// <summary>Reads a file that may be a pipe: at most <paramref name="limit"/> bytes of it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="what">What it should be, for errors.</param>
    /// <param name="limit">Most bytes it may have.</param>
    /// <exception cref="AttestationException">It is missing, unreadable or too large.</exception>
    public static byte[] Read(string path, string what, int limit)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using MemoryStream content = new();
            byte[] buffer = new byte[1 << 16];
            for (int read; (read = stream.Read(buffer)) > 0;)
            {
                content.Write(buffer, 0, read);
                if (content.Length > limit)
                {
                    throw new AttestationException($"{what} {path} has more than {limit} bytes", "check the path");
                }
            }

            return content.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new AttestationException($"{what} {path} cannot be read ({e.Message.Split('\n')[0].TrimEnd('.', '\r')})", "check the path", e);
        }
    }
}
