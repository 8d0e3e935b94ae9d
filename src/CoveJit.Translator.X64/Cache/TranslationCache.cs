using CoveJit.Isa;
using CoveJit.Memory.Physical;

namespace CoveJit.Translator.X64.Cache;

/// <summary>
/// Native code of blocks from earlier runs, and what this one adds to it. A machine's own: processes share the file, which is only ever replaced as a
/// whole. Not thread-safe; used under <see cref="Harts.Code.CodeCache.Sync"/>, saved when no hart runs.
/// </summary>
public sealed unsafe class TranslationCache : IDisposable
{
    // Chunks kept in memory. A run asks for records in much the order in which an earlier one wrote them.
    private const int Windows = 16;

    // A longer record is not worth the room: hardly a block comes near.
    private const int MaximumRecord = 16 << 10;

    // A file is written anew if this many translations are new, and this part of what it has.
    private const int LeastNews = 64;
    private const int LeastNewsShift = 5;

    // Candidates of one hash that are compared at most: a guest may make as many as it likes.
    private const int MaximumCandidates = 8;

    private readonly CacheDirectory _directory;
    private readonly TranslatorVersion _version;
    private readonly CacheFile? _file;
    private readonly int _stored;
    private readonly byte[]?[] _windows = new byte[Windows][];
    private readonly int[] _windowChunks = new int[Windows];
    private readonly HashSet<uint> _used = [];

    // Records of this run, one behind the other; touched as they come.
    private readonly NativeMemoryBlock _new = new((ulong)CacheFormat.MaximumSize);
    private int _newBytes;

    // Whether a part of the file turned out damaged: then it is worth writing anew.
    private bool _damaged;

    // Open addressing: 0, or 1 + the number of an entry. Entries of the file come first, then those of this run, whose places count from _new.
    private int[] _slots;
    private IndexEntry[] _entries;
    private int _count;

    internal TranslationCache(CacheDirectory directory, in TranslatorVersion version)
    {
        _directory = directory;
        _version = version;
        _file = CacheFile.Open(directory, version, out string? why);
        WhyEmpty = why;
        _windowChunks.AsSpan().Fill(-1);
        _entries = _file?.Entries ?? [];
        _stored = _count = _entries.Length;
        _slots = [];
        Rehash();
    }

    /// <summary>Why a file that is there is not used; null if it is, or there is none.</summary>
    public string? WhyEmpty { get; }

    /// <summary>Translations in the file when it was opened.</summary>
    public int Stored => _stored;

    /// <summary>Blocks whose code came from here.</summary>
    public long Hits { get; private set; }

    /// <summary>Translations added in this run.</summary>
    public int Added => _count - _stored;

    /// <summary>Translations that cannot be stored.</summary>
    public long NotStorable { get; internal set; }

    /// <summary>
    /// Writes the file anew if this run has added enough, with what other processes have written meanwhile: what this run has used first, so that the
    /// least recently used is what falls off the end of a full file.
    /// </summary>
    /// <returns>Why it was not written although it should have been; otherwise null.</returns>
    public string? Save()
    {
        if (Added < (_damaged ? 1 : Math.Max(LeastNews, _stored >> LeastNewsShift)))
        {
            return null;
        }

        try
        {
            using IDisposable? turn = _directory.TryLock();
            if (turn is not null) // otherwise another process has as much to say
            {
                Write();
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _new.Dispose();
    }

    /// <summary>The record of a block, or null. Valid until the next call.</summary>
    internal BlockRecord* Find(uint hash, int offset, ReadOnlySpan<DecodedInstruction> instructions)
    {
        int candidates = 0;
        for (uint slot = hash; ; slot++)
        {
            int number = _slots[slot & (_slots.Length - 1)] - 1;
            if (number < 0)
            {
                return null;
            }

            if (_entries[number].Hash != hash)
            {
                continue;
            }

            BlockRecord* record = RecordOf(number);
            if (record != null && BlockRecord.IsOf(record, offset, instructions))
            {
                return record;
            }

            if (++candidates == MaximumCandidates)
            {
                return null;
            }
        }
    }

    /// <summary>Notes that a record was used.</summary>
    internal void NoteHit(uint hash)
    {
        Hits++;
        _used.Add(hash);
    }

    /// <summary>Adds a translation, if there is none of the same block and there is room.</summary>
    internal void Add(int offset, ReadOnlySpan<DecodedInstruction> instructions, ReadOnlySpan<byte> code, ReadOnlySpan<Relocation> relocations)
    {
        int size = BlockRecord.SizeOf(instructions.Length, code.Length, relocations.Length);
        uint hash = BlockRecord.HashOf(offset, instructions);
        if (size > MaximumRecord || code.Length > ushort.MaxValue || _newBytes + size > CacheFormat.MaximumSize)
        {
            NotStorable++;
            return;
        }

        if (Find(hash, offset, instructions) != null)
        {
            return;
        }

        BlockRecord.Write(_new.Pointer + _newBytes, hash, offset, instructions, code, relocations);
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(1024, _count * 2));
        }

        _entries[_count++] = new IndexEntry(hash, (uint)(_newBytes / BlockRecord.Alignment));
        _newBytes += size;
        if (_count * 2 > _slots.Length)
        {
            Rehash();
        }
        else
        {
            Enter(_count - 1);
        }
    }

