using System.Numerics;
using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Translation;

namespace CoveJit.Devices.Protection;

/// <summary>
/// An IOPMP between bus masters and memory (IOPMP Architecture Specification 0.8.2): which requester (RRID) reaches which memory domains, which entries
/// these have, and what the entries permit. With non-priority entries, per-entry suppression, secondary permission setting (not in the compact model),
/// stall and multi-faults record; interrupts are wired. It checks nothing until HWCFG0.enable is set.
/// It keeps no transaction: one that is to be stalled is refused (stall_violation_en is wired to 1), since a bus master here runs on the thread of the
/// hart that would have to resume it. Registers are 32 bits wide; other sizes and misaligned accesses are refused.
/// Lock order: this device's lock, then the interrupt line's.
/// </summary>
public sealed class Iopmp : IBusDevice, IDmaChecker
{
    /// <summary>Size of the register window in bytes.</summary>
    public const ulong WindowSize = 0x20000;

    // Offsets of registers.
    private const ulong Version = 0x0000;
    private const ulong Hwcfg0 = 0x0008;
    private const ulong Hwcfg1 = 0x000C;
    private const ulong Hwcfg2 = 0x0010;
    private const ulong Hwcfg3 = 0x0014;
    private const ulong EntryOffset = 0x002C;
    private const ulong MdStall = 0x0030;
    private const ulong MdStallH = 0x0034;
    private const ulong RridScp = 0x0038;
    private const ulong MdLck = 0x0040;
    private const ulong MdLckH = 0x0044;
    private const ulong MdCfgLck = 0x0048;
    private const ulong EntryLck = 0x004C;
    private const ulong ErrCfg = 0x0060;
    private const ulong ErrInfo = 0x0064;
    private const ulong ErrReqAddr = 0x0068;
    private const ulong ErrReqAddrH = 0x006C;
    private const ulong ErrReqId = 0x0070;
    private const ulong ErrMfr = 0x0074;
    private const ulong MdCfg = 0x0800;
    private const ulong SrcMd = 0x1000;
    private const ulong SrcMdStride = 32;
    private const ulong EntryArray = 0x10000;
    private const ulong EntryStride = 16;

    private const uint SpecificationVersion = 0x80; // major 0 in bits 27:24, minor 8 in bits 31:28
    private const uint LockBit = 1; // l, in every register that has one
    private const uint InterruptEnable = 1 << 1; // ERR_CFG.ie
    private const uint ResponseSuppress = 1 << 2; // ERR_CFG.rs
    private const uint StallViolationEnable = 1 << 4; // ERR_CFG.stall_violation_en
    private const uint PriorityProgrammable = 1 << 16; // HWCFG2.prio_ent_prog
    private const ushort NoEntry = 0xFFFF; // ERR_REQID.eid where no entry caught the violation
    private const int MfrWindow = 16; // RRIDs in a window of ERR_MFR
    private const int MfrIndexShift = 16;
    private const uint MfrIndexMask = 0xFFF;

    // Columns of the SRCMD table, in the order of their registers; each is a bit for each domain above the lock, as SRCMD_EN(s) and SRCMD_ENH(s) have it.
    private const int Enable = 0;
    private const int Columns = 4;

    private readonly Lock _lock = new();
    private readonly IopmpConfiguration _configuration;
    private readonly IInterruptLine _interrupt;
    private readonly IopmpEntry[] _entries;
    private readonly uint[] _mdcfg;
    private readonly int[] _ends; // of the domains' entries, never descending
    private readonly ulong[] _srcmd;
    private readonly bool[] _stalled;
    private readonly bool[] _subsequent; // SV
    private readonly ulong _domains; // bits of the domains that exist, as the table has them
    private bool _enabled;
    private int _priorityEntries;
    private bool _priorityProgrammable = true;
    private ulong _domainLocks; // MDLCK and MDLCKH
    private uint _mdcfgLock;
    private uint _entryLock;
    private ulong _stallSelection; // MDSTALL and MDSTALLH
    private uint _cherry; // RRIDSCP.rrid
    private uint _errorConfiguration = StallViolationEnable;
    private uint _errorInfo;
    private ulong _errorAddress;
    private uint _errorIds;
    private uint _mfrIndex;

