using CoveJit.Devices.Pcie;
using CoveJit.Devices.Protection;
using CoveJit.Harts;
using CoveJit.Harts.State;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Protection;

namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>
/// The managed root domain security manager (RDSM): makes supervisor domains, owns mmpt and the memory protection tables, which lie in guest RAM and
/// are read by the harts as any firmware's would be, moves pages between domains and harts from one domain to another.
/// </summary>
/// <remarks>
/// Taking a permission away takes effect everywhere before the call returns: the table is changed, the domain's epoch begins anew, and harts that are in the
/// domain are awaited at their next safe point; a hart that enters later sees the new epoch. One epoch serves a whole range. Calls come from any thread;
/// from a hart's own, that hart is to be named, so that it serves the others' requests while it waits for them. Ranges are checked here, once: they may
/// come from a guest.
/// </remarks>
public sealed partial class RootDomainManager
{
    /// <summary>SDID of the domain that the machine boots in.</summary>
    public const uint HostSdid = 0;

    // The last of the classifier's rules: the others are for functions that are not the host's.
    private const int HostRule = IoMptChecker.Rules - 1;

    private const MptPermissions DevicePermissions = MptPermissions.ReadWrite;
    private const ulong PageSize = 0x1000;

    private readonly IReadOnlyList<Hart> _harts;
    private readonly PhysicalMap _map;
    private readonly MptMemory _memory;
    private readonly MptLeaves _leaves;
    private readonly IoMptChecker? _devicesChecker;
    private readonly PageTracker _tracker;
    private readonly SupervisorDomain?[] _domains = new SupervisorDomain?[MptRoot.Domains];
    private readonly SupervisorDomain[] _current;
    private readonly bool _isGuardedByPmp;
    private readonly (ulong Start, ulong Size)[] _guards; // where PMP guards: the tables first, which are no domain's
    private readonly Lock _gate = new();

    /// <summary>Makes the manager, with the host's domain: it has all RAM but the tables', and the devices.</summary>
    /// <param name="harts">The harts; their index is their mhartid.</param>
    /// <param name="tables">First address of the RAM for tables.</param>
    /// <param name="tablesSize">Its size in bytes.</param>
    /// <param name="leaves">How tables are built.</param>
    /// <param name="reserved">A range of pages of devices below RAM that is not the host's: other domains' interrupt files. May be empty.</param>
    /// <param name="confidential">
    /// RAM that PMP keeps the host from, whatever becomes of it: up to five ranges of pages. Then harts have no memory protection tables: PMP entries that
    /// the manager sets at each switch guard these, the tables and the reserved devices; the tables serve the checker alone, and the host can give away
    /// nothing else. Empty: tables guard everything.
    /// </param>
    /// <param name="checker">What guards memory against bus masters, if there is such a thing; all functions' untrusted requests are made the host's.</param>
    /// <exception cref="ArgumentException">That is no range of pages of RAM, or too small for one table.</exception>
    public RootDomainManager(IReadOnlyList<Hart> harts, ulong tables, ulong tablesSize, MptLeaves leaves = MptLeaves.Largest, (ulong Start, ulong Size) reserved = default, IoMptChecker? checker = null, params IReadOnlyList<(ulong Start, ulong Size)> confidential)
    {
        ArgumentNullException.ThrowIfNull(harts);
        _harts = harts;
        _map = harts[0].Map;
        _leaves = leaves;
        _devicesChecker = checker;
        _isGuardedByPmp = confidential.Count != 0;
        _guards = [(tables, tablesSize), .. confidential, reserved];
        _memory = new MptMemory(_map, tables, tablesSize);
        GuestRam ram = _map.Ram;
        _tracker = new PageTracker(ram.Base, ram.Size);
        Host = Create("host") ?? throw new ArgumentException("too little memory for a memory protection table", nameof(tablesSize));
        if (_memory.FreePages < (3 * Host.Table.PagesFor(0)) + Host.Table.PagesFor(ram.Size))
        {
            throw new ArgumentException("too little memory for the host's memory protection table", nameof(tablesSize));
        }

        _current = [.. harts.Select(_ => Host)];
        ulong endOfReserved = reserved.Start + reserved.Size;
        _devices =
        [
            (0, reserved.Start), (endOfReserved, ram.Base - endOfReserved),
            .. _map.Devices.Where(device => device.Base > ram.Base).Select(device => (device.Base & ~0xFFFUL, (device.Size + 0xFFF) & ~0xFFFUL)),
        ];
        foreach ((ulong start, ulong size) in _devices)
        {
            Host.Table.Set(start, size, DevicePermissions, MptLeaves.Largest);
        }

        checker?.SetRule(HostRule, new IoMptRule(new RequesterId(0), new RequesterId(ushort.MaxValue), TeeFilter.Untrusted, HostSdid));
        ulong end = tables + tablesSize;
        foreach ((ulong start, ulong size) in new[] { (ram.Base, tables - ram.Base), (end, ram.Base + ram.Size - end) })
        {
            Host.Table.Set(start, size, MptPermissions.All);
            if (size != 0)
            {
                _tracker.Range(start, size).Fill(PageRecord.Of(HostSdid, MptPermissions.All));
            }
        }
    }

