using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests.Protection;

/// <summary>
/// Random tables of all kinds in a machine's RAM, dense enough that most walks come far: whatever the index, the entry is likely to lead on. Tables of
/// both stages lead into one region of 2 MiB, which G-stages map mostly to itself, so that VS-stage tables are found through them.
/// </summary>
internal sealed class ProtectionWorld
{
    private const ulong Page = 0x1000;
    private const ulong Region = Base + 0x40_0000; // pages 16 n to 16 n + 15: page tables of level n; from 80 on data
    private const int TablesPerLevel = 16;
    private const int FirstData = 5 * TablesPerLevel;
    private const ulong GuestTables = Base + 0x60_0000; // 16 pages for each level
    private const ulong MptTables = Base + 0x70_0000; // 8 pages for each level
    private const ulong Limit = Base + 0x80_0000;
    private const int PmpEntries = 16;

    // Fields of mstatus and vsstatus, and of menvcfg and henvcfg.
    private const ulong Mprv = 1UL << 17;
    private const ulong Sum = 1UL << 18;
    private const ulong Mxr = 1UL << 19;
    private const ulong Mpp = 3UL << 11;
    private const ulong Mpv = 1UL << 39;
    private const ulong Adue = 1UL << 61;
    private const ulong Pbmte = 1UL << 62;

    private readonly TestMachine _machine;
    private readonly Random _random;
    private ulong[] _shadow = [];

    public ProtectionWorld(TestMachine machine, Random random)
    {
        _machine = machine;
        _random = random;
        Model = new AccessModel { Memory = Read, RamBase = Base, RamSize = machine.Ram.Size };
    }

    public AccessModel Model { get; }

    /// <summary>mstatus for the accesses' mode: in M-mode, with MPRV unless the mode is M.</summary>
    public ulong Status => StatusBits | (Model.Privilege == 3 ? 0 : Mprv | ((ulong)Model.Privilege << 11) | (Model.Virtual ? Mpv : 0));

    /// <summary>The same without MPRV: the mode is the hart's.</summary>
    public ulong StatusBits => (Model.Sum ? Sum : 0) | (Model.Mxr ? Mxr : 0);

    /// <summary>Makes new tables and new values of all that does not change from access to access. In M-mode.</summary>
    public void Make()
    {
        WritePageTables();
        WriteGuestTables();
        WriteProtectionTables();
        Model.Adue = OneIn(2);
        Model.VirtualAdue = Model.Adue && OneIn(2);
        Model.Pbmte = OneIn(2);
        Model.VirtualPbmte = Model.Pbmte && OneIn(2);
        _machine.Set(0x30A, (Model.Adue ? Adue : 0) | (Model.Pbmte ? Pbmte : 0));
        _machine.Set(0x60A, (Model.VirtualAdue ? Adue : 0) | (Model.VirtualPbmte ? Pbmte : 0));
        WritePmp();
        _machine.Hart.FenceDomain(null);
        _shadow = [.. Contents()];
    }

    /// <summary>Chooses a mode, roots and what else may change between accesses. In M-mode; mstatus is the caller's to set.</summary>
    public void ChangeMode()
    {
        Model.Satp = RandomAtp(Region);
        Model.Vsatp = RandomAtp(Region);
        Model.Hgatp = RandomAtp(GuestTables, guest: true);
        int mode = OneIn(5) ? 0 : _random.Next(1, 4);
        Model.Mmpt = ((ulong)mode << 60) | ((ulong)_random.Next(3) << 52) | (mode == 0 ? 0 : MptTable(mode + 1, 0) >> 12);
        Model.Sum = OneIn(2);
        Model.Mxr = OneIn(2);
        Model.VirtualSum = OneIn(2);
        Model.VirtualMxr = OneIn(2);
        _machine.Set(0x180, Model.Satp);
        _machine.Set(0x280, Model.Vsatp);
        _machine.Set(0x680, Model.Hgatp);
        _machine.Set(0x382, Model.Mmpt);
        Assert.Equal((Model.Satp, Model.Vsatp, Model.Hgatp, Model.Mmpt), (_machine.Get(0x180), _machine.Get(0x280), _machine.Get(0x680), _machine.Get(0x382)));
        _machine.Set(0x200, (Model.VirtualSum ? Sum : 0) | (Model.VirtualMxr ? Mxr : 0));
        Model.Privilege = _random.Next(8) switch { 0 => 3, < 4 => 0, _ => 1 };
        Model.Virtual = Model.Privilege != 3 && OneIn(2);
    }

