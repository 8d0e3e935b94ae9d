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
    private const int Windows = 32;

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

    // What stands for the groups that this run has used: the hashes of their first records.
    private readonly HashSet<uint> _used = [];

    // Records of this run, one behind the other, and for each its place and the page it lay in; touched as they come.
    private readonly NativeMemoryBlock _new = new((ulong)CacheFormat.MaximumSize);
    private readonly List<(int Place, nint Page)> _added = [];
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

    /// <summary>Blocks whose code came from here.</summary>
    public long Hits { get; internal set; }

    /// <summary>Translations added in this run.</summary>
    public int Added => _added.Count;

    /// <summary>Translations that cannot be stored.</summary>
    public long NotStorable { get; internal set; }

    /// <summary>
    /// Writes the file anew if this run has added enough, with what other processes have written meanwhile: what this run has used first, so that the
    /// least recently used is what falls off the end of a full file.
    /// </summary>
    /// <returns>Why it was not written although it should have been; otherwise null.</returns>
    public string? Save() => Save(_damaged ? 1 : Math.Max(LeastNews, _stored >> LeastNewsShift));

    /// <summary>Saves if this run has added at least so many.</summary>
    internal string? Save(int least)
    {
        if (Added < least)
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

    /// <summary>Finds a block.</summary>
    /// <param name="offset">Its offset in its page.</param>
    /// <param name="instructions">Its instructions.</param>
    /// <param name="surroundings">The page's bytes.</param>
    /// <param name="group">The records of what lay in the same page, this one among them; empty if that is not known.</param>
    /// <returns>Its record, or null. Valid, as the group is, until the next call.</returns>
    internal BlockRecord* Find(int offset, ReadOnlySpan<DecodedInstruction> instructions, ReadOnlySpan<byte> surroundings, out RecordGroup group)
    {
        group = default;
        uint hash = BlockRecord.HashOf(offset, instructions, surroundings);
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
                if (number < _stored)
                {
                    group = GroupOf(record, number);
                }

                return record;
            }

            if (++candidates == MaximumCandidates)
            {
                return null;
            }
        }
    }

    /// <summary>Adds a translation, if there is none of the same block and there is room.</summary>
    /// <param name="page">Stands for the page the block lies in, as it is now.</param>
    /// <param name="offset">The block's offset in it.</param>
    /// <param name="instructions">The block's instructions.</param>
    /// <param name="surroundings">The page's bytes.</param>
    /// <param name="code">Their native code.</param>
    /// <param name="relocations">What it takes to place it elsewhere.</param>
    internal void Add(nint page, int offset, ReadOnlySpan<DecodedInstruction> instructions, ReadOnlySpan<byte> surroundings, ReadOnlySpan<byte> code, ReadOnlySpan<Relocation> relocations)
    {
        int size = BlockRecord.SizeOf(instructions.Length, code.Length, relocations.Length);
        if (size > MaximumRecord || code.Length > ushort.MaxValue || _newBytes + size > CacheFormat.MaximumSize)
        {
            NotStorable++;
            return;
        }

        if (Find(offset, instructions, surroundings, out _) != null)
        {
            return;
        }

        uint hash = BlockRecord.HashOf(offset, instructions, surroundings);
        BlockRecord.Write(_new.Pointer + _newBytes, hash, offset, instructions, code, relocations);
        _added.Add((_newBytes, page));
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

    private RecordGroup GroupOf(BlockRecord* record, int number)
    {
        int place = (int)((long)_entries[number].Place * BlockRecord.Alignment % CacheFormat.ChunkSize);
        if (record->GroupStart > place || record->GroupEnd > CacheFormat.ChunkSize)
        {
            return default;
        }

        byte* chunk = (byte*)record - place;
        _used.Add(((BlockRecord*)(chunk + record->GroupStart))->Hash);
        return new RecordGroup(chunk + record->GroupStart, chunk + record->GroupEnd);
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
        foreach (List<nint> group in NewGroups())
        {
            room = room && writer.TryAdd(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(group));
            written.Add(((BlockRecord*)group[0])->Hash);
        }

        using CacheFile? current = CacheFile.Open(_directory, _version, out _);
        foreach (bool used in (ReadOnlySpan<bool>)[true, false])
        {
            room = room && (current is null || Copy(current, writer, first => _used.Contains(first) == used && !written.Contains(first)));
        }

        writer.Complete();
    }

    // The records of this run by the page they lay in, in the order in which the pages came up, in groups that fit a chunk.
    private List<List<nint>> NewGroups()
    {
        List<List<nint>> groups = [];
        foreach (IGrouping<nint, (int Place, nint Page)> page in _added.GroupBy(record => record.Page))
        {
            int size = CacheFormat.ChunkSize;
            foreach ((int place, _) in page)
            {
                BlockRecord* record = (BlockRecord*)(_new.Pointer + place);
                if (size + record->Size > CacheFormat.ChunkSize)
                {
                    groups.Add([]);
                    size = 0;
                }

                groups[^1].Add((nint)record);
                size += record->Size;
            }
        }

        return groups;
    }

    // Copies groups in the order they are stored; false if the room is used up. Damaged chunks are left out.
    private static bool Copy(CacheFile from, CacheFileWriter to, Func<uint, bool> wanted)
    {
        byte[] window = GC.AllocateUninitializedArray<byte>(CacheFormat.ChunkSize, pinned: true);
        List<nint> records = [];
        for (int chunk = 0; chunk < from.Chunks; chunk++)
        {
            if (!from.TryRead(chunk, window))
            {
                continue;
            }

            BlockRecord* first;
            for (int place = 0; (first = RecordIn(window, place)) != null; place = first->GroupEnd)
            {
                if (first->GroupStart != place || first->GroupEnd <= place || first->GroupEnd > CacheFormat.ChunkSize)
                {
                    break;
                }

                if (!wanted(first->Hash))
                {
                    continue;
                }

                records.Clear();
                foreach (nint record in new RecordGroup((byte*)first, (byte*)first - place + first->GroupEnd))
                {
                    records.Add(record);
                }

                if (!to.TryAdd(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(records)))
                {
                    return false;
                }
            }
        }

        return true;
    }
}