    /// <summary>Makes a unit that checks nothing yet.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="configuration">What it has.</param>
    /// <param name="interrupt">Level-sensitive wire: high from a violation that interrupts until ERR_INFO.v is cleared.</param>
    /// <exception cref="ArgumentOutOfRangeException">The configuration asks for more, or less, than can be.</exception>
    public Iopmp(string name, IopmpConfiguration configuration, IInterruptLine interrupt)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(configuration.Entries is >= 1 and <= IopmpConfiguration.MostEntries, true, nameof(configuration));
        ArgumentOutOfRangeException.ThrowIfNotEqual(configuration.Domains is >= 1 and <= IopmpConfiguration.MostDomains, true, nameof(configuration));
        ArgumentOutOfRangeException.ThrowIfNotEqual(configuration.RequesterCount is >= 1 and <= IopmpConfiguration.MostRequesters, true, nameof(configuration));
        Name = name;
        _configuration = configuration;
        _interrupt = interrupt;
        _entries = new IopmpEntry[configuration.Entries];
        _priorityEntries = configuration.Entries;
        _mdcfg = new uint[configuration.Domains];
        _ends = new int[configuration.Domains];
        _srcmd = new ulong[configuration.RequesterCount * Columns];
        _stalled = new bool[configuration.RequesterCount];
        _subsequent = new bool[configuration.RequesterCount];
        _domains = ((1UL << configuration.Domains) - 1) << 1;
        for (int i = 0; i < _srcmd.Length; i++)
        {
            // What secondary permissions are at reset is not specified: software that knows nothing of them is to find them without effect.
            _srcmd[i] = i % Columns != Enable ? _domains : HasSrcMd ? 0 : 2UL << (i / Columns);
        }

