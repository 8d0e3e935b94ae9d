using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Protection;

/// <summary>What PMP says of a whole page.</summary>
public enum PmpVerdict
{
    /// <summary>Every byte may be accessed.</summary>
    Allow,

    /// <summary>No byte may be accessed.</summary>
    Deny,

    /// <summary>It depends on the byte: ask for each access, cache nothing.</summary>
    Mixed,
}

/// <summary>
/// Physical memory protection of one hart, with Smepmp (Privileged, "Physical Memory Protection" and "Smepmp").
/// Granularity is 4 bytes (G = 0). Written by its own hart only.
/// </summary>
public sealed class PmpUnit
{
    private const byte Lock = 0x80;
    private const byte PermitRead = 1;
    private const byte PermitWrite = 2;
    private const byte PermitExecute = 4;
    private const int AddressBits = 54;
    private const int ModeShift = 3;

    private readonly byte[] _cfg;
    private readonly ulong[] _address;
    private readonly Range[] _ranges;
    private int _rangeCount;

    /// <summary>Makes a unit.</summary>
    /// <param name="entries">Number of entries: 0, 16 or 64.</param>
    public PmpUnit(int entries)
    {
        if (entries is not (0 or 16 or 64))
        {
            throw new ArgumentOutOfRangeException(nameof(entries), entries, "PMP has 0, 16 or 64 entries");
        }

        Entries = entries;
        _cfg = new byte[entries];
        _address = new ulong[entries];
        _ranges = new Range[entries];
    }

    /// <summary>Number of entries implemented.</summary>
    public int Entries { get; }

    /// <summary>mseccfg.MML: machine-mode lockdown (Smepmp).</summary>
    public bool MachineModeLockdown { get; private set; }

    /// <summary>mseccfg.MMWP: machine-mode allow-list policy (Smepmp).</summary>
    public bool MachineModeAllowList { get; private set; }

    /// <summary>mseccfg.RLB: rule locking bypass (Smepmp).</summary>
    public bool RuleLockingBypass { get; private set; }

    /// <summary>Makes a unit with which firmware keeps lower modes out of some ranges and lets them do everything elsewhere.</summary>
    /// <param name="entries">Number of entries: 16 or 64.</param>
    /// <param name="ranges">Ranges of whole pages; at most seven. Empty ones count for nothing.</param>
    public static PmpUnit Guarding(int entries, params ReadOnlySpan<(ulong Start, ulong Size)> ranges)
    {
        PmpUnit unit = new(entries);
        int entry = 0;
        foreach ((ulong start, ulong size) in ranges)
        {
            if (size != 0)
            {
                unit._address[entry++] = start >> 2;
                unit._address[entry] = (start + size) >> 2;
                unit._cfg[entry++] = (byte)PmpMode.Tor << ModeShift;
            }
        }

        unit._address[entry] = (1UL << AddressBits) - 1;
        unit._cfg[entry] = ((byte)PmpMode.Napot << ModeShift) | PermitRead | PermitWrite | PermitExecute;
        unit.Rebuild();
        return unit;
    }

    /// <summary>Clears all entries and mseccfg's PMP fields, as a reset does.</summary>
    public void Reset()
    {
        Array.Clear(_cfg);
        Array.Clear(_address);
        MachineModeLockdown = MachineModeAllowList = RuleLockingBypass = false;
        Rebuild();
    }

    /// <summary>Reads pmpaddr<paramref name="index"/>.</summary>
    public ulong ReadAddress(int index) => index < Entries ? _address[index] : 0;

    /// <summary>Writes pmpaddr<paramref name="index"/>; ignored if the entry is locked or is the base of a locked TOR range.</summary>
    public void WriteAddress(int index, ulong value)
    {
        if (index >= Entries || Locked(index))
        {
            return;
        }

        bool baseOfLockedTor = index + 1 < Entries && Locked(index + 1) && Mode(_cfg[index + 1]) == PmpMode.Tor;
        if (!baseOfLockedTor)
        {
            _address[index] = value & ((1UL << AddressBits) - 1);
            Rebuild();
        }
    }

    /// <summary>Reads pmpcfg<paramref name="register"/> (an even number on RV64): eight entries' configurations.</summary>
    public ulong ReadConfiguration(int register)
    {
        ulong value = 0;
        int first = register * 4;
        for (int i = 7; i >= 0; i--)
        {
            value = (value << 8) | (first + i < Entries ? _cfg[first + i] : 0u);
        }

        return value;
    }

    /// <summary>Writes pmpcfg<paramref name="register"/>; locked entries keep their value.</summary>
    public void WriteConfiguration(int register, ulong value)
    {
        int first = register * 4;
        for (int i = 0; i < 8 && first + i < Entries; i++)
        {
            WriteEntry(first + i, (byte)(value >> (8 * i)));
        }

        Rebuild();
    }

    /// <summary>Reads the PMP fields of mseccfg: MML (bit 0), MMWP (bit 1), RLB (bit 2).</summary>
    public ulong ReadSecurityConfiguration() =>
        (MachineModeLockdown ? 1UL : 0) | (MachineModeAllowList ? 2UL : 0) | (RuleLockingBypass ? 4UL : 0);

    /// <summary>Writes the PMP fields of mseccfg: MML and MMWP are sticky; RLB cannot be set while a locked entry exists (Smepmp, section 2).</summary>
    public void WriteSecurityConfiguration(ulong value)
    {
        if (RuleLockingBypass || !AnyLocked())
        {
            RuleLockingBypass = (value & 4) != 0;
        }

        MachineModeLockdown |= (value & 1) != 0;
        MachineModeAllowList |= (value & 2) != 0;
        Rebuild();
    }

