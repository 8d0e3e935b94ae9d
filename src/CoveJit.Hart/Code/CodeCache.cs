using CoveJit.Harts.State;
using CoveJit.Isa;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Code;

/// <summary>
/// Decoded blocks of all harts, keyed by physical address. For each page of RAM with code there is a table with one 32-bit reference for each
/// halfword. Lookups take no lock; building and invalidating do.
/// </summary>
/// <remarks>
/// Tables and blocks live in an arena and are only unlinked, never freed, until <see cref="Reset"/> empties the whole arena while no hart
/// executes. A page whose code is decoded is flagged <see cref="PageFlags.Code"/>: a store to it unlinks its table. A store of another hart
/// that was already past its TLB check when the flag was set is caught by <see cref="ForgetYoungPages"/> at the next FENCE.I.
/// </remarks>
public sealed unsafe class CodeCache : IPageWriteObserver, IDisposable
{
    /// <summary>Offset of <see cref="HostCode"/> in the arena: the second half, from which native code reaches every block with 32-bit displacements.</summary>
    public const ulong HostCodeStart = ArenaSize / 2;

    private const int TableSize = 2048 * sizeof(uint);
    private const ulong ArenaSize = 1UL << 30;

    // Reference 0 means "no block". What it leads to is a block header without translation, so that native code need not look.
    private const ulong FirstBlock = 32;

    private readonly GuestRam _ram;
    private readonly ExtensionSet _extensions;
    private readonly NativeMemoryBlock _arena;
    private readonly NativeMemoryBlock _tables;
    private readonly ulong _limit;
    private readonly Lock _lock = new();
    private readonly List<ulong> _youngPages = [];
    private readonly List<Tlb> _tlbs = [];
    private Action<ulong> _dropWriteEntries = _ => { };
    private ulong _used;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="ram">The guest's RAM; the cache observes stores to it.</param>
    /// <param name="extensions">What the harts implement: the decoder's only other input.</param>
    /// <param name="limit">Bytes of decoded code at which the cache asks to be reset.</param>
    public CodeCache(GuestRam ram, ExtensionSet extensions, ulong limit = 192UL << 20)
    {
        _ram = ram;
        _extensions = extensions;
        _limit = Math.Min(limit, HostCodeStart - (1 << 20));
        _arena = new NativeMemoryBlock(ArenaSize);
        _tables = new NativeMemoryBlock((ram.Size >> GuestRam.PageShift) * 8);
        Arena = _arena.Pointer;
        Tables = (uint**)_tables.Pointer;
        _used = FirstBlock;
        ram.AddObserver(this);
    }

    /// <summary>Base of the arena: a reference counts 16-byte units from here.</summary>
    public byte* Arena { get; }

    /// <summary>For each page of RAM its table of references, or null.</summary>
    public uint** Tables { get; }

    /// <summary>Memory for native code, in reach of all blocks.</summary>
    public byte* HostCode => Arena + HostCodeStart;

    /// <summary>Bytes of <see cref="HostCode"/>.</summary>
    public static ulong HostCodeSize => ArenaSize - HostCodeStart;

    /// <summary>What <see cref="Block.Native"/> is for a block without native code; 0 where there is no native code at all.</summary>
    public nint NativeMiss { get; private set; }

    /// <summary>Held while blocks are built and forgotten; the translator takes it to install code.</summary>
    public Lock Sync => _lock;

    /// <summary>What makes translated code of hot blocks, or null. Set before any hart runs.</summary>
    public ITranslator? Translator { get; private set; }

    /// <summary>How often the interpreter comes to a block before it tells the translator.</summary>
    public uint HotThreshold { get; private set; } = uint.MaxValue;

    /// <summary>How often native code of a block runs before the translator is told again; 0 where it is not.</summary>
    public int RegionThreshold { get; private set; }

    /// <summary>Blocks built since creation.</summary>
    public ulong BlocksBuilt { get; private set; }

    /// <summary>Pages whose code was discarded because of a store.</summary>
    public ulong PagesInvalidated { get; private set; }

    /// <summary>Whether the arena is nearly full: the harts shall stop and call <see cref="Reset"/>.</summary>
    public bool IsFull => _used > _limit;

    /// <summary>Whether more than one host thread executes guest code, so that stores race with decoding.</summary>
    public bool Concurrent { get; set; }