        DivideEntries();
    }

    /// <inheritdoc/>
    public string Name { get; }

    private bool HasMdCfg => _configuration.Model == IopmpModel.Full;

    private bool HasSrcMd => _configuration.Model != IopmpModel.Compact;

    /// <summary>Adds the device's node. No binding is published for IOPMPs, so the names are CoveJit's own.</summary>
    /// <param name="parent">The bus node, with two address and two size cells.</param>
    /// <param name="address">Where the machine put the registers.</param>
    /// <param name="interruptParent">Phandle of the interrupt controller.</param>
    /// <param name="interrupt">Interrupt specifier, in the controller's cells.</param>
    public static DeviceTreeNode Describe(DeviceTreeNode parent, ulong address, uint interruptParent, params ReadOnlySpan<uint> interrupt) =>
        parent.AddChild($"iopmp@{address:x}")
            .SetCells("interrupts", interrupt)
            .SetCells("interrupt-parent", interruptParent)
            .SetPairs("reg", address, WindowSize)
            .Set("compatible", "covejit,iopmp");

    /// <summary>Notes in a bus master's node by which RRID the IOPMP knows it.</summary>
    public static void DescribeRequester(DeviceTreeNode master, int requester) => master.SetCells("covejit,rrid", (uint)requester);

    /// <inheritdoc/>
    public DmaVerdict Check(int requester, ulong address, int length, AccessType access)
    {
        lock (_lock)
        {
            if (!_enabled)
            {
                return DmaVerdict.Pass;
            }

            if ((uint)requester >= (uint)_stalled.Length)
            {
                return Violation(IopmpError.UnknownRequester, requester, NoEntry, address, access);
            }

            if (_stalled[requester])
            {
                return Violation(IopmpError.Stalled, requester, NoEntry, address, access);
            }

            return CheckEntries(requester, address, length, access);
        }
    }

    /// <inheritdoc/>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (!IsAccess(offset, size))
        {
            return false;
        }

        lock (_lock)
        {
            value = Read(offset);
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        if (!IsAccess(offset, size))
        {
            return false;
        }

        lock (_lock)
        {
            Write(offset, (uint)value);
        }

        return true;
    }

    private static bool IsAccess(ulong offset, int size) => size == sizeof(uint) && offset % sizeof(uint) == 0 && offset < WindowSize;

    private static uint Half(ulong pair, bool high) => high ? (uint)(pair >> 32) : (uint)pair;

    // Replaces those bits of one half of a register pair that are writable.
    private static ulong WithHalf(ulong pair, bool high, uint value, ulong writable)
    {
        int shift = high ? 32 : 0;
        writable &= (ulong)uint.MaxValue << shift;
        return (pair & ~writable) | (((ulong)value << shift) & writable);
    }

    // "Priority and Matching Logic", and "Non-priority IOPMP entries".
    private DmaVerdict CheckEntries(int requester, ulong address, int length, AccessType access)
    {
        ulong last = address + (ulong)(length - 1);
        last = (last < address ? ulong.MaxValue : last) >> 2;
        ulong first = address >> 2;
        ulong row = _srcmd[requester * Columns] & _domains;
        ulong secondary = _srcmd[(requester * Columns) + 1 + (int)access];
        int refusing = -1;
        bool interrupt = false;
        bool error = false;
        for (ulong left = row; left != 0; left &= left - 1)
        {
            int domain = BitOperations.TrailingZeroCount(left) - 1;
            bool permitted = (secondary & left & (0 - left)) != 0;
            for (int i = domain == 0 ? 0 : _ends[domain - 1]; i < _ends[domain]; i++)
            {
                ref readonly IopmpEntry entry = ref _entries[i];
                if (!entry.Matches || first > entry.Last || last < entry.First)
                {
                    continue;
                }

                bool priority = i < _priorityEntries;
                if (first < entry.First || last > entry.Last)
                {
                    if (priority)
                    {
                        return Violation(IopmpError.PartialHit, requester, (ushort)i, address, access);
                    }

                    continue; // a non-priority entry matches only what it covers
                }

                if (permitted && entry.Permits(access))
                {
                    // Of a priority entry the first that matches decides; of the others one that permits is enough.
                    return DmaVerdict.Pass;
                }

                refusing = refusing < 0 ? i : refusing;
                interrupt |= !entry.SuppressesInterrupt(access);
                error |= !entry.SuppressesError(access);
                if (priority)
                {
                    return Violation(Illegal(access), requester, (ushort)refusing, address, access, interrupt, error);
                }
            }
        }

        return refusing < 0
            ? Violation(IopmpError.NoHit, requester, NoEntry, address, access)
            : Violation(Illegal(access), requester, (ushort)refusing, address, access, interrupt, error);
    }

    private static IopmpError Illegal(AccessType access) => IopmpError.IllegalRead + (int)access;

    // "Error Reactions". The first violation that is told to anybody is recorded; of those after it, their requesters.
    private DmaVerdict Violation(IopmpError type, int requester, ushort entry, ulong address, AccessType access, bool mayInterrupt = true, bool mayRespond = true)
    {
        bool interrupt = mayInterrupt && (_errorConfiguration & InterruptEnable) != 0;
        bool error = mayRespond && (_errorConfiguration & ResponseSuppress) == 0;
        if (interrupt || error)
        {
            if ((_errorInfo & 1) == 0)
            {
                _errorInfo = 1 | ((1 + (uint)access) << 1) | ((uint)type << 4);
                _errorAddress = address >> 2;
                _errorIds = (ushort)requester | ((uint)entry << 16);
            }
            else if ((uint)requester < (uint)_subsequent.Length)
            {
                _subsequent[requester] = true;
            }
        }

        if (interrupt)
        {
            _interrupt.Set(true);
        }

        return error ? DmaVerdict.Refuse : DmaVerdict.Discard;
    }

    private uint Read(ulong offset) => offset switch
    {
        Version => SpecificationVersion << 24,
        Hwcfg0 => (_enabled ? 1u : 0) | (3u << 1) | ((uint)_configuration.Domains << 24) | (1u << 30) | (1u << 31), // HWCFG2_en, HWCFG3_en, md_num, addrh_en, tor_en
        Hwcfg1 => (uint)_configuration.RequesterCount | ((uint)_configuration.Entries << 16),
        Hwcfg2 => (uint)_priorityEntries | (_priorityProgrammable ? PriorityProgrammable : 0) | (1u << 17) | (3u << 27) | (HasSrcMd ? 1u << 29 : 0) | (3u << 30), // non_prio_en, peis, pees, sps_en, stall_en, mfr_en
        Hwcfg3 => (HasMdCfg ? 0u : 1) | (HasSrcMd ? 0u : 1 << 2) | (HasMdCfg ? 0 : ((uint)_configuration.EntriesInDomain - 1) << 4),
        EntryOffset => (uint)EntryArray,
        MdStall or MdStallH => Half(_stallSelection, offset == MdStallH),
        RridScp => _cherry | ((_cherry >= _stalled.Length ? 3u : _stalled[_cherry] ? 1u : 2u) << 30),
        MdLck or MdLckH => HasSrcMd ? Half(_domainLocks, offset == MdLckH) : offset == MdLck ? LockBit : 0,
        MdCfgLck => HasMdCfg ? _mdcfgLock : LockBit,
        EntryLck => _entryLock,
        ErrCfg => _errorConfiguration,
        ErrInfo => _errorInfo | (Array.IndexOf(_subsequent, true) >= 0 ? 1u << 8 : 0),
        ErrReqAddr or ErrReqAddrH => Half(_errorAddress, offset == ErrReqAddrH),
        ErrReqId => _errorIds,
        ErrMfr => ReadSubsequent(),
        >= MdCfg and < SrcMd when HasMdCfg && (offset - MdCfg) / 4 < (ulong)_mdcfg.Length => _mdcfg[(offset - MdCfg) / 4],
        >= SrcMd and < EntryArray when HasSrcMd && SrcMdIndex(offset) < _srcmd.Length => Half(_srcmd[SrcMdIndex(offset)], (offset & 4) != 0),
        >= EntryArray when (offset - EntryArray) / EntryStride < (ulong)_entries.Length => ReadEntry(in _entries[(offset - EntryArray) / EntryStride], offset % EntryStride),
        _ => 0,
    };

    private static int SrcMdIndex(ulong offset) => (int)(((offset - SrcMd) / SrcMdStride * Columns) + (offset % SrcMdStride / 8));

    private static uint ReadEntry(in IopmpEntry entry, ulong field) => field switch
    {
        0 or 4 => Half(entry.Address, field == 4),
        8 => entry.Configuration,
        _ => 0,
    };

    private void Write(ulong offset, uint value)
    {
        switch (offset)
        {
            case Hwcfg0:
                _enabled |= (value & 1) != 0;
                break;
            case Hwcfg2 when _priorityProgrammable:
                _priorityEntries = (int)Math.Min(value & 0xFFFF, (uint)_entries.Length);
                _priorityProgrammable = (value & PriorityProgrammable) == 0;
                break;
            case MdStallH:
                _stallSelection = WithHalf(_stallSelection, high: true, value, _domains);
                break;
            case MdStall:
                _stallSelection = WithHalf(_stallSelection, high: false, value, _domains);
                Stall(exempt: (value & 1) != 0);
                break;
            case RridScp:
                CherryPick(value & 0xFFFF, value >> 30);
                break;
            case MdLck or MdLckH when HasSrcMd && (_domainLocks & LockBit) == 0:
                _domainLocks |= WithHalf(0, offset == MdLckH, value, _domains | LockBit);
                break;
            case MdCfgLck when HasMdCfg:
                _mdcfgLock = Raised(_mdcfgLock, value, 0x3F);
                break;
            case EntryLck:
                _entryLock = Raised(_entryLock, value, 0xFFFF);
                break;
            case ErrCfg when (_errorConfiguration & LockBit) == 0:
                _errorConfiguration = (value & (LockBit | InterruptEnable | ResponseSuppress)) | StallViolationEnable;
                break;
            case ErrInfo when (value & 1) != 0:
                _errorInfo &= ~1u;
                _interrupt.Set(false);
                break;
            case ErrMfr when ((value >> MfrIndexShift) & MfrIndexMask) * MfrWindow < _subsequent.Length:
                _mfrIndex = (value >> MfrIndexShift) & MfrIndexMask;
                break;
            case >= MdCfg and < SrcMd when HasMdCfg:
                WriteMdCfg((offset - MdCfg) / 4, value);
                break;
            case >= SrcMd and < EntryArray when HasSrcMd && SrcMdIndex(offset) < _srcmd.Length:
                WriteSrcMd(SrcMdIndex(offset), (offset & 4) != 0, value);
                break;
            case >= EntryArray:
                WriteEntry((offset - EntryArray) / EntryStride, offset % EntryStride, value);
                break;
        }
    }

    // MDCFGLCK and ENTRYLCK: l, and above it a number f that only grows.
    private static uint Raised(uint register, uint value, uint most)
    {
        if ((register & LockBit) != 0)
        {
            return register;
        }

        uint locked = Math.Max(register >> 1, (value >> 1) & most);
        return (locked << 1) | (value & LockBit);
    }

    private void WriteMdCfg(ulong domain, uint value)
    {
        if (domain < (ulong)_mdcfg.Length && domain >= _mdcfgLock >> 1)
        {
            _mdcfg[domain] = value & 0xFFFF;
            DivideEntries();
        }
    }

    private void WriteSrcMd(int index, bool high, uint value)
    {
        int row = index - (index % Columns);
        if ((_srcmd[row + Enable] & LockBit) == 0)
        {
            ulong writable = (_domains & ~_domainLocks) | (index == row + Enable ? LockBit : 0);
            _srcmd[index] = WithHalf(_srcmd[index], high, value, writable);
        }
    }

    private void WriteEntry(ulong index, ulong field, uint value)
    {
        if (index >= (ulong)_entries.Length || index < _entryLock >> 1)
        {
            return;
        }

        ref IopmpEntry entry = ref _entries[index];
        if (field == 8)
        {
            entry.Configuration = value;
        }
        else if (field < 8)
        {
            entry.Address = WithHalf(entry.Address, field == 4, value, ulong.MaxValue);
        }

        entry.Locate(index == 0 ? 0 : _entries[index - 1].Address);
        if (index + 1 < (ulong)_entries.Length)
        {
            _entries[index + 1].Locate(entry.Address); // a top of range begins where this one ends
        }
    }

    // Whatever the table says, an entry is in one domain at most, and domains come in order: a domain with an improper setting is empty.
    private void DivideEntries()
    {
        int end = 0;
        for (int domain = 0; domain < _ends.Length; domain++)
        {
            uint top = HasMdCfg ? _mdcfg[domain] : (uint)((domain + 1) * _configuration.EntriesInDomain);
            end = Math.Max(end, (int)Math.Min(top, (uint)_entries.Length));
            _ends[domain] = end;
        }
    }

    private void Stall(bool exempt)
    {
        for (int requester = 0; requester < _stalled.Length; requester++)
        {
            _stalled[requester] = exempt ^ ((_srcmd[requester * Columns] & _stallSelection) != 0);
        }
    }

    private void CherryPick(uint requester, uint operation)
    {
        const uint StallIt = 1;
        const uint LetItGo = 2;
        _cherry = requester;
        if (requester < _stalled.Length && operation is StallIt or LetItGo)
        {
            _stalled[requester] = operation == StallIt;
        }
    }

    // "Multi-Faults Record": the first window from svi on, and around, that has a violation; it is cleared by being read.
    private uint ReadSubsequent()
    {
        const uint Found = 1u << 31;
        int windows = (_subsequent.Length + MfrWindow - 1) / MfrWindow;
        for (int i = 0; i < windows; i++)
        {
            int window = ((int)_mfrIndex + i) % windows;
            Span<bool> bits = _subsequent.AsSpan(window * MfrWindow, Math.Min(MfrWindow, _subsequent.Length - (window * MfrWindow)));
            uint violations = 0;
            for (int j = 0; j < bits.Length; j++)
            {
                violations |= bits[j] ? 1u << j : 0;
            }

            if (violations != 0)
            {
                bits.Clear();
                _mfrIndex = (uint)window;
                return Found | (_mfrIndex << MfrIndexShift) | violations;
            }
        }

        return _mfrIndex << MfrIndexShift;
    }
}
