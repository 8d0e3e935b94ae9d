using CoveJit.Memory.Physical;

namespace CoveJit.Memory.Translation;

/// <summary>
/// A hart's software TLB: a pool of <see cref="TlbBank"/>s, one for each recently used <see cref="TlbContext"/>.
/// Only the owning hart calls it, except for <see cref="DropWrites"/>, which any thread may call.
/// </summary>
public sealed unsafe class Tlb : IDisposable
{
    private const int Banks = 16;

    private readonly NativeMemoryBlock _memory = new(Banks * (ulong)TlbBank.Size);
    private readonly WalkCache _walks = new(Banks);
    private readonly TlbContext[] _contexts = new TlbContext[Banks];
    private readonly ulong[] _lastUse = new ulong[Banks];

    // Which 2 MiB regions have entries that came from 2 MiB pages, and which 1 GiB regions from larger ones: hashed to 64 bits.
    private readonly ulong[] _megapages = new ulong[Banks];
    private readonly ulong[] _gigapages = new ulong[Banks];
    private readonly bool[] _filled = new bool[Banks];
    private ulong _uses;

    /// <summary>Makes an empty TLB.</summary>
    public Tlb()
    {
        Array.Fill(_contexts, TlbContext.None);
        new Span<byte>(_memory.Pointer, Banks * TlbBank.Size).Fill(0xFF);
    }

    /// <summary>Fills since creation, by access type.</summary>
    public ulong[] Fills { get; } = new ulong[3];

    /// <summary>The bank of a context; the least recently used one is recycled if there is none yet.</summary>
    public TlbBank* Select(in TlbContext context)
    {
        int victim = 0;
        for (int i = 0; i < Banks; i++)
        {
            if (_contexts[i] == context)
            {
                _lastUse[i] = ++_uses;
                return Bank(i);
            }

            if (_lastUse[i] < _lastUse[victim])
            {
                victim = i;
            }
        }

        if (_contexts[victim] != TlbContext.None)
        {
            Clear(victim);
            Recycled++;
        }

        _contexts[victim] = context;
        _lastUse[victim] = ++_uses;
        return Bank(victim);
    }

    /// <summary>How often a bank was taken from one context and given to another: banks selected before then are to be selected anew.</summary>
    public ulong Recycled { get; private set; }

    /// <summary>Counts a bank as used, so that <see cref="Select"/> recycles others first.</summary>
    public void Use(TlbBank* bank) => _lastUse[IndexOf(bank)] = ++_uses;

    /// <summary>Finds the page that a walk has led to, if it may be so accessed by what is not in page flags, and the bank has kept it since.</summary>
    /// <param name="bank">The bank, from <see cref="Select"/>.</param>
    /// <param name="address">Virtual address.</param>
    /// <param name="access">The access to be made.</param>
    /// <param name="host">Host address of the page's first byte.</param>
    public bool TryRecall(TlbBank* bank, ulong address, AccessType access, out byte* host) => _walks.TryFind(IndexOf(bank), address, access, out host);

    /// <summary>Keeps what a walk has led to, for <see cref="TryRecall"/>. Parameters as <see cref="Fill"/>, which is to follow unless page flags forbid it.</summary>
    public void Remember(TlbBank* bank, ulong address, AccessType access, byte* host, int pageShift)
    {
        int index = IndexOf(bank);
        _walks.Add(index, address, access, host);
        _filled[index] = true;
        if (pageShift > 12)
        {
            if (pageShift <= 21)
            {
                _megapages[index] |= RegionBit(address >> 21);
            }
            else
            {
                // A leaf above 1 GiB (Sv48, Sv57) spans many regions: any fence by address may mean it.
                _gigapages[index] |= pageShift <= 30 ? RegionBit(address >> 30) : ~0UL;
            }
        }
    }

