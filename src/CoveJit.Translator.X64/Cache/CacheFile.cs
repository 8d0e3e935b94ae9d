using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CoveJit.Translator.X64.Cache;

/// <summary>
/// A file of records, open for reading. What is read is a copy, checked after it was read: whatever happens to the file meanwhile, records are whole
/// or missing.
/// </summary>
internal sealed class CacheFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly uint[] _checksums;

    private CacheFile(SafeFileHandle handle, uint[] checksums, IndexEntry[] entries)
    {
        _handle = handle;
        _checksums = checksums;
        Entries = entries;
    }

    /// <summary>The index.</summary>
    public IndexEntry[] Entries { get; }

    /// <summary>Number of chunks.</summary>
    public int Chunks => _checksums.Length;

    /// <summary>Opens a file; null if there is none that this translator can use, and then why, unless it is just absent.</summary>
    public static CacheFile? Open(CacheDirectory directory, in TranslatorVersion version, out string? why)
    {
        why = null;
        SafeFileHandle? handle = null;
        try
        {
            handle = directory.OpenFile(version.FileName, out why);
            if (handle is not null && Read(handle, version, out why) is CacheFile file)
            {
                handle = null; // the file's now
                return file;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = e.Message;
        }
        finally
        {
            handle?.Dispose();
        }

        return null;
    }

    /// <summary>Reads a chunk; false if it is damaged.</summary>
    public bool TryRead(int chunk, Span<byte> buffer)
    {
        try
        {
            return RandomAccess.Read(_handle, buffer, CacheHeader.Size + ((long)chunk * CacheFormat.ChunkSize)) == buffer.Length
                && Checksum.Of(buffer) == _checksums[chunk];
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static CacheFile? Read(SafeFileHandle handle, in TranslatorVersion version, out string? why)
    {
        why = "it is damaged";
        CacheHeader header = default;
        if (RandomAccess.Read(handle, MemoryMarshal.AsBytes(new Span<CacheHeader>(ref header)), 0) != CacheHeader.Size || !header.IsSealed())
        {
            return null;
        }

        if (header.Version != version)
        {
            why = "another version wrote it";
            return null;
        }

        if (header.FileSize > CacheFormat.MaximumSize || header.FileSize != RandomAccess.GetLength(handle))
        {
            return null;
        }

        uint[] checksums = new uint[header.Chunks];
        IndexEntry[] entries = new IndexEntry[header.Entries];
        Span<byte> first = MemoryMarshal.AsBytes(checksums.AsSpan());
        Span<byte> second = MemoryMarshal.AsBytes(entries.AsSpan());
        if (RandomAccess.Read(handle, first, header.IndexStart) != first.Length
            || RandomAccess.Read(handle, second, header.IndexStart + first.Length) != second.Length
            || Checksum.Of(second, Checksum.Of(first)) != header.IndexChecksum)
        {
            return null;
        }

        why = null;
        return new CacheFile(handle, checksums, entries);
    }
}
