using CoveJit.Isa;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>Supervisor domains: mmpt, the memory protection table that it names, and their fences (Supervisor Domains Access Protection 0.9, "Smsd").</summary>
public sealed unsafe partial class Hart
{
    private static readonly Action<Hart> FollowEpochRequest = hart => hart.FollowEpoch();

    private readonly MptCache _mptCache = new();
    private readonly ulong[] _epochs = new ulong[MptRoot.Domains];
    private readonly PmpUnit _pmp;
    private readonly PmpUnit?[] _domainPmp = new PmpUnit?[MptRoot.Domains];
    private MptRoot _mpt;
    private uint _sdid;
    private bool _deniedByTable;

    /// <summary>mmpt, or mttp where the harts have the older tables; use <see cref="WriteMmpt"/> to change it.</summary>
    public ulong Mmpt
    {
        get;
        private set
        {
            field = value;
            ChangeAddressSpace();
        }
    }

    /// <summary>SDID of the supervisor domain that the hart is in. Thread-safe.</summary>
    public uint Sdid => Volatile.Read(ref _sdid);

    /// <summary>Entries of memory protection tables read by look-ups.</summary>
    public ulong ProtectionTableReads { get; private set; }

    /// <summary>Accesses, implicit ones included, that a memory protection table refused.</summary>
    public ulong ProtectionTableDenials { get; private set; }

    /// <summary>Writes mmpt: the hart is in another supervisor domain, or under another table, from its next access below M-mode on.</summary>
    /// <remarks>As an instruction's effect: the caller selects the TLB's banks (<see cref="UpdateContext"/>) afterwards.</remarks>
    public void WriteMmpt(ulong value)
    {
        _mpt = Configuration.LegacyProtectionTables ? _mpt.WriteMttp(value) : _mpt.WriteMmpt(value);
        Mmpt = Configuration.LegacyProtectionTables ? _mpt.ToMttp() : _mpt.ToMmpt();

        // The domain is published before its epoch is read: whoever begins an epoch and then looks who is in the domain sees us, or we see the epoch.
        Volatile.Write(ref _sdid, _mpt.Sdid);
        Pmp = Volatile.Read(ref _domainPmp[_sdid]) ?? _pmp;
        Interlocked.MemoryBarrier();
        FollowEpoch();
    }

    /// <summary>
    /// Says what the PMP entries are while the hart is in a supervisor domain, as managed firmware sets them at each switch: from the next write of mmpt
    /// on. Nothing is flushed for it: translations are tagged with mmpt, SDID included. Thread-safe; the unit is the hart's from now on.
    /// </summary>
    /// <param name="sdid">The supervisor domain.</param>
    /// <param name="pmp">Its entries; those that CSRs show while the hart is in it.</param>
    public void SetDomainPmp(uint sdid, PmpUnit pmp) => Volatile.Write(ref _domainPmp[sdid], pmp);

    /// <inheritdoc/>
    public Flow FencePhysicalMemory(uint rs1, uint rs2)
    {
        if (Privilege != PrivilegeMode.Machine)
        {
            return Illegal();
        }

        // One physical address is as good as all: see TlbFence.Domain.
        FenceDomain(rs2 == 0 ? null : (uint)ReadRegister((int)rs2) & (MptRoot.Domains - 1));
        return Flow.Leave;
    }

    /// <summary>Forgets what memory protection tables permitted: the effect of MFENCE.PA.</summary>
    /// <param name="sdid">The supervisor domain, or null for all.</param>
    public void FenceDomain(uint? sdid)
    {
        Tlb.Flush(TlbFence.Domain(sdid));
        _mptCache.Clear();
    }

    /// <summary>
    /// Makes the hart stop using what the table of a supervisor domain no longer permits, if it is in it; the epoch has been advanced
    /// (<see cref="DomainEpochs"/>). Harts that are elsewhere see the new epoch when they enter. Thread-safe.
    /// </summary>
    /// <returns>The number of a request to await, or null if there is nothing to wait for.</returns>
    public ulong? PostEpoch(uint sdid) => Sdid == sdid ? Post(FollowEpochRequest) : null;

    /// <summary>The same on the hart's own thread, at once.</summary>
    public void FollowEpoch()
    {
        ulong current = Map.DomainEpochs.Current(_sdid);
        if (_epochs[_sdid] != current)
        {
            _epochs[_sdid] = current;
            FenceDomain(_sdid);
        }
    }

    private void ResetPmp()
    {
        Array.Clear(_domainPmp);
        Pmp = _pmp;
        _pmp.Reset();
    }

    private void ResetSupervisorDomain()
    {
        _mpt = default;
        _mptCache.Clear();
        _deniedByTable = false;
        WriteMmpt(0);
    }

    // Whether the memory protection table permits an access, which lies in one page; implicit accesses of page-table walks included.
    private bool ProtectionTablePermits(ulong physical, AccessType access, PrivilegeMode mode)
    {
        if (_mpt.Mode == MptMode.Bare || mode == PrivilegeMode.Machine || _mptCache.Find(Mmpt, physical).Permit(access))
        {
            return true;
        }

        ProtectionTableMemory memory = new(this);
        bool found = MptWalker.Walk(ref memory, _mpt, physical, out MptWalkResult result);
        ProtectionTableReads += (ulong)result.EntriesRead;
        if (found && result.Permissions.Permit(access))
        {
            _mptCache.Add(Mmpt, physical, result.Permissions);
            return true;
        }

        ProtectionTableDenials++;
        _deniedByTable = true;
        return false;
    }

    /// <summary>Memory as the look-up in a memory protection table sees it: an implicit access of M-mode, under PMP alone.</summary>
    private readonly struct ProtectionTableMemory(Hart hart) : IEntryMemory
    {
        public WalkStatus ReadEntry(ulong address, out ulong entry)
        {
            if (!hart.Pmp.Check(address, 8, AccessType.Read, PrivilegeMode.Machine) || !hart.Map.Ram.Contains(address, 8))
            {
                entry = 0;
                return WalkStatus.AccessFault;
            }

            entry = Volatile.Read(ref *(ulong*)hart.Map.Ram.HostAddress(address));
            return WalkStatus.Ok;
        }
    }
}
