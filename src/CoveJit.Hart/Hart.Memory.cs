using System.Runtime.CompilerServices;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.Execution;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>Memory access: everything behind a miss of the TLB.</summary>
public sealed unsafe partial class Hart
{
    // The banks by modifiers, each as of the sum that _addressSpaces and the count of recycled banks made when it was selected.
    private readonly ulong[] _cachedVersions = new ulong[AccessMode.Modifiers];
    private readonly nint[] _cachedBanks = new nint[AccessMode.Modifiers];
    private AccessMode _dataMode;

    // Counts changes of the address spaces: satp, vsatp, hgatp, mmpt.
    private ulong _addressSpaces = 1;

    // Whether anything that the banks are selected by has changed since they were.
    private bool _contextChanged;

    private AccessMode FetchMode => new(Privilege, IsVirtual);

    /// <summary>Loads from guest virtual memory; called when the TLB's fast path does not match.</summary>
    /// <param name="address">Virtual address, any alignment.</param>
    /// <param name="size">1, 2, 4, 8 or 16 bytes.</param>
    /// <param name="value">The (low 8) bytes, zero-extended.</param>
    /// <returns>False if an exception was recorded.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Load(ulong address, int size, out ulong value)
    {
        if (CrossesPage(address, size))
        {
            return LoadAcross(address, size, out value);
        }

        value = 0;
        if (!Resolve(address, size, AccessType.Read, out ulong physical))
        {
            return false;
        }

        if (Map.Ram.Contains(physical, (ulong)size))
        {
            value = ReadHost(Map.Ram.HostAddress(physical), size);
            return true;
        }

        return Map.TryRead(physical, size, out value, Sdid) || Fault(TrapCause.LoadAccessFault, address);
    }

    /// <summary>Stores to guest virtual memory; called when the TLB's fast path does not match. Parameters as <see cref="Load"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Store(ulong address, int size, ulong value)
    {
        if (CrossesPage(address, size))
        {
            return StoreAcross(address, size, value);
        }

        if (!Resolve(address, size, AccessType.Write, out ulong physical))
        {
            return false;
        }

        return Map.TryWrite(physical, size, value, Sdid) || Fault(TrapCause.StoreAccessFault, address);
    }

    /// <summary>
    /// Fills the TLB for a naturally aligned access that is about to be made, if it may be filled; performs nothing. For native code that missed.
    /// </summary>
    /// <returns>Whether the access hits now. Otherwise the interpreter is to perform it, with whatever trap it leads to.</returns>
    public bool TryFill(ulong address, int size, AccessType access) =>
        (address & (ulong)(size - 1)) == 0
        && Resolve(address, size, access, out _)
        && TlbBank.TryHit(_state->DataBank, address, access, out _);

    /// <summary>
    /// Translates and checks an access that does not cross a page, filling the TLB if all of the page is RAM that may be so accessed.
    /// </summary>
    /// <returns>False if an exception was recorded.</returns>
    internal bool Resolve(ulong address, int size, AccessType access, out ulong physical)
    {
        TlbBank* bank = access == AccessType.Execute ? _state->FetchBank : _state->DataBank;
        if (Tlb.TryRecall(bank, address, access, out byte* host))
        {
            physical = (ulong)(host - RamPointer) + Map.Ram.Base + (address & 0xFFF);
            FillTlb(bank, address, access, physical);
            return true;
        }

        AccessMode mode = access == AccessType.Execute ? FetchMode : _dataMode;
        WalkStatus status = Translate(mode, address, access, out WalkResult result);
        PageTableReads += (ulong)result.EntriesRead;
        physical = result.Address;
        if (status != WalkStatus.Ok)
        {
            return Fault(CauseOf(status, access), address, status, result);
        }

        PmpVerdict verdict = ProtectPage(physical, access, mode);
        if (verdict == PmpVerdict.Deny || (verdict == PmpVerdict.Mixed && !Protect(physical, (ulong)size, access, mode)))
        {
            return Fault(CauseOf(WalkStatus.AccessFault, access), address);
        }

        if (verdict == PmpVerdict.Allow && Map.Ram.Contains(physical & ~0xFFFUL, 0x1000))
        {
            Tlb.Remember(bank, address, access, Map.Ram.HostAddress(physical & ~0xFFFUL), result.PageShift);
            FillTlb(bank, address, access, physical);
        }

        return true;
    }