    /// <summary>Gives hot blocks to a translator from now on. Only while no hart runs.</summary>
    /// <param name="translator">The translator.</param>
    /// <param name="threshold">How often the interpreter comes to a block before it tells the translator.</param>
    /// <param name="regionThreshold">How often native code of a block runs before the translator is told again, or 0.</param>
    public void Attach(ITranslator translator, uint threshold, int regionThreshold = 0)
    {
        Translator = translator;
        HotThreshold = threshold;
        RegionThreshold = regionThreshold;
    }

    /// <summary>Adds a hart's TLB, whose jump caches lead to blocks.</summary>
    internal void Add(Tlb tlb)
    {
        lock (_lock)
        {
            _tlbs.Add(tlb);
        }
    }

    /// <summary>Removes a TLB that is about to go.</summary>
    internal void Remove(Tlb tlb)
    {
        lock (_lock)
        {
            _tlbs.Remove(tlb);
        }
    }

    /// <summary>How often a block has been come to, in the interpreter and in native code.</summary>
    public long HeatOf(Block* block) => block->Heat + (long)block->NativeRuns + RegionThreshold;

    /// <summary>Has a block counted from the start: once it is hot again, the translator is told again.</summary>
    public void Cool(Block* block)
    {
        block->Heat = 0;
        block->NativeRuns = -RegionThreshold;
    }

    /// <summary>Has a block counted from the start for the baseline tier only: as native code it is as hot as it may become.</summary>
    public void Settle(Block* block)
    {
        block->Heat = 0;
        block->NativeRuns = 0;
    }

    /// <summary>Makes the memory for native code executable. Only while no hart runs.</summary>
    /// <param name="miss">What native code does that comes to a block without native code.</param>
    public void EnableHostCode(nint miss)
    {
        _arena.MakeExecutable(HostCodeStart, HostCodeSize);
        NativeMiss = miss;
        ((Block*)Arena)->Native = miss;
    }

    /// <summary>Asks for a <see cref="Reset"/>: the memory for native code is full.</summary>
    public void RequestReset() => _used = Math.Max(_used, _limit + 1);

    /// <summary>Sets what drops the TLB write entries for a page (its physical address) in all harts.</summary>
    public void OnPageBecomesCode(Action<ulong> dropWriteEntries) => _dropWriteEntries = dropWriteEntries;

    /// <summary>The block at a reference.</summary>
    public Block* BlockAt(uint reference) => (Block*)(Arena + ((ulong)reference << 4));

    /// <summary>
    /// The block that starts at a physical address of RAM, built if need be. Null if the first instruction crosses into the next page
    /// (it must be fetched and executed by itself).
    /// </summary>
    /// <param name="address">Physical address.</param>
    /// <param name="table">
    /// The table that holds the block. Not to be looked up again: another hart may discard the page at any time, and a table once found stays readable.
    /// </param>
    public Block* Find(ulong address, out uint* table)
    {
        ulong page = (address - _ram.Base) >> GuestRam.PageShift;
        table = (uint*)Volatile.Read(ref *(nint*)(Tables + page));
        if (table != null)
        {
            uint reference = Volatile.Read(ref table[(address & 0xFFF) >> 1]);
            if (reference != 0)
            {
                return BlockAt(reference);
            }
        }

        lock (_lock)
        {
            return Build(address, page, out table);
        }
    }

    /// <summary>Discards the code of a page that was written.</summary>
    public void OnWrite(ulong address, int length, PageFlags flags)
    {
        if ((flags & PageFlags.Code) != 0)
        {
            lock (_lock)
            {
                Forget((address - _ram.Base) >> GuestRam.PageShift);
            }
        }
    }

    /// <summary>
    /// Discards the pages that were decoded since the last call while some hart could store to them: a part of FENCE.I where harts run concurrently.
    /// </summary>
    public void ForgetYoungPages()
    {
        if (!Concurrent)
        {
            return;
        }

        lock (_lock)
        {
            foreach (ulong page in _youngPages)
            {
                Forget(page);
            }

            _youngPages.Clear();
        }
    }

    /// <summary>Empties the cache. No hart may be executing.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            for (ulong page = 0; page < _ram.Size >> GuestRam.PageShift; page++)
            {
                if (Tables[page] != null)
                {
                    Forget(page);
                }
            }