    /// <summary>Writes the fields of mstatus that the two properties above are about.</summary>
    public void SetStatus(ulong value) => _machine.Hart.WriteMstatus(value, Sum | Mxr | Mprv | Mpp | Mpv);

    /// <summary>An address that is likely to lead somewhere.</summary>
    public ulong RandomAddress(int size)
    {
        bool bare = Model.Virtual ? Model.Vsatp == 0 : Model.Satp == 0 || Model.Privilege == 3;
        ulong address = bare
            ? Region + (ulong)_random.Next(0x20_0000) + (OneIn(30) ? (ulong)_random.NextInt64() : 0)
            : CanonicalAddress((int)((Model.Virtual ? Model.Vsatp : Model.Satp) >> 60) - 5);
        ulong offset = address & 0xFFF & ~(ulong)(size - 1);
        return (address & ~0xFFFUL) | (OneIn(10) ? Math.Min(offset + (ulong)_random.Next(size), Page - (ulong)size) : offset);
    }

    /// <summary>Whether a physical address is one where no table is.</summary>
    public static bool IsData(ulong physical) => physical >= Region + (FirstData * Page) && physical < Region + 0x20_0000;

    /// <summary>Memory as the model foretells it.</summary>
    public ulong Read(ulong address) => address >= Region && address < Limit && address % 8 == 0 ? _shadow[(address - Region) / 8] : _machine.Read64(address);

    /// <summary>Notes updates of page tables that the model foretold.</summary>
    public void Apply()
    {
        foreach ((ulong address, ulong value) in Model.Updates)
        {
            if (address >= Region && address < Limit)
            {
                _shadow[(address - Region) / 8] = value;
            }
        }
    }

    /// <summary>Fails unless memory is what the model foretold.</summary>
    public void AssertMemory()
    {
        int i = 0;
        foreach (ulong actual in Contents())
        {
            Assert.True(actual == _shadow[i], $"memory at {Region + (ulong)(8 * i):x}: {actual:x}, foretold {_shadow[i]:x}");
            i++;
        }
    }

    private static ulong MptTable(int level, int index) => MptTables + ((((ulong)level * 8) + (ulong)index) * Page);

    private IEnumerable<ulong> Contents()
    {
        for (ulong address = Region; address < Limit; address += 8)
        {
            yield return _machine.Read64(address);
        }
    }

    private bool OneIn(int n) => _random.Next(n) == 0;

    private ulong CanonicalAddress(int levels)
    {
        int unused = 64 - 12 - (9 * levels);
        ulong address = (ulong)(_random.NextInt64() << unused >> unused);
        return OneIn(40) ? address ^ (1UL << _random.Next(12 + (9 * levels) - 1, 64)) : address;
    }

    private ulong RandomAtp(ulong tables, bool guest = false)
    {
        int mode = OneIn(6) ? 0 : _random.Next(8, 11);
        if (mode == 0)
        {
            return 0;
        }

        int level = mode - 6;
        ulong table = tables + ((((ulong)level * TablesPerLevel) + (guest ? 4UL * (ulong)_random.Next(3) : (ulong)_random.Next(TablesPerLevel))) * Page);
        return ((ulong)mode << 60) | ((ulong)_random.Next(2) << 44) | (table >> 12);
    }

    private void WritePageTables()
    {
        for (int level = 0; level < 5; level++)
        {
            for (int table = 0; table < TablesPerLevel; table++)
            {
                ulong at = Region + ((((ulong)level * TablesPerLevel) + (ulong)table) * Page);
                for (ulong i = 0; i < 512; i++)
                {
                    ulong next = (Region >> 12) + (ulong)(((level - 1) * TablesPerLevel) + _random.Next(TablesPerLevel));
                    _machine.Write64(at + (8 * i), Entry(level, next, (Region >> 12) + (ulong)_random.Next(512), userInEight: 4));
                }
            }
        }
    }

    // What a G-stage maps is mostly itself, so that VS-stage tables are where VS-stage entries say.
    private void WriteGuestTables()
    {
        for (int level = 0; level < 5; level++)
        {
            for (int table = 0; table < TablesPerLevel; table++)
            {
                ulong at = GuestTables + ((((ulong)level * TablesPerLevel) + (ulong)table) * Page);
                for (ulong i = 0; i < 512; i++)
                {
                    ulong next = (GuestTables >> 12) + (ulong)(((level - 1) * TablesPerLevel) + _random.Next(TablesPerLevel));
                    ulong same = (Region >> 12) + (OneIn(20) ? (ulong)_random.Next(512) : i);
                    _machine.Write64(at + (8 * i), Entry(level, next, same, userInEight: 8));
                }
            }
        }
    }

