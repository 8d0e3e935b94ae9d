using System.Diagnostics;
using CoveJit.Harts;
using CoveJit.Memory.Physical;
using CoveJit.Monitor;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Interrupts;
using CoveJit.Tsm.Pages;
using CoveJit.Tsm.Running;

namespace CoveJit.Tsm;

/// <summary>
/// The TEE security manager (TSM) as a managed service: owns the confidential supervisor domain, its memory and the TVMs in it. It is called at the
/// trap gate, on a hart's thread: by the managed firmware with the host's calls, by a hart with the traps of the TVM that it runs. What the
/// specification calls TEECALL and TEERET are calls and returns of methods here; nothing interrupts the TSM (CoVE, "Deployment models": the guest sees model 1).
/// </summary>
/// <remarks>
/// Host and TVMs are hostile: arguments are checked once, by their declarations and at the head of each function, and nothing here throws for anything
/// they can do. One lock guards everything but what a vCPU does while it runs; a hart that waits for it serves the others' requests.
/// </remarks>
public sealed class SecurityManager : IDomainService, IDisposable
{
    /// <summary>Pages of 4 KiB that a TVM's state takes (tvm_state_pages).</summary>
    public const ulong TvmStatePages = 1;

    /// <summary>Pages of 4 KiB that a vCPU's state takes (tvm_vcpu_state_pages).</summary>
    public const ulong VcpuStatePages = 1;

    private const int PageShift = 12;
    private const ulong PageMask = (1UL << PageShift) - 1;
    private const ulong LargePageMask = (2UL << 20) - 1;

    private readonly CoveCall[] _calls;
    private readonly SharedMemory?[] _shared;
    private readonly HashSet<uint> _vmids = [];
    private readonly SortedDictionary<uint, Tvm> _tvms = [];
    private uint _lastGuest;
    private ulong _lastEpoch;

    /// <summary>Makes the TSM of a machine, with a supervisor domain of its own.</summary>
    /// <param name="platform">The machine.</param>
    /// <param name="root">Its root domain security manager.</param>
    /// <param name="profile">The numbering of the functions.</param>
    /// <param name="identity">What it attests TVMs with; null for <see cref="TsmIdentity.Emulated"/>.</param>
    /// <param name="imsic">Where the harts' guest interrupt files are; null if TVMs cannot have any.</param>
    /// <param name="staticMemory">Of model 3, the confidential memory: a range of the host's RAM, of whole pages. Empty for model 1.</param>
    /// <exception cref="InvalidOperationException">There is no memory for another domain's protection table.</exception>
    public SecurityManager(IMonitorPlatform platform, RootDomainManager root, CoveProfile profile = CoveProfile.Current, TsmIdentity? identity = null, ImsicLayout? imsic = null, (ulong Start, ulong Size) staticMemory = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(root);
        Harts = platform.Harts;
        Root = root;
        Domain = root.Create("tsm") ?? throw new InvalidOperationException("too little memory for the TSM's memory protection table");
        Abi = new CoveAbi(profile);
        Identity = identity ?? TsmIdentity.Emulated;
        Pages = new ConfidentialPages(Harts[0].Map.Ram, root, Domain);
        Fence = new GlobalFence(Harts);
        Model = staticMemory.Size == 0 ? TsmModel.SupervisorDomain : TsmModel.Static;
        GuestFiles = new GuestFiles(Harts, root, Domain, Model == TsmModel.Static ? null : imsic);
        Switcher = new VcpuSwitch(this);
        _calls = [.. Harts.Select(hart => new CoveCall(this, hart))];
        _shared = new SharedMemory?[Harts.Count];
        if (Model == TsmModel.Static)
        {
            if (root.Assign(staticMemory.Start, staticMemory.Size, root.Host, Domain) != DomainError.None)
            {
                throw new InvalidOperationException("the static confidential memory is not the host's RAM");
            }

            Pages.Set(staticMemory.Start, staticMemory.Size >> PageShift, PageKind.Unassigned);
        }
    }

    /// <summary>Its functions, with counts.</summary>
    public CoveAbi Abi { get; }

    /// <summary>How it is deployed.</summary>
    public TsmModel Model { get; }

