using CoveJit.Memory.Physical;

namespace CoveJit.Memory.Translation;

/// <summary>
/// What walks of page tables have found and the checks behind them permitted, one table for each bank of a <see cref="Tlb"/>: a second level that holds
/// sixteen times as many pages. Page flags are not in it; whoever fills the first level from here looks at them as after a walk.
/// </summary>
internal sealed unsafe class WalkCache : IDisposable
{
    private const int IndexBits = 14;
    private const int Entries = 1 << IndexBits;
    private const ulong Generations = 0x1000; // in the low bits of tags

    private readonly NativeMemoryBlock _memory;
    private readonly ulong[] _generations;

    public WalkCache(int banks)
    {
        _memory = new NativeMemoryBlock((ulong)banks * Entries * (ulong)sizeof(Entry));
        _generations = new ulong[banks];
        Array.Fill(_generations, 1UL); // tags of memory never touched are 0
    }

    /// <summary>The host address of the page's first byte, if it is known that it may be so accessed.</summary>
    public bool TryFind(int bank, ulong address, AccessType access, out byte* host)
    {
        Entry* entry = EntryFor(bank, address);
        host = (byte*)(entry->Host & ~0xFFFUL);
        return entry->Tag == TagOf(bank, address) && (entry->Host & (1UL << (int)access)) != 0;
    }

    /// <summary>Remembers that a page may be accessed.</summary>
    /// <param name="bank">Number of the bank.</param>
    /// <param name="address">Virtual address within the page.</param>
    /// <param name="access">The access that was permitted.</param>
    /// <param name="host">Host address of the page's first byte.</param>
    public void Add(int bank, ulong address, AccessType access, byte* host)
    {
        Entry* entry = EntryFor(bank, address);
        ulong tag = TagOf(bank, address);
        bool same = entry->Tag == tag && (entry->Host & ~0xFFFUL) == (ulong)host;
        entry->Host = (same ? entry->Host : (ulong)host) | (1UL << (int)access);
        entry->Tag = tag;
    }

    /// <summary>Forgets one page.</summary>
    public void Remove(int bank, ulong address)
    {
        Entry* entry = EntryFor(bank, address);
        if (entry->Tag == TagOf(bank, address))
        {
            entry->Tag = 0;
        }
    }

    /// <summary>Forgets all pages of a bank.</summary>
    public void Clear(int bank)
    {
        if (++_generations[bank] == Generations)
        {
            _generations[bank] = 1;
            _memory.Discard((ulong)bank * Entries * (ulong)sizeof(Entry), Entries * (ulong)sizeof(Entry));
        }
    }

    public void Dispose() => _memory.Dispose();

    private ulong TagOf(int bank, ulong address) => (address & ~0xFFFUL) | _generations[bank];

    private Entry* EntryFor(int bank, ulong address) => (Entry*)_memory.Pointer + ((long)bank << IndexBits) + (long)((address >> 12) & (Entries - 1));

    // Host: the page, with a bit for each AccessType in its low bits.
    private struct Entry
    {
        public ulong Tag;
        public ulong Host;
    }
}