    /// <summary>Selects the TLB banks for the current mode and address space. Called whenever something they depend on may have changed.</summary>
    /// <returns>Whether a bank changed: executing code must reload them.</returns>
    internal bool UpdateContext()
    {
        if (!_contextChanged)
        {
            return false;
        }

        _contextChanged = false;
        _dataMode = FetchMode;
        if ((Mstatus & Csrs.Mstatus.Mprv) != 0 && Privilege == PrivilegeMode.Machine)
        {
            PrivilegeMode previous = (PrivilegeMode)((Mstatus & Csrs.Mstatus.Mpp) >> Csrs.Mstatus.MppShift);
            _dataMode = new AccessMode(previous, previous != PrivilegeMode.Machine && (Mstatus & Csrs.Mstatus.Mpv) != 0);
        }

        TlbBank* fetch = BankFor(FetchMode);
        TlbBank* data = _dataMode == FetchMode ? fetch : BankFor(_dataMode);
        bool changed = fetch != _state->FetchBank || data != _state->DataBank;
        _state->FetchBank = fetch;
        _state->DataBank = data;
        return changed;
    }

    /// <summary>Forgets every cached translation (PMP, menvcfg and the like changed).</summary>
    internal void FlushTranslations() => Tlb.FlushAll();

    /// <summary>
    /// Tells whether the page tables' or PMP's permission for an AMO-like access holds and returns the host address of the naturally aligned
    /// operand; null if an exception was recorded, or if the target is not RAM.
    /// </summary>
    internal byte* AtomicOperand(ulong address, int size, AccessType access)
    {
        if ((address & (ulong)(size - 1)) != 0)
        {
            // Misaligned atomics are not supported (no Zam): address-misaligned, as for LR/SC.
            Fault(access == AccessType.Read ? TrapCause.LoadMisaligned : TrapCause.StoreMisaligned, address);
            return null;
        }

        if (TlbBank.TryHit(_state->DataBank, address, access, out byte* host))
        {
            return host;
        }

        if (!Resolve(address, size, access, out ulong physical))
        {
            return null;
        }

        if (!Map.Ram.Contains(physical, (ulong)size))
        {
            Fault(access == AccessType.Read ? TrapCause.LoadAccessFault : TrapCause.StoreAccessFault, address);
            return null;
        }

        return Map.Ram.HostAddress(physical);
    }

    /// <summary>Reports an atomic store to a flagged page, which the fast path of <see cref="AtomicOperand"/> never returns.</summary>
    internal void AfterAtomicStore(byte* host, int size) => Map.Ram.NotifyWrite((ulong)(host - Map.Ram.Pointer) + Map.Ram.Base, size);

    private static ulong ReadHost(byte* p, int size) => size switch
    {
        1 => Volatile.Read(ref *p),
        2 => Volatile.Read(ref *(ushort*)p),
        4 => Volatile.Read(ref *(uint*)p),
        _ => Volatile.Read(ref *(ulong*)p),
    };

    private static bool CrossesPage(ulong address, int size) => (address & 0xFFF) + (ulong)size > 0x1000;

    private static TrapCause CauseOf(WalkStatus status, AccessType access) => (status, access) switch
    {
        (WalkStatus.GuestPageFault, AccessType.Read) => TrapCause.LoadGuestPageFault,
        (WalkStatus.GuestPageFault, AccessType.Write) => TrapCause.StoreGuestPageFault,
        (WalkStatus.GuestPageFault, _) => TrapCause.InstructionGuestPageFault,
        (WalkStatus.PageFault, AccessType.Read) => TrapCause.LoadPageFault,
        (WalkStatus.PageFault, AccessType.Write) => TrapCause.StorePageFault,
        (WalkStatus.PageFault, _) => TrapCause.InstructionPageFault,
        (_, AccessType.Read) => TrapCause.LoadAccessFault,
        (_, AccessType.Write) => TrapCause.StoreAccessFault,
        _ => TrapCause.InstructionAccessFault,
    };

