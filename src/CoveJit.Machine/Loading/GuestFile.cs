namespace CoveJit.Machines.Loading;

/// <summary>A host file read whole into memory, with the option that named it, so that every error can say which file it means.</summary>
/// <param name="Option">The option that named the file, for example <c>--kernel</c>.</param>
/// <param name="Path">Its path as the user gave it.</param>
/// <param name="Content">Its bytes.</param>
public sealed record GuestFile(string Option, string Path, ReadOnlyMemory<byte> Content)
{
    private const int Chunk = 1 << 20;

    /// <summary>The file as errors name it.</summary>
    public string Display => $"{Option} {Path}";

    /// <summary>Reads a file that may be a pipe or a device: reading stops, with an error, past <paramref name="limit"/> bytes.</summary>
    /// <param name="option">The option that named it.</param>
    /// <param name="path">Its path.</param>
    /// <param name="limit">Most bytes it may have: the size of guest RAM.</param>
    /// <exception cref="LoadException">It is missing, unreadable, a directory, empty or too large.</exception>
    public static GuestFile Read(string option, string path, ulong limit)
    {
        try
        {
            if (Directory.Exists(path))
            {
                throw new LoadException($"{option} {path} is a directory", "name a file");
            }

            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
            ulong expected = stream.CanSeek ? (ulong)stream.Length : 0;
            if (expected > limit || expected > (ulong)Array.MaxLength)
            {
                throw TooLarge(option, path, limit);
            }

            // A file grows, a pipe has no length: the length is a first guess only.
            byte[] buffer = new byte[expected == 0 ? Chunk : (int)expected];
            int length = 0;
            while (true)
            {
                if (length == buffer.Length)
                {
                    int probe = stream.ReadByte();
                    if (probe < 0)
                    {
                        break;
                    }

                    if ((ulong)length >= limit || length > Array.MaxLength - Chunk)
                    {
                        throw TooLarge(option, path, limit);
                    }

                    Array.Resize(ref buffer, Math.Max(length + Chunk, (int)Math.Min((long)length * 2, Array.MaxLength)));
                    buffer[length++] = (byte)probe;
                }

                int read = stream.Read(buffer, length, buffer.Length - length);
                if (read == 0)
                {
                    break;
                }

                length += read;
                if ((ulong)length > limit)
                {
                    throw TooLarge(option, path, limit);
                }
            }

            return length == 0
                ? throw new LoadException($"{option} {path} is empty", "check how the file was made")
                : new GuestFile(option, path, buffer.AsMemory(0, length));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new LoadException($"{option} {path} does not exist", "check the path", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LoadException($"{option} {path} may not be read", "check the file's permissions", e);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            throw new LoadException($"{option} {path} cannot be read ({FirstLine(e.Message)})", "check the path and the disk", e);
        }
    }

    private static LoadException TooLarge(string option, string path, ulong limit) => limit > (ulong)Array.MaxLength
        ? new LoadException($"{option} {path} is larger than 2 GiB, or never ends", "name another file")
        : new LoadException($"{option} {path} is larger than the guest's memory ({ByteSize.Format(limit)})", "give the guest more with --memory");

    private static string FirstLine(string text) => text.Split('\n')[0].TrimEnd('.', '\r');
}
