using CoveJit.Devices.Pcie;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;

namespace CoveJit.Devices.Protection;

/// <summary>
/// The I/O MPT checker (Supervisor Domains Access Protection 0.9, "I/O MPT checker"): finds out whose a bus master's transaction is and looks its
/// address up in that domain's memory protection table, which lies in guest RAM and is the one that harts walk. Without a rule, or without a table, a
/// transaction is refused. The root domain security manager programs it by these methods; it has no registers. Thread-safe.
/// </summary>
/// <remarks>
/// What was permitted is cached until the domain's epoch is over (<see cref="DomainEpochs"/>). A transaction is judged and carried out as one:
/// <see cref="Fence"/> returns when all that were judged by what was before are done.
/// </remarks>
public sealed class IoMptChecker : IDisposable
{
    /// <summary>Number of classifier rules.</summary>
    public const int Rules = 256;

    private const ulong PageSize = 4096;

    private readonly GuestRam _ram;
    private readonly DomainEpochs _epochs;
    private readonly Domain?[] _domains = new Domain?[MptRoot.Domains];
    private readonly IoMptRule?[] _slots = new IoMptRule?[Rules];
    private readonly TransactionGate _transactions = new();
    private readonly Lock _programming = new();
    private volatile IoMptRule[] _rules = [];
    private long _refused;

    /// <summary>Makes a checker that refuses everything: there are no rules and no tables.</summary>
    /// <param name="ram">Where the tables are.</param>
    /// <param name="epochs">When permissions were taken from domains.</param>
    public IoMptChecker(GuestRam ram, DomainEpochs epochs)
    {
        _ram = ram;
        _epochs = epochs;
    }

    /// <summary>Transactions refused.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Sets or, with null, disables a classifier rule. If several match, the one with the lowest number counts. Takes effect with <see cref="Fence"/>.</summary>
    /// <param name="number">Its number, below <see cref="Rules"/>.</param>
    /// <param name="rule">The rule.</param>
    public void SetRule(int number, IoMptRule? rule)
    {
        lock (_programming)
        {
            _slots[number] = rule;
            _rules = [.. _slots.OfType<IoMptRule>()];
        }
    }

    /// <summary>Names the table of a domain.</summary>
    public void SetTable(MptRoot root) => Volatile.Write(ref _domains[root.Sdid], new Domain(root, _epochs.Current(root.Sdid)));

    /// <summary>Forgets the table of a domain: its transactions are refused. Takes effect with <see cref="Fence"/>.</summary>
    public void ClearTable(uint sdid) => Volatile.Write(ref _domains[sdid], null);

    /// <summary>
    /// IOFENCE: waits for the transactions under way. What begins later is judged by the rules, tables and epochs of now. Not from within a
    /// transaction.
    /// </summary>
    public void Fence() => _transactions.Drain();

    /// <summary>Makes the part of the checker that stands before memory for PCIe functions: behind an IOMMU, if there is one.</summary>
    /// <param name="next">Where permitted requests go.</param>
    public IPcieUpstream Attach(IPcieUpstream next) => new CheckedUpstream(this, next);

    /// <summary>
    /// Makes the part of the checker that sends a function's request to the IOMMU of its domain: what the classifier says beside the domain. It is
    /// checked behind that IOMMU.
    /// </summary>
    /// <param name="others">The way of requests whose domain has no IOMMU of its own, and of those that no rule is about.</param>
    /// <param name="sdid">A domain.</param>
    /// <param name="its">The way of its requests.</param>
    public IPcieUpstream Route(IPcieUpstream others, uint sdid, IPcieUpstream its) => new RoutedUpstream(this, others, sdid, its);

    /// <summary>Makes a bus master's way to memory that is always of one domain: a device that is on no PCIe bus, or an IOMMU's own accesses.</summary>
    /// <param name="sdid">The domain.</param>
    /// <param name="next">Where permitted accesses go.</param>
    public IAtomicDmaPort Port(uint sdid, IAtomicDmaPort next) => new CheckedPort(this, sdid, next);

    /// <summary>Sends an interrupt message on behalf of a domain, if it may write there.</summary>
    /// <param name="sdid">The domain.</param>
    /// <param name="address">The message's address.</param>
    /// <param name="data">The message.</param>
    /// <param name="send">Sends it; false if there is nothing that takes it.</param>
    public bool TrySend(uint sdid, ulong address, uint data, Func<ulong, uint, bool> send)
    {
        ArgumentNullException.ThrowIfNull(send);
        using TransactionGate.Transaction transaction = _transactions.Begin();
        return Permits(sdid, address, sizeof(uint), AccessType.Write) && send(address, data);
    }

    /// <summary>Releases the lock; no bus master is left.</summary>
    public void Dispose() => _transactions.Dispose();

    // The domain of a request; null if no rule is about it.
    private uint? Classify(in PcieRequest request)
    {
        foreach (ref readonly IoMptRule rule in _rules.AsSpan())
        {
            if (rule.Matches(request))
            {
                return rule.Sdid;
            }
        }

        return null;
    }

