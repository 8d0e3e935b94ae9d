using CoveJit.Fuzz.Harness;

namespace CoveJit.Fuzz.Generation;

/// <summary>
/// Random page tables: the identity mapping that the program itself lives in, and a dozen mappings of every level and
/// every kind of damage for the accesses under test.
/// </summary>
public sealed class AddressSpace
{
    /// <summary>Table memory of one address space; 16 of them fit in front of the page pool.</summary>
    public const ulong TableBytes = 0x10_0000;

    private const ulong V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;
    private const int Mappings = 12;

    private readonly Dictionary<ulong, ulong> _entries = [];
    private readonly Rng _rng;
    private readonly int _levels;
    private readonly ulong _root;
    private readonly bool _napot;
    private ulong _nextTable;

    public AddressSpace(Rng rng, int index, bool user, bool napot, bool pbmt)
    {
        _rng = rng;
        _napot = napot;
        Pbmt = pbmt;
        User = user;
        _levels = rng.Between(3, 5);
        _root = MemoryLayout.PageTables + ((ulong)index * TableBytes);
        _nextTable = _root + 0x1000;

        ulong permissions = V | R | W | X | A | D;
        ulong guest = user ? U : 0;
        MapSuperpage(MemoryLayout.Harness, permissions);
        MapSuperpage(MemoryLayout.DataPage, permissions | guest);
        MapSuperpage(MemoryLayout.Code, permissions | guest);
        MapSuperpage(MemoryLayout.Code + 0x20_0000, permissions | guest);
        for (int i = 0; i < Mappings; i++)
        {
            MapRandom();
        }
    }

    public bool User { get; }

    /// <summary>Whether menvcfg.PBMTE is to be set.</summary>
    public bool Pbmt { get; }

    /// <summary>Addresses worth accessing, one a mapping, each leading into the page pool.</summary>
    public List<ulong> Targets { get; } = [];

    /// <summary>satp with a random ASID.</summary>
    public ulong Satp => ((ulong)(_levels + 5) << 60) | ((_rng.Next() & 0xFFFF) << 44) | (_root >> 12);

    /// <summary>satp.MODE's number of virtual-address bits.</summary>
    public int VirtualBits => 12 + (9 * _levels);

    public IReadOnlyList<(ulong Address, ulong Value)> Entries => [.. _entries.Select(e => (e.Key, e.Value))];

    private void MapSuperpage(ulong address, ulong bits) => Map(address, 1, (address >> 2) | bits, plain: true);

    private void MapRandom()
    {
        int level = _rng.Chance(55) ? 0 : _rng.Below(_levels);
        ulong va;
        do
        {
            va = SignExtend(_rng.Next() & ~0xFFFUL);
        }
        // The identity mappings share the root entry of addresses around 2 GiB: keep away from it.
        while (IndexAt(va, _levels - 1) == IndexAt(MemoryLayout.Harness, _levels - 1));

        int page = _rng.Below(4);
        ulong bits = LeafBits();
        ulong target;
        if (level == 0)
        {
            bool contiguous = _napot && _rng.Chance(35);
            if (contiguous)
            {
                va = (va & ~0xFFFFUL) | ((ulong)page << 12);
                ulong pool = MemoryLayout.PagePool >> 12;
                // Mostly the one legal pattern (64 KiB), sometimes a reserved one.
                ulong pattern = _rng.Chance(85) ? 8UL : _rng.OneOf<ulong>(0, 1, 2, 4, 12);
                ulong value = (1UL << 63) | ((pool | pattern) << 10) | bits;
                for (int i = 0; i < 16; i++)
                {
                    Map((va & ~0xFFFFUL) | ((ulong)i << 12), 0, value, plain: false);
                }
            }
            else
            {
                Map(va, 0, LeafPpn(MemoryLayout.PagePool + ((ulong)page << 12), 0) | bits, plain: false);
                if (IndexAt(va, 0) != 511 && _rng.Chance(70))
                {
                    Map(va + 0x1000, 0, LeafPpn(MemoryLayout.PagePool + ((ulong)(page + 1) << 12), 0) | LeafBits(), plain: false);
                }
            }

            target = va;
        }
        else
        {
            ulong size = 1UL << (12 + (9 * level));
            va &= ~(size - 1);
            ulong physical = MemoryLayout.PagePool & ~(size - 1);
            Map(va, level, LeafPpn(physical, level) | bits, plain: false);
            target = va + (MemoryLayout.PagePool - physical) + ((ulong)page << 12);
        }

        Targets.Add(SignExtend(target));
    }

    private ulong LeafBits()
    {
        ulong bits = V | A | D | (_rng.Next() & (U | G | 0x300));
        bits |= _rng.Below(10) switch
        {
            < 4 => R | W,
            4 => R,
            5 => R | X,
            6 => X,
            7 => R | W | X,
            8 => _rng.Next() & (R | W | X),
            _ => R | W,
        };
        if (_rng.Chance(40))
        {
            bits &= ~(_rng.Next() & (A | D));
        }

        if (_rng.Chance(5))
        {
            bits &= ~V;
        }

        // Without Svnapot in the machine QEMU 7.2 checks the reserved bits, with it it does not.
        if (!_napot && !Pbmt && _rng.Chance(8))
        {
            bits |= 1UL << _rng.Between(54, 60);
        }

        if (Pbmt && _rng.Chance(40))
        {
            bits |= (ulong)_rng.Between(1, 2) << 61;
        }
        else if (!Pbmt && !_napot && _rng.Chance(5))
        {
            bits |= (ulong)_rng.Between(1, 3) << 61;
        }

        return bits;
    }

    private ulong LeafPpn(ulong physical, int level)
    {
        if (_rng.Chance(4))
        {
            // Nothing lives there: an access fault after a good translation.
            physical = 0x10_0000_0000_0000 & ~((1UL << (12 + (9 * level))) - 1);
        }

        ulong ppn = physical >> 12;
        if (level > 0 && _rng.Chance(10))
        {
            ppn |= 1UL << _rng.Below(9 * level);
        }

        return ppn << 10;
    }

    private void Map(ulong va, int level, ulong leaf, bool plain)
    {
        ulong table = _root;
        for (int l = _levels - 1; l > level; l--)
        {
            ulong slot = table + (IndexAt(va, l) * 8);
            if (!_entries.TryGetValue(slot, out ulong entry) || (entry & (R | W | X)) != 0)
            {
                if (_entries.ContainsKey(slot))
                {
                    return; // an earlier superpage covers it
                }

                entry = ((_nextTable >> 12) << 10) | V;
                _nextTable += 0x1000;
                if (_nextTable - _root > TableBytes)
                {
                    throw new InvalidOperationException("An address space outgrew its table memory.");
                }

                if (!plain && _rng.Chance(3))
                {
                    entry |= _rng.OneOf(A, D, U, A | D);
                }

                _entries[slot] = entry;
            }

            table = (entry >> 10 & 0xFFF_FFFF_FFFF) << 12;
        }

        _entries[table + (IndexAt(va, level) * 8)] = leaf;
    }

    private static ulong IndexAt(ulong va, int level) => (va >> (12 + (9 * level))) & 511;

    private ulong SignExtend(ulong va)
    {
        int unused = 64 - VirtualBits;
        return (ulong)((long)(va << unused) >> unused);
    }
}