            _youngPages.Clear();
            Translator?.OnReset();
            _tlbs.ForEach(tlb => tlb.ForgetJumps());
            _arena.Discard(HostCodeStart);
            _used = FirstBlock;
            ((Block*)Arena)->Native = NativeMiss;
        }
    }

    /// <summary>Releases the memory.</summary>
    public void Dispose()
    {
        _arena.Dispose();
        _tables.Dispose();
    }

    private void Forget(ulong page)
    {
        uint* table = Tables[page];
        if (table != null)
        {
            Volatile.Write(ref *(nint*)(Tables + page), 0);
            for (int i = 0; i < TableSize / sizeof(uint); i++)
            {
                if (table[i] != 0)
                {
                    Block* block = BlockAt(table[i]);
                    Volatile.Write(ref block->Entry, 0);
                    Volatile.Write(ref block->Native, NativeMiss);
                }
            }

            _ram.ClearFlags(_ram.Base + (page << GuestRam.PageShift), PageFlags.Code);
            PagesInvalidated++;
            _tlbs.ForEach(tlb => tlb.ForgetJumps());
            Translator?.OnPageForgotten(page);
        }
    }

    private Block* Build(ulong address, ulong page, out uint* table)
    {
        table = Tables[page];
        if (table == null)
        {
            // The flag first, then the write entries, then the bytes: a later store is seen, an earlier one is read.
            ulong pageAddress = address & ~0xFFFUL;
            _ram.SetFlags(pageAddress, PageFlags.Code);
            if ((_ram.FlagsOf(pageAddress) & PageFlags.HasWriteEntry) != 0)
            {
                _ram.ClearFlags(pageAddress, PageFlags.HasWriteEntry);
                _dropWriteEntries(pageAddress);
                if (Concurrent)
                {
                    // A hart may be between its TLB check and its store right now: only FENCE.I makes sure.
                    _youngPages.Add(page);
                }
            }

            table = (uint*)Allocate(TableSize);
            Volatile.Write(ref *(nint*)(Tables + page), (nint)table);
        }

        uint existing = table[(address & 0xFFF) >> 1];
        if (existing != 0)
        {
            return BlockAt(existing);
        }

        Block* block = (Block*)(Arena + _used);
        DecodedInstruction* instruction = Block.Instructions(block);
        byte* code = _ram.HostAddress(address);
        int room = 0x1000 - (int)(address & 0xFFF);
        int length = Block.ChunkSize - (int)(address & (Block.ChunkSize - 1));
        int offset = 0;
        int count = 0;
        bool ended = false;
        while (!ended && offset < length)
        {
            uint raw = *(ushort*)(code + offset);
            if ((raw & 3) == 3)
            {
                if (offset + 4 > room)
                {
                    break; // crosses the page
                }

                raw |= (uint)*(ushort*)(code + offset + 2) << 16;
            }

            DecodedInstruction decoded = Decoder.Decode(raw, _extensions);
            ended = Prepare(ref decoded, offset);
            instruction[count++] = decoded;
            offset += decoded.Length;
        }

        if (count == 0)
        {
            return null;
        }

        if (!ended)
        {
            instruction[count] = new DecodedInstruction { Op = Op.BlockEnd };
        }

        block->Count = (ushort)count;
        block->ByteLength = (ushort)offset;
        block->Heat = 0;
        block->Entry = 0;
        block->Native = NativeMiss;
        block->NativeRuns = -RegionThreshold;
        block->Credit = 0;
        uint reference = (uint)(_used >> 4);
        Allocate(sizeof(Block) + ((count + (ended ? 0 : 1)) * sizeof(DecodedInstruction)));
        BlocksBuilt++;
        Volatile.Write(ref table[(address & 0xFFF) >> 1], reference);
        return block;
    }

    // Adapts a decoded instruction to its place in a block; true if it ends the block.
    private static bool Prepare(ref DecodedInstruction decoded, int offset)
    {
        OpFlags flags = OpInfo.FlagsOf(decoded.Op);
        if (decoded.Rd == 0 && (flags & OpFlags.WritesRd) != 0 && OpInfo.Kind(decoded.Op) != OpKind.System)
        {
            decoded.Rd = HartState.Sink;
        }

        if ((flags & OpFlags.PcRelative) != 0)
        {
            decoded.Imm += offset;
        }

        return (flags & OpFlags.EndsBlock) != 0 || decoded.Op == Op.Illegal;
    }

    private byte* Allocate(int size)
    {
        byte* p = Arena + _used;
        _used += (ulong)((size + 15) & ~15);
        return p;
    }
}