    /// <summary>Installs an entry for a page that <see cref="Remember"/> was told of.</summary>
    /// <param name="bank">The bank, from <see cref="Select"/>.</param>
    /// <param name="address">Virtual address within the page.</param>
    /// <param name="access">Which array.</param>
    /// <param name="host">Host address of the page's first byte.</param>
    public void Fill(TlbBank* bank, ulong address, AccessType access, byte* host)
    {
        ulong page = address & ~0xFFFUL;
        TlbEntry* entry = TlbBank.EntryFor(bank, address, access);

        if (access == AccessType.Execute && entry->Tag != page && entry->Tag != TlbEntry.Invalid)
        {
            TlbBank.ClearJumps(bank);
        }

        // The tag goes last: DropWrites, on another thread, must not see a tag with a stale addend.
        Volatile.Write(ref entry->Tag, TlbEntry.Invalid);
        Volatile.Write(ref entry->Addend, (nint)((ulong)host - page));
        Volatile.Write(ref entry->Tag, page);
        Fills[(int)access]++;
    }

    /// <summary>Forgets everything: changes of PMP, and of what is in no context.</summary>
    public void FlushAll()
    {
        for (int i = 0; i < Banks; i++)
        {
            if (_contexts[i] != TlbContext.None)
            {
                Clear(i);
            }
        }
    }

    /// <summary>Forgets what a fence names.</summary>
    public void Flush(in TlbFence fence)
    {
        for (int i = 0; i < Banks; i++)
        {
            if (!fence.Covers(_contexts[i]))
            {
                continue;
            }

            if (fence.Address is not ulong address)
            {
                Clear(i);
                continue;
            }

            // A leaf of a superpage maps many of our 4 KiB entries; the fence names any of its addresses.
            if ((_gigapages[i] & RegionBit(address >> 30)) != 0 || (_megapages[i] & RegionBit(address >> 21)) != 0)
            {
                Clear(i);
                continue;
            }

            _walks.Remove(i, address);
            for (AccessType access = AccessType.Read; access <= AccessType.Execute; access++)
            {
                TlbEntry* entry = TlbBank.EntryFor(Bank(i), address, access);
                if (entry->Tag == (address & ~0xFFFUL))
                {
                    entry->Tag = TlbEntry.Invalid;
                    if (access == AccessType.Execute)
                    {
                        TlbBank.ClearJumps(Bank(i));
                    }
                }
            }
        }
    }

    /// <summary>
    /// Drops the write entries that lead to a page of guest RAM that has just been flagged. Thread-safe: a hart that fills such an entry
    /// concurrently looks at the flag after its fill.
    /// </summary>
    public void DropWrites(byte* hostPage)
    {
        for (int i = 0; i < Banks; i++)
        {
            TlbEntry* entry = (TlbEntry*)((byte*)Bank(i) + ((int)AccessType.Write * TlbBank.ArraySize));
            for (int n = 0; n < TlbBank.Entries; n++, entry++)
            {
                ulong tag = Volatile.Read(ref entry->Tag);
                if (tag != TlbEntry.Invalid && (ulong)entry->Addend + tag == (ulong)hostPage)
                {
                    Interlocked.CompareExchange(ref entry->Tag, TlbEntry.Invalid, tag);
                }
            }
        }
    }

    /// <summary>Empties the jump caches: blocks they lead to were discarded. Thread-safe.</summary>
    public void ForgetJumps()
    {
        for (int i = 0; i < Banks; i++)
        {
            TlbBank.ClearJumps(Bank(i));
        }
    }

    /// <summary>Releases the memory.</summary>
    public void Dispose()
    {
        _memory.Dispose();
        _walks.Dispose();
    }

    private static ulong RegionBit(ulong region) => 1UL << (int)((region * 0x9E3779B97F4A7C15) >> 58);

    private int IndexOf(TlbBank* bank) => (int)(((byte*)bank - _memory.Pointer) / TlbBank.Size);

    private TlbBank* Bank(int index) => (TlbBank*)(_memory.Pointer + (index * TlbBank.Size));

    private void Clear(int index)
    {
        if (!_filled[index])
        {
            return;
        }

        _filled[index] = false;
        TlbBank.Clear(Bank(index));
        _walks.Clear(index);
        _megapages[index] = 0;
        _gigapages[index] = 0;
    }
}
