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
    private readonly MachineProfile _profile;
    private ulong _nextTable;

    public AddressSpace(Rng rng, int index, bool user, MachineProfile profile)
    {
        _rng = rng;
        _profile = profile;
        Pbmt = profile == MachineProfile.Extended && rng.Chance(50);
        User = user;
        _levels = rng.Between(3, 5);
        _root = MemoryLayout.PageTables + ((ulong)index * TableBytes);
        _nextTable = _root + 0x1000;

        ulong permissions = V | R | W | X | A | D;
        ulong guest = user ? U : 0;
        MapIdentity(MemoryLayout.Harness, permissions);
        MapIdentity(MemoryLayout.DataPage, permissions | guest);
        MapIdentity(MemoryLayout.Code, permissions | guest);
        MapIdentity(MemoryLayout.Code + 0x20_0000, permissions | guest);
        for (int i = 0; i < Mappings; i++)
        {
            MapPool();
        }

        MapHole();
    }

    public bool User { get; }

    /// <summary>Whether menvcfg.PBMTE is to be set.</summary>
    public bool Pbmt { get; }

    /// <summary>Addresses worth accessing, one a mapping, each leading into the page pool.</summary>
    public List<ulong> Targets { get; } = [];

    /// <summary>An address that, if its page may be accessed at all, leads to where nothing is: an access fault after a good translation.</summary>
    public ulong Hole { get; private set; }

    /// <summary>satp with a random ASID.</summary>
    public ulong Satp => ((ulong)(_levels + 5) << 60) | ((_rng.Next() & 0xFFFF) << 44) | (_root >> 12);

    /// <summary>satp.MODE's number of virtual-address bits.</summary>
    public int VirtualBits => 12 + (9 * _levels);

    public IReadOnlyList<(ulong Address, ulong Value)> Entries => [.. _entries.Select(e => (e.Key, e.Value))];

    private void MapIdentity(ulong address, ulong bits) => Map(address, 1, (address >> 2) | bits, damage: false);

    private void MapPool()
    {
        (ulong va, int level) = Place();
        int page = _rng.Below(4);
        if (level > 0)
        {
            ulong size = SizeAt(level);
            ulong physical = MemoryLayout.PagePool & ~(size - 1);
            Map(va, level, Misalign(physical >> 12, level) << 10 | LeafBits(level));
            va += MemoryLayout.PagePool - physical + ((ulong)page << 12);
        }
        else if (_profile == MachineProfile.Extended && _rng.Chance(35))
        {
            va = (va & ~0xFFFFUL) | ((ulong)page << 12);
            ulong leaf = (1UL << 63) | LeafBits(0);
            ulong pattern = 8; // the one legal: 64 KiB
            if (_rng.Chance(15))
            {
                // QEMU 7.2 updates A and D before it sees that the pattern is reserved: leave it nothing to update.
                pattern = _rng.OneOf<ulong>(0, 1, 2, 4, 12);
                leaf |= A | D;
            }

            for (ulong i = 0; i < 16; i++)
            {
                Map((va & ~0xFFFFUL) | (i << 12), 0, ((MemoryLayout.PagePool >> 12) | pattern) << 10 | leaf);
            }
        }
        else
        {
            Map(va, 0, PoolPpn(page) | LeafBits(0));
            if (IndexAt(va, 0) != 511 && _rng.Chance(70))
            {
                Map(va + 0x1000, 0, PoolPpn(page + 1) | LeafBits(0));
            }
        }

        Targets.Add(va);
    }

    private void MapHole()
    {
        (ulong va, int level) = Place();
        Map(va, level, Misalign(1UL << 40, level) << 10 | LeafBits(level));
        Hole = va;
    }

    /// <summary>Where a random leaf goes: an aligned virtual address and the level.</summary>
    private (ulong Address, int Level) Place()
    {
        int level = _rng.Chance(55) ? 0 : _rng.Below(_levels);
        ulong va;
        do
        {
            va = SignExtend(_rng.Next() & ~(SizeAt(level) - 1));
        }
        // Each has a root entry to itself, so that no leaf covers, or makes a table of, another or the identity mapping.
        // In the lowest 32 GiB QEMU's machine has devices that ours has not, which untranslated accesses from M would find.
        while (_entries.ContainsKey(_root + (IndexAt(va, _levels - 1) * 8)) || va >> 35 == 0);
        return (va, level);
    }

    private ulong LeafBits(int level)
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

        if (_profile == MachineProfile.Plain)
        {
            if (_rng.Chance(8))
            {
                bits |= 1UL << _rng.Between(54, 62); // reserved
            }
        }
        else if (Pbmt && _rng.Chance(40))
        {
            bits |= (ulong)_rng.Between(1, 2) << 61;
        }

        // Above level 0 no permission means a pointer: to the page pool, where any table might be found.
        return level > 0 && (bits & (R | W | X)) == 0 ? bits | R : bits;
    }

    private static ulong PoolPpn(int page) => ((MemoryLayout.PagePool >> 12) + (ulong)page) << 10;

    private ulong Misalign(ulong ppn, int level) => level > 0 && _rng.Chance(10) ? ppn | (1UL << _rng.Below(9 * level)) : ppn;

    private static ulong SizeAt(int level) => 1UL << (12 + (9 * level));

    private void Map(ulong va, int level, ulong leaf, bool damage = true)
    {
        ulong table = _root;
        for (int l = _levels - 1; l > level; l--)
        {
            ulong slot = table + (IndexAt(va, l) * 8);
            if (!_entries.TryGetValue(slot, out ulong entry))
            {
                entry = ((_nextTable >> 12) << 10) | V;
                _nextTable += 0x1000;
                if (_nextTable - _root > TableBytes)
                {
                    throw new InvalidOperationException("An address space outgrew its table memory.");
                }

                if (damage && _rng.Chance(3))
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