    // Address translation of one access (Privileged, "Two-Stage Address Translation"; figure of MPRV's effects for whose SUM and MXR count).
    private WalkStatus Translate(AccessMode mode, ulong address, AccessType access, out WalkResult result)
    {
        HartWalkMemory memory = new(this);
        if (mode.IsShadowStack && ((mode.IsVirtual ? Vsatp : Satp) >> 60) == 0)
        {
            result = default; // without page tables there are no shadow stack pages
            return WalkStatus.AccessFault;
        }

        if (mode.IsVirtual)
        {
            TranslationStage virtualStage = Stage(Vsatp, mode, Vsstatus, Henvcfg) with
            {
                MakeExecutableReadable = ((Vsstatus | Mstatus) & Csrs.Mstatus.Mxr) != 0,
                ReadAsExecute = mode.ReadAsExecute,
            };
            TranslationStage guestStage = Stage(Hgatp, new AccessMode(PrivilegeMode.User, true), Mstatus, Menvcfg) with
            {
                IsGuestStage = true,
                ReadAsExecute = mode.ReadAsExecute,
            };
            return TwoStageWalker.Walk(ref memory, virtualStage, guestStage, address, access, out result);
        }

        if (mode.Privilege == PrivilegeMode.Machine || (Satp >> 60) == 0)
        {
            // No page tables: nothing to fence, any superpage will do.
            result = new WalkResult { Address = address, PageShift = 30 };
            return WalkStatus.Ok;
        }

        return PageTableWalker.Walk(ref memory, Stage(Satp, mode, Mstatus, Menvcfg), address, access, out result);
    }

    // A stage from its xatp and the registers with its modifiers.
    private static TranslationStage Stage(ulong atp, AccessMode mode, ulong status, ulong envcfg) => new()
    {
        Levels = Math.Max(0, (int)(atp >> 60) - 5),
        RootPage = atp & ((1UL << 44) - 1),
        User = mode.Privilege == PrivilegeMode.User,
        PermitSupervisorUserAccess = (status & Csrs.Mstatus.Sum) != 0,
        MakeExecutableReadable = (status & Csrs.Mstatus.Mxr) != 0,
        HardwareUpdate = (envcfg & Envcfg.Adue) != 0,
        MemoryTypes = (envcfg & Envcfg.Pbmte) != 0,
        ShadowStacks = (envcfg & Envcfg.Sse) != 0,
        IsShadowStackAccess = mode.IsShadowStack,
    };

    // What guards supervisor physical memory, byte for byte. Each access passes here or through ProtectPage, those of page-table walks included.
    // HLVX is a load to the memory protection table.
    private bool Protect(ulong physical, ulong size, AccessType access, AccessMode mode) =>
        ProtectionTablePermits(physical, access, mode.Privilege)
        && Pmp.Check(physical, size, access, mode.Privilege)
        && (!mode.ReadAsExecute || Pmp.Check(physical, size, AccessType.Execute, mode.Privilege));

    // The same of a whole page: what a TLB entry may stand for. HLVX needs leave to execute beside that to read.
    private PmpVerdict ProtectPage(ulong physical, AccessType access, AccessMode mode)
    {
        if (!ProtectionTablePermits(physical, access, mode.Privilege))
        {
            return PmpVerdict.Deny;
        }

        PmpVerdict verdict = Pmp.CheckPage(physical, access, mode.Privilege);
        if (!mode.ReadAsExecute || verdict == PmpVerdict.Deny)
        {
            return verdict;
        }

        PmpVerdict execute = Pmp.CheckPage(physical, AccessType.Execute, mode.Privilege);
        return execute == PmpVerdict.Allow ? verdict : execute;
    }

    private TlbBank* BankFor(AccessMode mode)
    {
        uint modifiers = ModifiersOf(mode);
        if (_cachedVersions[modifiers] == _addressSpaces + Tlb.Recycled)
        {
            TlbBank* cached = (TlbBank*)_cachedBanks[modifiers];
            Tlb.Use(cached);
            return cached;
        }

        TlbBank* bank = Tlb.Select(ContextOf(mode, modifiers));
        _cachedVersions[modifiers] = _addressSpaces + Tlb.Recycled;
        _cachedBanks[modifiers] = (nint)bank;
        return bank;
    }

    private TlbContext ContextOf(AccessMode mode, uint modifiers) =>
        mode.Privilege == PrivilegeMode.Machine ? new TlbContext(0, 0, modifiers) // guarded by PMP alone
        : mode.IsVirtual ? new TlbContext(Vsatp, Hgatp, modifiers, Mmpt, _sdid)
        : new TlbContext(Satp, 0, modifiers, Mmpt, _sdid);

    private uint ModifiersOf(AccessMode mode) =>
        mode.Privilege == PrivilegeMode.Machine ? mode.Bits
        : mode.IsVirtual ? mode.Bits | AccessMode.StatusBits(Vsstatus) | AccessMode.HypervisorBits(Mstatus, Henvcfg)
        : mode.Bits | AccessMode.StatusBits(Mstatus);