    /// <summary>What it attests TVMs with.</summary>
    public TsmIdentity Identity { get; }

    /// <summary>What the TSM offers.</summary>
    public TsmCapabilities Capabilities =>
        TsmCapabilities.PromoteTvm | TsmCapabilities.LocalAttestation | TsmCapabilities.RemoteAttestation
        | (Model == TsmModel.Static ? 0 : TsmCapabilities.MemoryAllocation)
        | (GuestFiles.Exist ? TsmCapabilities.Aia : 0);

    /// <summary>The confidential supervisor domain.</summary>
    public SupervisorDomain Domain { get; }

    /// <summary>The devices that it can connect; null if there are none.</summary>
    internal DeviceManager? Devices { get; private set; }

    /// <summary>Called after each call, with the arguments as they were; null unless calls are traced.</summary>
    public Action<Hart, CoveFunction, ulong[], SbiResult?>? Trace { get; set; }

    /// <summary>Called with the holder of the lock after each call; null unless invariants are checked.</summary>
    public Action? Check { get; set; }

    /// <summary>Whether it keeps what TVMs are launched with. To be set before the machine runs.</summary>
    public bool RecordsLaunches
    {
        get => Recorder is not null;
        set => Recorder = value ? new LaunchRecorder(Identity) : null;
    }

    /// <summary>What TVMs were launched with, if that is kept: for when the machine has ended.</summary>
    public IReadOnlyList<TvmLaunch> Launches => Recorder?.Launches ?? [];

    /// <summary>Counts of exits of TVMs.</summary>
    public ExitCounts Exits { get; } = new();

    /// <summary>The lock. Taken with <see cref="Hart.Enter(Lock)"/>.</summary>
    internal Lock Gate { get; } = new();

    internal IReadOnlyList<Hart> Harts { get; }

    internal RootDomainManager Root { get; }

    internal ConfidentialPages Pages { get; }

    internal GlobalFence Fence { get; }

    internal GuestFiles GuestFiles { get; }

    internal VcpuSwitch Switcher { get; }

    internal LaunchRecorder? Recorder { get; private set; }

    internal IReadOnlyDictionary<uint, Tvm> Tvms => _tvms;

    /// <inheritdoc/>
    public IEnumerable<uint> Extensions =>
        [(uint)CoveExtension.Host, .. GuestFiles.Exist ? [(uint)CoveExtension.Interrupts] : Array.Empty<uint>(), (uint)CoveExtension.SharedMemory];

    /// <inheritdoc/>
    public SbiResult? Call(Hart hart, uint extension, ulong function)
    {
        ArgumentNullException.ThrowIfNull(hart);
        if (!CoveAbi.TrySplit(function, out uint number, out uint sdid))
        {
            return SbiError.NotSupported;
        }

        // Callers from before supervisor domains had numbers leave it 0.
        if (sdid != 0 && sdid != Domain.Sdid)
        {
            return SbiError.InvalidParam;
        }

        hart.Enter(Gate);
        try
        {
            CoveCall call = _calls[hart.Id];
            call.Tvm = null;
            call.Vcpu = null;
            SbiResult? result = Dispatch((CoveExtension)extension, number, call);
            Check?.Invoke();
            return result;
        }
        finally
        {
            Gate.Exit();
        }
    }

    /// <summary>Gives it devices, before the machine runs: CoVE-IO's functions are supported from then on.</summary>
    /// <exception cref="InvalidOperationException">The memory for its IOMMU is not the host's RAM.</exception>
    public void Attach(DevicePlatform platform)
    {
        ArgumentNullException.ThrowIfNull(platform);
        Devices = new DeviceManager(this, platform);
    }

    /// <summary>Compares everything that must agree: records of pages, protection tables, page tables, states of TVMs.</summary>
    /// <returns>What does not; empty if all is well.</returns>
    public IReadOnlyList<string> Verify() => new TsmVerifier(this).Run();

    /// <summary>Releases what the host gave it.</summary>
    public void Dispose() => Pages.Dispose();

