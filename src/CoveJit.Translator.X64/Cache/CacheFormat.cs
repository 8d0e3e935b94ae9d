using System.Runtime.InteropServices;

namespace CoveJit.Translator.X64.Cache;

/// <summary>
/// The file: a header, chunks of records, a checksum for each chunk, and an index entry for each record. All of one length, little-endian, and
/// aligned, since the only reader is the translator that wrote it, on the same kind of host. A chunk that is damaged takes its own records with it; a
/// header or index that is damaged, the file.
/// </summary>
internal static class CacheFormat
{
    /// <summary>Bytes of a chunk: what is read at once. A record lies in one chunk.</summary>
    public const int ChunkSize = 64 << 10;

    /// <summary>Bytes of a file at most.</summary>
    public const long MaximumSize = 64L << 20;

    /// <summary>What the names of files end in.</summary>
    public const string Extension = ".blocks";
}

/// <summary>The start of a file.</summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal struct CacheHeader
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 64;

    private const ulong ExpectedMagic = 0x0043_4F4C_4256_4F43; // "COVBLOC"

    // Changes with the layout of anything in the file.
    private const uint ExpectedFormat = 1;

    private ulong _magic;
    private uint _format;

    /// <summary>Number of chunks.</summary>
    public uint Chunks;

    /// <summary>Number of records.</summary>
    public uint Entries;

    /// <summary>Checksum of what follows the chunks.</summary>
    public uint IndexChecksum;

    /// <summary>The translator that wrote the file.</summary>
    public TranslatorVersion Version;

    private uint _reserved;
    private uint _checksum;

    /// <summary>Bytes of the whole file.</summary>
    public readonly long FileSize => IndexStart + IndexSize;

    /// <summary>Where the checksums of the chunks begin.</summary>
    public readonly long IndexStart => Size + ((long)Chunks * CacheFormat.ChunkSize);

    /// <summary>Bytes of checksums and entries.</summary>
    public readonly long IndexSize => ((long)Chunks * sizeof(uint)) + ((long)Entries * IndexEntry.Size);

    /// <summary>Completes the header.</summary>
    public void Seal()
    {
        _magic = ExpectedMagic;
        _format = ExpectedFormat;
        _checksum = 0;
        _checksum = Checksum.Of(MemoryMarshal.AsBytes(new ReadOnlySpan<CacheHeader>(in this)));
    }

    /// <summary>Whether this is the header of a file of this format, undamaged.</summary>
    public readonly bool IsSealed()
    {
        CacheHeader copy = this;
        copy.Seal();
        return copy._magic == _magic && copy._format == _format && copy._checksum == _checksum;
    }
}

/// <summary>Where a record is.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Place">Its distance from the start of the chunks, in units of <see cref="BlockRecord.Alignment"/>.</param>
internal readonly record struct IndexEntry(uint Hash, uint Place)
{
    /// <summary>Bytes of an entry.</summary>
    public const int Size = 8;
}