    // An address space has another number now.
    private void ChangeAddressSpace()
    {
        _addressSpaces++;
        _contextChanged = true;
    }

    private void FillTlb(TlbBank* bank, ulong address, AccessType access, ulong physical)
    {
        GuestRam ram = Map.Ram;
        byte* host = ram.HostAddress(physical & ~0xFFFUL);
        if (access != AccessType.Write)
        {
            Tlb.Fill(bank, address, access, host);
            return;
        }

        PageFlags flags = ram.FlagsOf(physical);
        if ((flags & PageFlags.SlowStores) != 0)
        {
            return;
        }

        if ((flags & PageFlags.HasWriteEntry) == 0)
        {
            ram.SetFlags(physical, PageFlags.HasWriteEntry);
        }

        Tlb.Fill(bank, address, access, host);

        // Whoever flags the page clears HasWriteEntry and then scans; if that came between our two steps, the entry must go again.
        Interlocked.MemoryBarrier();
        if ((ram.FlagsOf(physical) & (PageFlags.SlowStores | PageFlags.HasWriteEntry)) != PageFlags.HasWriteEntry)
        {
            TlbBank.EntryFor(bank, address, access)->Tag = TlbEntry.Invalid;
        }
    }

    private bool LoadAcross(ulong address, int size, out ulong value)
    {
        value = 0;
        int first = (int)(0x1000 - (address & 0xFFF));
        if (!Resolve(address, first, AccessType.Read, out ulong low) || !Resolve(address + (ulong)first, size - first, AccessType.Read, out ulong high))
        {
            return false;
        }

        for (int i = size - 1; i >= 0; i--)
        {
            ulong physical = i < first ? low + (ulong)i : high + (ulong)(i - first);
            if (!Map.Ram.Contains(physical, 1))
            {
                // A misaligned access to I/O: the PMA does not support it.
                return Fault(TrapCause.LoadAccessFault, i < first ? address : address + (ulong)first);
            }

            value = (value << 8) | *Map.Ram.HostAddress(physical);
        }

        return true;
    }

    private bool StoreAcross(ulong address, int size, ulong value)
    {
        int first = (int)(0x1000 - (address & 0xFFF));
        if (!Resolve(address, first, AccessType.Write, out ulong low) || !Resolve(address + (ulong)first, size - first, AccessType.Write, out ulong high))
        {
            return false;
        }

        if (!Map.Ram.Contains(low, (ulong)first) || !Map.Ram.Contains(high, (ulong)(size - first)))
        {
            return Fault(TrapCause.StoreAccessFault, Map.Ram.Contains(low, (ulong)first) ? address + (ulong)first : address);
        }

        for (int i = 0; i < size; i++)
        {
            *Map.Ram.HostAddress(i < first ? low + (ulong)i : high + (ulong)(i - first)) = (byte)(value >> (8 * i));
        }

        Map.Ram.NotifyWrite(low, first);
        Map.Ram.NotifyWrite(high, size - first);
        return true;
    }

    /// <summary>Physical memory as the page-table walker sees it: implicit accesses are checked as S-mode's.</summary>
    private readonly struct HartWalkMemory(Hart hart) : IWalkMemory
    {
        private static readonly AccessMode Implicit = new(PrivilegeMode.Supervisor, false);

        public WalkStatus ReadEntry(ulong address, out ulong entry)
        {
            if (!hart.Protect(address, 8, AccessType.Read, Implicit) || !hart.Map.Ram.Contains(address, 8))
            {
                // Page tables in I/O space are not supported by this platform's PMAs.
                entry = 0;
                return WalkStatus.AccessFault;
            }

            entry = Volatile.Read(ref *(ulong*)hart.Map.Ram.HostAddress(address));
            return WalkStatus.Ok;
        }

        public WalkStatus CompareExchangeEntry(ulong address, ulong expected, ulong desired, out bool exchanged)
        {
            exchanged = false;
            if (!hart.Protect(address, 8, AccessType.Write, Implicit))
            {
                return WalkStatus.AccessFault;
            }

            exchanged = Interlocked.CompareExchange(ref *(ulong*)hart.Map.Ram.HostAddress(address), desired, expected) == expected;
            if (exchanged)
            {
                hart.Map.Ram.NotifyWrite(address, 8);
            }

            return WalkStatus.Ok;
        }
    }
}