    private void Rehash()
    {
        _slots = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1024, _count * 4))];
        for (int i = 0; i < _count; i++)
        {
            Enter(i);
        }
    }

    private void Enter(int number)
    {
        uint slot = _entries[number].Hash;
        while (_slots[slot & (_slots.Length - 1)] != 0)
        {
            slot++;
        }

        _slots[slot & (_slots.Length - 1)] = number + 1;
    }

    private BlockRecord* RecordOf(int number)
    {
        long place = (long)_entries[number].Place * BlockRecord.Alignment;
        if (number >= _stored)
        {
            return BlockRecord.At(_new.Pointer + place, _new.Pointer + _newBytes);
        }

        return Window((int)Math.Min(place / CacheFormat.ChunkSize, int.MaxValue)) is byte[] window ? RecordIn(window, (int)(place % CacheFormat.ChunkSize)) : null;
    }

    // Windows are pinned from their making on.
    private static BlockRecord* RecordIn(byte[] window, int place)
    {
        byte* start = (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(window, 0);
        return BlockRecord.At(start + place, start + window.Length);
    }

    // A chunk of the file in memory; null if it is damaged.
    private byte[]? Window(int chunk)
    {
        if (chunk >= _file!.Chunks)
        {
            return null;
        }

        int window = chunk % Windows;
        byte[] buffer = _windows[window] ??= GC.AllocateUninitializedArray<byte>(CacheFormat.ChunkSize, pinned: true);
        if (_windowChunks[window] == chunk)
        {
            return buffer;
        }

        _windowChunks[window] = -1;
        if (!_file.TryRead(chunk, buffer))
        {
            _damaged = true;
            return null;
        }

        _windowChunks[window] = chunk;
        return buffer;
    }

    private void Write()
    {
        using CacheFileWriter writer = new(_directory, _version);
        HashSet<uint> written = [];
        bool room = true;
        for (int i = _stored; i < _count && room; i++)
        {
            room = writer.TryAdd(RecordOf(i));
            written.Add(_entries[i].Hash);
        }

        using CacheFile? current = CacheFile.Open(_directory, _version, out _);
        foreach (bool used in (ReadOnlySpan<bool>)[true, false])
        {
            if (current is not null && room)
            {
                room = Copy(current, writer, hash => _used.Contains(hash) == used && !written.Contains(hash));
            }
        }

        writer.Complete();
    }

    // Copies records in the order they are stored; false if the room is used up. Damaged chunks are left out.
    private static bool Copy(CacheFile from, CacheFileWriter to, Func<uint, bool> wanted)
    {
        byte[] window = GC.AllocateUninitializedArray<byte>(CacheFormat.ChunkSize, pinned: true);
        int present = -1;
        bool whole = false;
        foreach (IndexEntry entry in from.Entries)
        {
            if (!wanted(entry.Hash))
            {
                continue;
            }

            long place = (long)entry.Place * BlockRecord.Alignment;
            long chunk = place / CacheFormat.ChunkSize;
            if (chunk >= from.Chunks)
            {
                continue;
            }

            if (chunk != present)
            {
                present = (int)chunk;
                whole = from.TryRead(present, window);
            }

            BlockRecord* record = whole ? RecordIn(window, (int)(place % CacheFormat.ChunkSize)) : null;
            if (record != null && !to.TryAdd(record))
            {
                return false;
            }
        }

        return true;
    }
}