    private ulong Entry(int level, ulong next, ulong leaf, int userInEight)
    {
        const ulong Usual = 0xCF; // V R W X A D
        ulong entry;
        if (level > 0 && !OneIn(25))
        {
            entry = (next << 10) | 1;
        }
        else
        {
            ulong flags = Usual | (_random.Next(8) < userInEight ? 0x10UL : 0);
            flags ^= OneIn(6) ? 1UL << _random.Next(1, 8) : 0;
            leaf = OneIn(30) ? (ulong)_random.NextInt64(1L << 44) : leaf;
            leaf = level > 0 && !OneIn(10) ? leaf & ~0UL << (9 * level) : leaf;
            flags |= level == 0 && OneIn(20) ? 1UL << 63 : 0;
            leaf = flags >> 63 == 1 && !OneIn(6) ? (leaf & ~15UL) | 8 : leaf;
            flags |= OneIn(30) ? (ulong)_random.Next(1, 4) << 61 : 0;
            entry = (leaf << 10) | flags;
        }

        return OneIn(200) ? entry ^ (1UL << _random.Next(64)) : entry;
    }

    private void WriteProtectionTables()
    {
        for (int level = 0; level < 5; level++)
        {
            for (int table = 0; table < 8; table++)
            {
                ulong at = MptTable(level, table);
                for (ulong i = 0; i < 512; i++)
                {
                    _machine.Write64(at + (8 * i), ProtectionEntry(level, MptTable(level - 1, level == 3 && OneIn(2) ? 0 : _random.Next(8))));
                }
            }
        }

        // Most addresses begin with the same entries: those had better lead on.
        for (int level = 1; level < 5; level++)
        {
            for (int table = 0; table < 8 && !OneIn(8); table++)
            {
                _machine.Write64(MptTable(level, table) + (level == 1 ? 8 * (Base >> 25) : 0), (MptTable(level - 1, _random.Next(8)) >> 2) | 1);
            }
        }
    }

    private ulong ProtectionEntry(int level, ulong next)
    {
        ulong entry;
        switch (_random.Next(20))
        {
            case 0:
                entry = (ulong)_random.NextInt64() & ~1UL;
                break;
            case < 4:
                entry = 0x4007UL | (Tuple() << 8); // NAPOT
                break;
            case < 18 when level > 0:
                entry = (next >> 2) | 1;
                break;
            default:
                entry = 3;
                for (int i = 0; i < 16; i++)
                {
                    entry |= Tuple() << (8 + (3 * i));
                }

                break;
        }

        return OneIn(100) ? entry ^ (1UL << _random.Next(64)) : entry;
    }

    private ulong Tuple() => OneIn(8) ? (ulong)_random.Next(8) : 7;

    // A few small ranges in the way, everything else open.
    private void WritePmp()
    {
        (byte Configuration, ulong Address)[] entries = new (byte, ulong)[PmpEntries];
        int count = OneIn(2) ? 0 : _random.Next(1, 8);
        for (int i = 0; i < count; i++)
        {
            ulong at = (Region + (ulong)_random.Next(0x40_0000)) >> 2;
            int mode = _random.Next(1, 4);
            byte rights = (byte)_random.Next(8);
            rights = (rights & 3) == 2 ? (byte)(rights | 1) : rights;
            entries[i] = ((byte)((OneIn(12) ? 0x80 : 0) | (mode << 3) | rights), mode == 3 ? at | ((1UL << _random.Next(1, 12)) - 1) : at);
            if (mode == 1 && i > 0 && (entries[i - 1].Configuration & 0x18) != 0x18)
            {
                entries[i].Address = entries[i - 1].Address + (ulong)_random.Next(1, 0x2000);
            }
        }

        entries[PmpEntries - 1] = ((byte)(OneIn(20) ? 0x1B : 0x1F), (1UL << 54) - 1);
        _machine.Hart.Pmp.Reset();
        for (int i = 0; i < PmpEntries; i++)
        {
            _machine.Set(0x3B0 + (uint)i, entries[i].Address);
        }

        for (int i = 0; i < PmpEntries; i += 8)
        {
            ulong word = 0;
            for (int k = 7; k >= 0; k--)
            {
                word = (word << 8) | entries[i + k].Configuration;
            }

            _machine.Set(0x3A0 + ((uint)i / 4), word);
        }

        Model.Pmp = entries;
    }
}
