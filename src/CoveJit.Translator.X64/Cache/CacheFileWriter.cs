using System.Runtime.InteropServices;

namespace CoveJit.Translator.X64.Cache;

/// <summary>Writes a file of records: to a temporary one, which takes the other's place when it is complete.</summary>
internal sealed unsafe class CacheFileWriter : IDisposable
{
    private readonly CacheDirectory _directory;
    private readonly TranslatorVersion _version;
    private readonly string _temporary;
    private readonly FileStream _stream;
    private readonly byte[] _chunk = new byte[CacheFormat.ChunkSize];
    private readonly List<uint> _checksums = [];
    private readonly List<IndexEntry> _entries = [];
    private int _used;

    /// <summary>Starts a file.</summary>
    /// <exception cref="IOException">The host refuses.</exception>
    public CacheFileWriter(CacheDirectory directory, in TranslatorVersion version)
    {
        _directory = directory;
        _version = version;
        _stream = directory.CreateTemporary(out _temporary);
        _stream.Position = CacheHeader.Size;
    }

    /// <summary>Adds a record; false if the file is as large as it may become.</summary>
    public bool TryAdd(BlockRecord* record)
    {
        ReadOnlySpan<byte> bytes = new(record, record->Size);
        if (_used + bytes.Length > CacheFormat.ChunkSize)
        {
            EndChunk();
        }

        // The file with this chunk, and an index as it would then be.
        CacheHeader header = Header(_checksums.Count + 1, _entries.Count + 1);
        if (header.FileSize > CacheFormat.MaximumSize)
        {
            return false;
        }

        long place = ((long)_checksums.Count * CacheFormat.ChunkSize) + _used;
        _entries.Add(new IndexEntry(record->Hash, (uint)(place / BlockRecord.Alignment)));
        bytes.CopyTo(_chunk.AsSpan(_used));
        _used += bytes.Length;
        return true;
    }

    /// <summary>Completes the file and gives it its name.</summary>
    /// <exception cref="IOException">The host refuses.</exception>
    public void Complete()
    {
        if (_used > 0)
        {
            EndChunk();
        }

        ReadOnlySpan<byte> first = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_checksums));
        ReadOnlySpan<byte> second = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_entries));
        _stream.Write(first);
        _stream.Write(second);
        CacheHeader header = Header(_checksums.Count, _entries.Count);
        header.IndexChecksum = Checksum.Of(second, Checksum.Of(first));
        header.Seal();
        _stream.Position = 0;
        _stream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<CacheHeader>(in header)));
        _stream.Dispose();
        _directory.Publish(_temporary, _version.FileName);
    }

    /// <summary>Removes what is left of a file that was not completed.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        CacheDirectory.Remove(_temporary);
    }

    private CacheHeader Header(int chunks, int entries) => new() { Chunks = (uint)chunks, Entries = (uint)entries, Version = _version };

    private void EndChunk()
    {
        _chunk.AsSpan(_used).Clear();
        _stream.Write(_chunk);
        _checksums.Add(Checksum.Of(_chunk));
        _used = 0;
    }
}
