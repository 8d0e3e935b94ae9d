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

    /// <summary>Adds records of one page; false if the file is as large as it may become.</summary>
    /// <param name="records">Addresses of the records. Not more than fit a chunk.</param>
    public bool TryAdd(ReadOnlySpan<nint> records)
    {
        int size = 0;
        foreach (nint record in records)
        {
            size += ((BlockRecord*)record)->Size;
        }

        if (_used + size > CacheFormat.ChunkSize)
        {
            EndChunk();
        }

        // The file with this chunk, and an index as it would then be.
        if (Header(_checksums.Count + 1, _entries.Count + records.Length).FileSize > CacheFormat.MaximumSize)
        {
            return false;
        }

        int start = _used;
        fixed (byte* chunk = _chunk)
        {
            foreach (nint address in records)
            {
                BlockRecord* record = (BlockRecord*)address;
                long place = ((long)_checksums.Count * CacheFormat.ChunkSize) + _used;
                _entries.Add(new IndexEntry(record->Hash, (uint)(place / BlockRecord.Alignment)));
                new ReadOnlySpan<byte>(record, record->Size).CopyTo(new Span<byte>(chunk + _used, record->Size));
                BlockRecord.SetGroup((BlockRecord*)(chunk + _used), start, start + size);
                _used += record->Size;
            }
        }

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