    /// <summary>The domain that the machine boots in.</summary>
    public SupervisorDomain Host { get; }

    /// <summary>Bit n is set if SDID n is a domain.</summary>
    public ulong ActiveDomains
    {
        get
        {
            ulong mask = 0;
            for (int sdid = 0; sdid < MptRoot.Domains; sdid++)
            {
                mask |= Volatile.Read(ref _domains[sdid]) is null ? 0 : 1UL << sdid;
            }

            return mask;
        }
    }

    /// <summary>Pages of RAM that tables may still grow by.</summary>
    public int FreeTablePages => _memory.FreePages;

    /// <summary>The domain that a hart is in.</summary>
    public SupervisorDomain Current(Hart hart)
    {
        ArgumentNullException.ThrowIfNull(hart);
        return Volatile.Read(ref _current[hart.Id]);
    }

    /// <summary>Whose a page of RAM is; M-mode's if there is none at the address.</summary>
    public PageRecord Owner(ulong address) => _map.Ram.Contains(address, 1) ? _tracker[address] : PageRecord.Root;

    /// <summary>Whether a domain may access all of a range of RAM: what a service asks before it does so on the domain's behalf.</summary>
    public bool Permits(uint sdid, ulong start, ulong size, MptPermissions permissions) => _tracker.Permits(sdid, start, size, permissions);