    // All pages, before any byte moves, in a transaction.
    private bool Permits(uint? sdid, ulong address, int length, AccessType access)
    {
        ulong last = address + (ulong)Math.Max(length, 1) - 1;
        bool permitted = sdid is not null && last >= address;
        for (ulong page = address & ~(PageSize - 1); permitted && page <= last; page += PageSize)
        {
            permitted = PermitsPage(sdid!.Value, page, access);
            if (page == (ulong.MaxValue & ~(PageSize - 1)))
            {
                break;
            }
        }

        if (!permitted)
        {
            Interlocked.Increment(ref _refused);
        }

        return permitted;
    }

    private bool PermitsPage(uint sdid, ulong page, AccessType access)
    {
        if (Volatile.Read(ref _domains[sdid]) is not { } domain)
        {
            return false;
        }

        // The transaction began with a full fence: an epoch that begins after this read waits for this transaction.
        ulong epoch = _epochs.Current(sdid);
        if (domain.Epoch != epoch)
        {
            Domain fresh = new(domain.Root, epoch);
            Interlocked.CompareExchange(ref _domains[sdid], fresh, domain);
            domain = fresh;
        }

        if (domain.Find(page).Permit(access))
        {
            return true;
        }

        MptPermissions permissions = MptPermissions.All;
        if (domain.Root.Mode != MptMode.Bare)
        {
            TableMemory memory = new(_ram);
            permissions = MptWalker.Walk(ref memory, domain.Root, page, out MptWalkResult result) ? result.Permissions : MptPermissions.None;
        }

        if (!permissions.Permit(access))
        {
            return false; // never cached, so that giving a permission needs no fence
        }

        domain.Add(page, permissions);
        return true;
    }

    /// <summary>A domain's table, and what an epoch's look-ups in it have permitted: a page and its tuple in one word, so that threads need no lock.</summary>
    private sealed class Domain(MptRoot root, ulong epoch)
    {
        private const int Size = 1024;

        private readonly ulong[] _known = new ulong[Size];

        public MptRoot Root => root;

        public ulong Epoch => epoch;

        public MptPermissions Find(ulong page)
        {
            ulong entry = Volatile.Read(ref _known[(page >> 12) % Size]);
            return (entry & ~(PageSize - 1)) == page ? (MptPermissions)(entry & (PageSize - 1)) : MptPermissions.None;
        }

        public void Add(ulong page, MptPermissions permissions) => Volatile.Write(ref _known[(page >> 12) % Size], page | (ulong)permissions);
    }

    /// <summary>RAM as the look-up sees it.</summary>
    private readonly unsafe struct TableMemory(GuestRam ram) : IEntryMemory
    {
        public WalkStatus ReadEntry(ulong address, out ulong entry)
        {
            if (!ram.Contains(address, sizeof(ulong)))
            {
                entry = 0;
                return WalkStatus.AccessFault;
            }

            entry = Volatile.Read(ref *(ulong*)ram.HostAddress(address));
            return WalkStatus.Ok;
        }
    }

    private sealed class CheckedUpstream(IoMptChecker checker, IPcieUpstream next) : IPcieUpstream
    {
        public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination)
        {
            using TransactionGate.Transaction transaction = checker._transactions.Begin();
            return checker.Permits(checker.Classify(request), address, destination.Length, AccessType.Read)
                && next.TryRead(request, address, destination);
        }

        public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source)
        {
            using TransactionGate.Transaction transaction = checker._transactions.Begin();
            return checker.Permits(checker.Classify(request), address, source.Length, AccessType.Write)
                && next.TryWrite(request, address, source);
        }
    }

    private sealed class RoutedUpstream(IoMptChecker checker, IPcieUpstream others, uint sdid, IPcieUpstream its) : IPcieUpstream
    {
        public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination) => Choose(request).TryRead(request, address, destination);

        public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source) => Choose(request).TryWrite(request, address, source);

        private IPcieUpstream Choose(in PcieRequest request) => checker.Classify(request) == sdid ? its : others;
    }

    private sealed class CheckedPort(IoMptChecker checker, uint sdid, IAtomicDmaPort next) : IAtomicDmaPort
    {
        public bool TryRead(ulong address, Span<byte> destination)
        {
            using TransactionGate.Transaction transaction = checker._transactions.Begin();
            return checker.Permits(sdid, address, destination.Length, AccessType.Read) && next.TryRead(address, destination);
        }

        public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
        {
            using TransactionGate.Transaction transaction = checker._transactions.Begin();
            return checker.Permits(sdid, address, source.Length, AccessType.Write) && next.TryWrite(address, source);
        }

        public bool TryCompareExchange(ulong address, ulong expected, ulong desired, out bool exchanged)
        {
            exchanged = false;
            using TransactionGate.Transaction transaction = checker._transactions.Begin();
            return checker.Permits(sdid, address, sizeof(ulong), AccessType.Read)
                && checker.Permits(sdid, address, sizeof(ulong), AccessType.Write)
                && next.TryCompareExchange(address, expected, desired, out exchanged);
        }
    }
}