    /// <summary>Handles a call whose extension has the caller's leave, for the holder of the lock.</summary>
    internal SbiResult? Dispatch(CoveExtension extension, uint number, CoveCall call)
    {
        if (!Abi.TryFind(extension, number, out CoveFunction? function, out CoveCount? count))
        {
            return SbiError.NotSupported;
        }

        long start = Stopwatch.GetTimestamp();
        ulong[]? arguments = Trace is null ? null : ArgumentsOf(function, call);
        SbiResult? result = CheckArguments(function, call) is SbiError error ? error : function.Handler!(call);
        count.Add(Stopwatch.GetTimestamp() - start, result is SbiResult { Error: not SbiError.Success });
        Trace?.Invoke(call.Hart, function, arguments!, result);
        return result;
    }

    internal CoveCall CallOf(Hart hart) => _calls[hart.Id];

    /// <summary>The memory that a hart of the host's shares with the TSM; null for none.</summary>
    internal SharedMemory? SharedMemoryOf(Hart hart) => _shared[hart.Id];

    internal bool SetSharedMemory(Hart hart, ulong? address)
    {
        if (address is ulong start && !Pages.Pin(start, SharedMemory.Pages))
        {
            return false;
        }

        if (_shared[hart.Id] is SharedMemory old)
        {
            Pages.Unpin(old.Address, SharedMemory.Pages);
        }

        _shared[hart.Id] = address is ulong set ? new SharedMemory(Pages.Ram, set) : null;
        return true;
    }

    internal ulong NextEpoch() => ++_lastEpoch;

    internal Tvm? CreateTvm(ulong root, ulong state)
    {
        uint vmid = 1; // 0 is a hypervisor's that does not use VMIDs
        while (_vmids.Contains(vmid))
        {
            vmid++;
        }

        if (vmid >> Harts[0].Configuration.VmidBits != 0)
        {
            return null;
        }

        uint id = ++_lastGuest;
        _vmids.Add(vmid);
        Pages.Ram.TryClear(root, GuestStage.RootSize);
        Pages.Ram.TryClear(state, TvmStatePages << PageShift);
        Pages.Set(root, GuestStage.RootSize >> PageShift, PageKind.TvmRoot, id);
        Pages.Set(state, TvmStatePages, PageKind.TvmState, id);
        GuestStage stage = new(Pages.Ram, root, Math.Min(Harts[0].Configuration.MaximumLevels, 4))
        {
            TableTaken = page => Pages.Set(page, 1, PageKind.PageTable, id),
            TableReturned = page => Pages.Set(page, 1, PageKind.PageTablePool, id),
        };
        Tvm tvm = new(id, vmid, stage, Identity.Tcb.CreateRegisters()) { Epoch = NextEpoch() };
        _tvms.Add(id, tvm);
        return tvm;
    }

    internal void CreateVcpu(Tvm tvm, uint id, ulong statePage)
    {
        Pages.Ram.TryClear(statePage, VcpuStatePages << PageShift);
        Pages.Set(statePage, VcpuStatePages, PageKind.VcpuState, tvm.Id);
        Vcpu vcpu = new(tvm, id, statePage);
        Switcher.Prepare(vcpu);
        tvm.Vcpus.Add(id, vcpu);
    }

    internal void DestroyTvm(Tvm tvm)
    {
        tvm.Stage.ForEach(0, 1UL << tvm.Stage.AddressBits, leaf =>
        {
            if (leaf.IsShared)
            {
                Release(leaf);
            }

            return true;
        });
        Pages.FreeAll(tvm.Id);
        _vmids.Remove(tvm.Vmid);
        _tvms.Remove(tvm.Id);
    }

    /// <summary>
    /// Gives a TVM page-table pages that nobody uses until it has some more, if the TSM is who finds pages for it.
    /// </summary>
    /// <returns>False if there are none.</returns>
    internal bool TryProvideTables(Tvm tvm, UnassignedPages free, int count)
    {
        while (tvm.Stage.FreeTables < count)
        {
            if (!free.TryTake(1, out ulong page))
            {
                return false;
            }

            Pages.Set(page, 1, PageKind.PageTablePool, tvm.Id);
            tvm.Stage.AddTable(page);
        }

        return true;
    }