    /// <summary>Whether an access of <paramref name="size"/> bytes is permitted.</summary>
    public bool Check(ulong address, ulong size, AccessType access, PrivilegeMode mode)
    {
        for (int i = 0; i < _rangeCount; i++)
        {
            ref readonly Range range = ref _ranges[i];
            if (address > range.Last || address + (size - 1) < range.First)
            {
                continue;
            }

            // The lowest-numbered entry that matches any byte must match all of them.
            return address >= range.First && address + (size - 1) <= range.Last && Permits(range.Configuration, access, mode);
        }

        return PermitsUnmatched(access, mode);
    }

    /// <summary>What PMP says of all of the 4 KiB page at <paramref name="page"/>.</summary>
    public PmpVerdict CheckPage(ulong page, AccessType access, PrivilegeMode mode)
    {
        ulong last = page | 0xFFF;
        page &= ~0xFFFUL;
        for (int i = 0; i < _rangeCount; i++)
        {
            ref readonly Range range = ref _ranges[i];
            if (page > range.Last || last < range.First)
            {
                continue;
            }

            if (page < range.First || last > range.Last)
            {
                return PmpVerdict.Mixed;
            }

            return Permits(range.Configuration, access, mode) ? PmpVerdict.Allow : PmpVerdict.Deny;
        }

        return PermitsUnmatched(access, mode) ? PmpVerdict.Allow : PmpVerdict.Deny;
    }

    private static PmpMode Mode(byte cfg) => (PmpMode)((cfg >> ModeShift) & 3);

    private bool Locked(int index) => (_cfg[index] & Lock) != 0 && !RuleLockingBypass;

    private bool AnyLocked()
    {
        foreach (byte cfg in _cfg)
        {
            if ((cfg & Lock) != 0)
            {
                return true;
            }
        }

        return false;
    }

    private void WriteEntry(int index, byte value)
    {
        if (Locked(index))
        {
            return;
        }

        value &= 0x9F;
        if (!MachineModeLockdown)
        {
            // R = 0, W = 1 is reserved without MML: the write collapses to no permission to write.
            if ((value & (PermitRead | PermitWrite)) == PermitWrite)
            {
                value &= unchecked((byte)~PermitWrite);
            }
        }
        else if (!RuleLockingBypass && AddsMachineExecutable(value))
        {
            return; // Smepmp: with MML no new rule that lets M-mode execute, unless RLB
        }

        _cfg[index] = value;
    }

    // With MML, L set and X: M-mode-only or locked-shared executable rules (Smepmp, truth table).
    private static bool AddsMachineExecutable(byte value) => (value & 0x87) switch
    {
        0x84 or 0x85 => true, // L--X, LR-X
        0x82 or 0x86 => true, // L-W-, L-WX: shared code regions
        _ => false,
    };

    private bool Permits(byte cfg, AccessType access, PrivilegeMode mode)
    {
        if (!MachineModeLockdown)
        {
            if (mode == PrivilegeMode.Machine && (cfg & Lock) == 0)
            {
                return true;
            }

            return (cfg & Bit(access)) != 0;
        }

        return (SmepmpPermissions(cfg, mode) & Bit(access)) != 0;
    }

    // Smepmp, "Truth table when mseccfg.MML is set".
    private static byte SmepmpPermissions(byte cfg, PrivilegeMode mode)
    {
        bool machine = mode == PrivilegeMode.Machine;
        byte rwx = (byte)(cfg & 7);
        if ((cfg & Lock) == 0)
        {
            return rwx switch
            {
                PermitWrite => machine ? (byte)(PermitRead | PermitWrite) : PermitRead,
                PermitWrite | PermitExecute => PermitRead | PermitWrite,
                _ => machine ? (byte)0 : rwx,
            };
        }

        return rwx switch
        {
            PermitWrite => PermitExecute,
            PermitWrite | PermitExecute => machine ? (byte)(PermitRead | PermitExecute) : PermitExecute,
            PermitRead | PermitWrite | PermitExecute => PermitRead,
            _ => machine ? rwx : (byte)0,
        };
    }

    private bool PermitsUnmatched(AccessType access, PrivilegeMode mode)
    {
        if (mode != PrivilegeMode.Machine)
        {
            return Entries == 0;
        }

        return !MachineModeAllowList && !(MachineModeLockdown && access == AccessType.Execute);
    }

    private static byte Bit(AccessType access) => access switch
    {
        AccessType.Read => PermitRead,
        AccessType.Write => PermitWrite,
        _ => PermitExecute,
    };

    private void Rebuild()
    {
        _rangeCount = 0;
        for (int i = 0; i < Entries; i++)
        {
            ulong first;
            ulong last;
            switch (Mode(_cfg[i]))
            {
                case PmpMode.Tor:
                    first = i == 0 ? 0 : _address[i - 1] << 2;
                    ulong top = _address[i] << 2;
                    if (first >= top)
                    {
                        continue;
                    }

                    last = top - 1;
                    break;
                case PmpMode.Na4:
                    first = _address[i] << 2;
                    last = first + 3;
                    break;
                case PmpMode.Napot:
                    ulong ones = _address[i] ^ (_address[i] + 1); // trailing ones and the zero above them
                    first = (_address[i] & ~ones) << 2;
                    last = first | (ones << 2) | 3;
                    break;
                default:
                    continue;
            }

            _ranges[_rangeCount++] = new Range(first, last, _cfg[i]);
        }
    }

    private enum PmpMode
    {
        Off,
        Tor,
        Na4,
        Napot,
    }

    private readonly record struct Range(ulong First, ulong Last, byte Configuration);
}