    /// <summary>Makes a domain without memory; null if there are no more, or no memory for its table.</summary>
    public SupervisorDomain? Create(string name, Hart? caller = null)
    {
        Enter(caller);
        try
        {
            int sdid = Array.IndexOf(_domains, null);
            if (sdid < 0 || _memory.FreePages == 0)
            {
                return null;
            }

            SupervisorDomain domain = new((uint)sdid, name, new MptTable(_memory, _leaves), _harts.Count, isForHarts: !_isGuardedByPmp);
            Volatile.Write(ref _domains[sdid], domain);
            foreach (Hart hart in _harts)
            {
                Guard(hart, domain);
            }

            _devicesChecker?.SetTable(domain.Root);
            return domain;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Ends a domain that has no pages, and is not the host's; no hart is on its way into it. Its SDID may be used again.</summary>
    public DomainError Destroy(SupervisorDomain domain, Hart? caller = null)
    {
        ArgumentNullException.ThrowIfNull(domain);
        Enter(caller);
        try
        {
            bool owns = false;
            foreach (ref readonly PageRecord page in _tracker.Range(_tracker.Start, _tracker.Size))
            {
                owns |= page.Owner == domain.Sdid || page.Partner == domain.Sdid;
            }

            owns |= _devicePages.ContainsValue(domain.Sdid) || _grants.Any(grant => grant.Sdid == domain.Sdid);
            if (owns || domain == Host || _current.Contains(domain))
            {
                return DomainError.InUse;
            }

            _devicesChecker?.ClearTable(domain.Sdid);
            Fence(caller, domain.Sdid);
            domain.Table.FreeAll();
            Volatile.Write(ref _domains[domain.Sdid], null);
            return DomainError.None;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>
    /// Moves pages from one domain to another. Nothing of the one's is left in them: they are filled with zeroes after the one can no longer write
    /// them and before the other can read them.
    /// </summary>
    /// <param name="start">First address, of a page.</param>
    /// <param name="size">Bytes, of whole pages.</param>
    /// <param name="from">The domain that owns all of them, and shares none.</param>
    /// <param name="to">Their new owner.</param>
    /// <param name="permissions">What it may do with them.</param>
    /// <param name="caller">The hart on whose thread this is, if it is one's.</param>
    /// <param name="clears">Whether the pages are filled with zeroes; otherwise the other domain is trusted to let nobody read what was in them.</param>
    public DomainError Assign(ulong start, ulong size, SupervisorDomain from, SupervisorDomain to, MptPermissions permissions = MptPermissions.All, Hart? caller = null, bool clears = true)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        if (_isGuardedByPmp && from == Host && !_guards.Any(guard => Holds(guard, start, size)))
        {
            return DomainError.BadRange;
        }

        return Change(start, size, from, shared: false, [from, to], permissions, MptPermissions.None, caller, () =>
        {
            from.Table.Set(start, size, MptPermissions.None);
            _tracker.Range(start, size).Fill(PageRecord.Root);
            Fence(caller, from.Sdid);
            if (clears)
            {
                _map.Ram.TryClear(start, size);
            }

            to.Table.Set(start, size, permissions);
            _tracker.Range(start, size).Fill(PageRecord.Of(to.Sdid, permissions));
        });
    }

    /// <summary>Changes what the owner of pages may do with them, the shared ones' partner apart. Parameters as <see cref="Assign"/>.</summary>
    public DomainError SetPermissions(ulong start, ulong size, SupervisorDomain owner, MptPermissions permissions, Hart? caller = null)
    {
        ArgumentNullException.ThrowIfNull(owner);
        return Change(start, size, owner, shared: null, [owner], permissions, MptPermissions.None, caller, () =>
        {
            foreach (ref PageRecord page in _tracker.Range(start, size))
            {
                page = page with { OwnerPermissions = permissions };
            }

            owner.Table.Set(start, size, permissions);
            Fence(caller, owner.Sdid);
        });
    }

    /// <summary>Gives a second domain part in pages, which keep their owner and their content. Parameters as <see cref="Assign"/>.</summary>
    public DomainError Share(
        ulong start, ulong size, SupervisorDomain owner, SupervisorDomain partner, MptPermissions ownerPermissions, MptPermissions partnerPermissions, Hart? caller = null)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(partner);
        if (owner == partner)
        {
            return DomainError.BadSharing;
        }

        return Change(start, size, owner, shared: false, [owner, partner], ownerPermissions, partnerPermissions, caller, () =>
        {
            bool changes = false;
            foreach (ref readonly PageRecord page in _tracker.Range(start, size))
            {
                changes |= page.OwnerPermissions != ownerPermissions;
            }

            if (changes)
            {
                owner.Table.Set(start, size, ownerPermissions);
                Fence(caller, owner.Sdid);
            }

            partner.Table.Set(start, size, partnerPermissions);
            _tracker.Range(start, size).Fill(new PageRecord((byte)owner.Sdid, (byte)partner.Sdid, ownerPermissions, partnerPermissions));
        });
    }

    /// <summary>Ends sharing: the pages are the owner's alone again, with their content. Parameters as <see cref="Assign"/>.</summary>
    public DomainError Unshare(ulong start, ulong size, SupervisorDomain owner, SupervisorDomain partner, MptPermissions permissions = MptPermissions.All, Hart? caller = null)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(partner);
        return Change(start, size, owner, shared: true, [owner, partner], permissions, MptPermissions.None, caller, () =>
        {
            partner.Table.Set(start, size, MptPermissions.None);
            Fence(caller, partner.Sdid);
            owner.Table.Set(start, size, permissions);
            _tracker.Range(start, size).Fill(PageRecord.Of(owner.Sdid, permissions));
            Fence(caller, owner.Sdid);
        }, partner);
    }

    /// <summary>
    /// Takes a hart from the domain that it is in to another, where it goes on as that one's context of the hart says. On the hart's own thread,
    /// between instructions: by a service that has been called with a trap, or by a request.
    /// </summary>
    public void Switch(Hart hart, SupervisorDomain to)
    {
        ArgumentNullException.ThrowIfNull(hart);
        ArgumentNullException.ThrowIfNull(to);
        SupervisorDomain from = _current[hart.Id];
        if (from != to)
        {
            Volatile.Write(ref _current[hart.Id], to);
            hart.Switch(from.Context(hart.Id), to.Context(hart.Id));
        }
    }

    /// <summary>
    /// Takes a hart from a guest's hypervisor in one domain to a guest in another, or back (<see cref="Hart.SwitchGuest"/>). As <see cref="Switch"/>,
    /// but the contexts are the caller's.
    /// </summary>
    public void SwitchGuest(Hart hart, SupervisorDomain domain, SupervisorContext from, SupervisorContext to)
    {
        ArgumentNullException.ThrowIfNull(hart);
        ArgumentNullException.ThrowIfNull(domain);
        Volatile.Write(ref _current[hart.Id], domain);
        hart.SwitchGuest(from, to);
    }

    /// <summary>Puts a hart that has been reset into the host's domain.</summary>
    internal void Adopt(Hart hart)
    {
        Volatile.Write(ref _current[hart.Id], Host);
        foreach (SupervisorDomain domain in _domains.OfType<SupervisorDomain>())
        {
            Guard(hart, domain);
        }

        hart.Adopt(Host.Context(hart.Id), Host.Mmpt);
    }

    /// <summary>Compares the tables of all domains with the tracker, page by page, and what is not RAM with what devices have.</summary>
    /// <returns>Where they disagree; empty if all is well.</returns>
    public IReadOnlyList<string> Verify(Hart? caller = null)
    {
        Enter(caller);
        try
        {
            List<string> wrong = [];
            foreach (SupervisorDomain domain in _domains.OfType<SupervisorDomain>())
            {
                MptVerifier.Verify(domain, _tracker, DevicesOf(domain), wrong);
            }

            return wrong;
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void Guard(Hart hart, SupervisorDomain domain)
    {
        if (_isGuardedByPmp)
        {
            hart.SetDomainPmp(domain.Sdid, PmpUnit.Guarding(hart.Pmp.Entries, domain.Sdid == HostSdid ? _guards : _guards.AsSpan(0, 1)));
        }
    }

    // Checks everything, so that the change itself cannot fail.
    private DomainError Change(
        ulong start,
        ulong size,
        SupervisorDomain owner,
        bool? shared,
        ReadOnlySpan<SupervisorDomain> changed,
        MptPermissions permissions,
        MptPermissions partnerPermissions,
        Hart? caller,
        Action change,
        SupervisorDomain? partner = null)
    {
        if (permissions.IsReserved() || partnerPermissions.IsReserved())
        {
            return DomainError.BadPermissions;
        }

        if (!_tracker.IsRange(start, size))
        {
            return DomainError.BadRange;
        }

        Enter(caller);
        try
        {
            foreach (ref readonly PageRecord page in _tracker.Range(start, size))
            {
                if (page.Owner != owner.Sdid)
                {
                    return DomainError.NotOwner;
                }

                if ((shared is bool expected && page.IsShared != expected) || (partner is not null && page.Partner != partner.Sdid))
                {
                    return DomainError.BadSharing;
                }
            }

            int pages = 0;
            foreach (SupervisorDomain domain in changed)
            {
                if (_domains[domain.Sdid] != domain)
                {
                    return DomainError.NotOwner; // it was destroyed
                }

                pages += domain.Table.PagesFor(size);
            }

            if (_memory.FreePages < pages)
            {
                // What merging has left over may be had after a fence.
                foreach (SupervisorDomain domain in _domains.OfType<SupervisorDomain>())
                {
                    Fence(caller, domain.Sdid);
                }

                if (_memory.FreePages < pages)
                {
                    return DomainError.OutOfMemory;
                }
            }

            change();
            return DomainError.None;
        }
        finally
        {
            _gate.Exit();
        }
    }

    // After this, no hart and no bus master uses what the domain's table permitted before the call, or reads tables that went out of use.
    private void Fence(Hart? caller, uint sdid)
    {
        _map.DomainEpochs.Advance(sdid);
        Span<ulong> tickets = stackalloc ulong[HartMask.MaximumHarts];
        foreach (Hart hart in _harts)
        {
            if (hart == caller)
            {
                hart.FollowEpoch();
            }
            else
            {
                tickets[hart.Id] = hart.PostEpoch(sdid) ?? 0;
            }
        }

        foreach (Hart hart in _harts)
        {
            if (tickets[hart.Id] == 0)
            {
                continue;
            }

            SpinWait spin = default;
            while (caller is null && !hart.IsDone(tickets[hart.Id]))
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }

            caller?.Await(hart, tickets[hart.Id]);
        }

        _devicesChecker?.Fence();
        _domains[sdid]?.Table.FreeRetired();
    }

    private void Enter(Hart? caller)
    {
        if (caller is null)
        {
            _gate.Enter();
        }
        else
        {
            caller.Enter(_gate);
        }
    }
}