    /// <summary>Sees to it that a TVM has some page-table pages: if the TSM is who finds pages for it, it gets them, otherwise the host has given it some or not.</summary>
    /// <returns>False if it has too few.</returns>
    internal bool TryProvideTables(Tvm tvm, int count) =>
        tvm.Stage.FreeTables >= count || (Model == TsmModel.Static && TryProvideTables(tvm, new UnassignedPages(Pages), count));

    /// <summary>Maps pages in a TVM (<see cref="GuestStage.Map"/>). Page-table pages that are missing are found if the TSM is who finds pages for it.</summary>
    internal MapError Map(Tvm tvm, ulong guestAddress, ulong address, int level, ulong count, LeafKind kind, bool present = true)
    {
        UnassignedPages? free = null;
        MapError error;
        do
        {
            error = tvm.Stage.Map(guestAddress, address, level, count, kind, present);
        }
        while (error == MapError.TooFewTables && Model == TsmModel.Static && TryProvideTables(tvm, free ??= new UnassignedPages(Pages), tvm.Stage.FreeTables + 1));
        return error;
    }

    /// <summary>
    /// Maps an empty page where a TVM's confidential memory has none: of 2 MiB if all around the address is confidential and empty and there is one, otherwise
    /// of 4 KiB. Only with static memory: otherwise the host does.
    /// </summary>
    /// <returns>False if there are no pages.</returns>
    internal bool TryAddZeroPage(Tvm tvm, ulong guestPage)
    {
        UnassignedPages free = new(Pages);
        return Model == TsmModel.Static
            && TryProvideTables(tvm, free, tvm.Stage.Levels - 1)
            && (TryAddZeroPage(tvm, free, guestPage & ~LargePageMask, 1) || TryAddZeroPage(tvm, free, guestPage, 0));
    }

    private bool TryAddZeroPage(Tvm tvm, UnassignedPages free, ulong guestPage, int level)
    {
        ulong count = level == 0 ? 1 : (LargePageMask + 1) >> PageShift;
        ulong size = count << PageShift;
        if (!tvm.Regions.IsAll(guestPage, size, RegionKind.Confidential)
            || !tvm.Stage.ForEach(guestPage, size, _ => false)
            || !free.TryTake(count, out ulong page))
        {
            return false;
        }

        Pages.Ram.TryClear(page, size);
        if (tvm.Stage.Map(guestPage, page, level, 1, LeafKind.Confidential) != MapError.None)
        {
            return false;
        }

        Pages.SetData(page, count, tvm.Id, guestPage);
        return true;
    }

    /// <summary>Lets go what was mapped: a shared page may be converted, a confidential one becomes unassigned.</summary>
    internal void Release(in GuestLeaf leaf)
    {
        if (leaf.IsShared)
        {
            Pages.Unpin(leaf.Address, leaf.Pages);
        }
        else
        {
            Pages.Set(leaf.Address, leaf.Pages, PageKind.Unassigned);
        }
    }

    /// <summary>Ends the global fence if no hart is missing: its pages become confidential.</summary>
    internal void EndFence(Hart hart)
    {
        bool running = Fence.IsRunning;
        foreach ((ulong address, ulong pages) in Fence.TryEnd())
        {
            if (Pages.MakeConfidential(address, pages, hart) != DomainError.None)
            {
                // The protection tables have no memory left: the pages stay nobody's until a later fence.
                Pages.Set(address, pages, PageKind.Converting);
                Fence.Add(address, pages);
            }
        }

        if (running && !Fence.IsRunning)
        {
            GuestFiles.EndFence(hart);
        }
    }

    /// <summary>Makes all harts forget a TVM's translations of guest physical addresses, at once: it is not the protocol of <c>tvm_fence</c>.</summary>
    internal void ForgetTranslations(Tvm tvm, Hart caller)
    {
        (uint vmid, uint sdid) = (tvm.Vmid, Domain.Sdid);
        caller.ForgetGuestPhysical(vmid, sdid);
        Span<ulong> tickets = stackalloc ulong[Harts.Count];
        foreach (Hart other in Harts)
        {
            tickets[other.Id] = other == caller ? 0 : other.Post(hart => hart.ForgetGuestPhysical(vmid, sdid));
        }

        foreach (Hart other in Harts)
        {
            if (other != caller)
            {
                caller.Await(other, tickets[other.Id]);
            }
        }
    }

    internal bool TryReadHost(ulong address, Span<byte> bytes) => Pages.AreHostMemory(address, (ulong)bytes.Length) && Pages.Ram.TryRead(address, bytes);

    internal bool TryWriteHost(ulong address, ReadOnlySpan<byte> bytes) => Pages.AreHostMemory(address, (ulong)bytes.Length) && Pages.Ram.TryWrite(address, bytes);

    internal unsafe void Copy(ulong from, ulong to, ulong length)
    {
        GuestRam ram = Pages.Ram;
        for (ulong i = 0; i < length; i += PageMask + 1)
        {
            ram.TryWrite(to + i, new ReadOnlySpan<byte>(ram.HostAddress(from + i), (int)PageMask + 1));
        }
    }

    internal ReadOnlySpan<byte> PageBytes(ulong address) => Bytes(address, PageMask + 1);

    /// <summary>Confidential memory, of a TVM that does not run yet.</summary>
    internal unsafe ReadOnlySpan<byte> Bytes(ulong address, ulong length) => new(Pages.Ram.HostAddress(address), checked((int)length));

    /// <summary>Reads a TVM's confidential memory.</summary>
    /// <returns>False if not all of the range is mapped confidential memory.</returns>
    internal bool TryReadGuest(Tvm tvm, ulong guestAddress, Span<byte> bytes)
    {
        for (int done = 0; done < bytes.Length;)
        {
            int length = WithinPage(guestAddress + (ulong)done, bytes.Length - done);
            if (!TryTranslate(tvm, guestAddress + (ulong)done, out ulong address) || !Pages.Ram.TryRead(address, bytes.Slice(done, length)))
            {
                return false;
            }

            done += length;
        }

        return true;
    }

    /// <summary>Writes a TVM's confidential memory.</summary>
    /// <returns>False, and nothing written, if not all of the range is mapped confidential memory.</returns>
    internal bool TryWriteGuest(Tvm tvm, ulong guestAddress, ReadOnlySpan<byte> bytes)
    {
        for (int done = 0; done < bytes.Length; done += WithinPage(guestAddress + (ulong)done, bytes.Length - done))
        {
            if (!TryTranslate(tvm, guestAddress + (ulong)done, out _))
            {
                return false;
            }
        }

        for (int done = 0; done < bytes.Length;)
        {
            int length = WithinPage(guestAddress + (ulong)done, bytes.Length - done);
            TryTranslate(tvm, guestAddress + (ulong)done, out ulong address);
            Pages.Ram.TryWrite(address, bytes.Slice(done, length));
            done += length;
        }

        return true;
    }

    private static int WithinPage(ulong address, int length) => (int)Math.Min(PageMask + 1 - (address & PageMask), (ulong)length);

    private static bool TryTranslate(Tvm tvm, ulong guestAddress, out ulong address)
    {
        address = 0;
        if (!tvm.HasAddresses(guestAddress, 1) || tvm.Regions[guestAddress] != RegionKind.Confidential)
        {
            return false;
        }

        GuestLeaf leaf = tvm.Stage.Find(guestAddress);
        address = leaf.Address + (guestAddress - leaf.GuestAddress);
        return leaf.State == LeafState.Present && !leaf.IsShared;
    }

    // By itself, so that only traced calls allocate.
    private static ulong[] ArgumentsOf(CoveFunction function, CoveCall call) => [.. Enumerable.Range(0, function.Arguments.Length).Select(i => call[i])];

    private SbiError? CheckArguments(CoveFunction function, CoveCall call)
    {
        if (function.Handler is null || (function.IsDynamic && Model == TsmModel.Static) || (function.IsDevice && Devices is null))
        {
            return SbiError.NotSupported;
        }

        for (int i = 0; i < function.Arguments.Length; i++)
        {
            CoveArgument argument = function.Arguments[i];
            if (!(argument.CurrentOnly && Abi.Profile != CoveProfile.Current) && !argument.Check(call[i], call))
            {
                return argument.ErrorOfRule;
            }
        }

        return null;
    }
}
