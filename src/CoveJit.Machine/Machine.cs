using System.Globalization;
using System.Security.Cryptography;
using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Interrupts;
using CoveJit.Devices.Power;
using CoveJit.Devices.Protection;
using CoveJit.Devices.Serial;
using CoveJit.Devices.Time;
using CoveJit.Devices.Virtio;
using CoveJit.Devices.Virtio.Block;
using CoveJit.Devices.Virtio.Net;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Machines.Board;
using CoveJit.Machines.Htif;
using CoveJit.Machines.Inspection;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;
using CoveJit.Machines.Running;
using CoveJit.Machines.Time;
using CoveJit.Machines.Tracing;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Monitor;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Translator;
using CoveJit.Translator.X64;
using CoveJit.Translator.X64.Cache;
using CoveJit.Tsm;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Interrupts;

namespace CoveJit.Machines;

/// <summary>
/// A virt board, composed from <see cref="MachineOptions"/>: RAM, harts, devices, firmware, images, device tree. It runs once; a reboot is a new
/// machine from the same options.
/// </summary>
public sealed partial class Machine : IMonitorPlatform, IPowerControl, ICharacterBackend, IDisposable
{
    // Privileged extensions that add no instructions, as the device tree names them. Svadu without Svade: hardware updates A and D from the start.
    private static readonly string[] PrivilegedExtensions =
        ["smstateen", "ssccptr", "sscofpmf", "sscounterenw", "ssstateen", "sstc", "sstvala", "sstvecd", "svadu", "svnapot", "svpbmt"];

    // What the harts' H extension has beyond the base: with Ssstateen all that Sha asks for.
    private static readonly string[] HypervisorExtensions =
        ["sha", "shcounterenw", "shgatpa", "shtvala", "shvsatpa", "shvstvala", "shvstvecd"];

    private static readonly string[] AdvancedInterruptExtensions = ["smaia", "smcsrind", "ssaia", "sscsrind"];

    private static readonly string[] InterruptDomainExtensions = ["smgeien", "smsdia"];

    // As on QEMU's virt board.
    private const int InterruptIdentities = 255;

    private readonly IMachineHost _host;
    private readonly List<IDisposable> _resources = [];
    private readonly List<DeviceTreeContributor> _contributors = [];
    private readonly Hart[] _harts;
    private readonly IClock _clock;
    private readonly IDeviceTimers _timers;
    private readonly IHartScheduler _scheduler;
    private readonly Uart _uart;
    private readonly InterruptControllers _interrupts;
    private readonly Iopmp? _iopmp;
    private readonly IoMptChecker? _deviceProtection;
    private readonly Lock _endLock = new();
    private MachineEnd? _end;

    /// <summary>Builds the machine and loads its images.</summary>
    /// <exception cref="LoadException">An image cannot be loaded.</exception>
    public Machine(MachineOptions options, IMachineHost host)
    {
        Options = options;
        _host = host;
        Ram = Own(new GuestRam(VirtMemoryMap.DramBase, options.MemorySize));
        Map = new PhysicalMap(Ram);
        Configuration = Configure(options);
        Code = Own(new CodeCache(Ram, Configuration.Extensions) { Concurrent = options.Harts > 1 && !options.InstructionCount });
        InstructionClock? instructionClock = options.InstructionCount ? new InstructionClock() : null;
        _clock = instructionClock is null ? new HostClock() : instructionClock;
        _harts = [.. Enumerable.Range(0, options.Harts).Select(id => Own(new Hart(id, Configuration, Map, Code, _clock)))];
        instructionClock?.Attach(_harts);
        foreach (Hart hart in _harts)
        {
            hart.Stuck = EndStuck;
        }

        if ((options.Trace & TraceKinds.Trap) != 0)
        {
            Action<Hart, Trap> trace = new TrapTrace(host.Report, () => Symbols).Write;
            foreach (Hart hart in _harts)
            {
                hart.TrapTrace = trace;
            }
        }

        Code.OnPageBecomesCode(DropWriteEntries);
        AddTiers();

        VirtualDeviceTimers? virtualTimers = instructionClock is null ? null : new VirtualDeviceTimers(_clock);
        _timers = virtualTimers is null ? Own(new HostDeviceTimers(_clock)) : virtualTimers;
        _scheduler = instructionClock is null
            ? new ThreadScheduler(_harts, Code)
            : new RoundRobinScheduler(_harts, Code, instructionClock, virtualTimers!);

        _interrupts = InterruptControllers.Create(options, _harts);
        _uart = new Uart("uart0", Interrupt(VirtMemoryMap.Uart0.Interrupt), this);
        if (options.Iopmp is not null)
        {
            _iopmp = new Iopmp("iopmp", options.Iopmp, Interrupt(VirtMemoryMap.Iopmp.Interrupt));
        }

        // The managed firmware is the root domain security manager; another firmware's tables would need the checker's registers.
        if (HasDomains && options.Firmware is null)
        {
            _deviceProtection = Own(new IoMptChecker(Ram, Map.DomainEpochs));
        }

        AddBoardDevices();
        try
        {
            AddPcie();
            AddVirtioDevices();
            if (options.HtifProgram is not null)
            {
                StartHtif(options.HtifProgram);
            }
            else
            {
                StartImages();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What the machine was made from.</summary>
    public MachineOptions Options { get; }

    /// <summary>The machine's time.</summary>
    public IClock Clock => _clock;

    /// <summary>Guest RAM.</summary>
    public GuestRam Ram { get; }

    /// <summary>The physical address map.</summary>
    public PhysicalMap Map { get; }

    /// <summary>Decoded code.</summary>
    public CodeCache Code { get; }

    /// <summary>The translating tier, or null if everything is interpreted.</summary>
    public RegionTranslator? Translator { get; private set; }

    /// <summary>The baseline tier, or null.</summary>
    public NativeTranslator? NativeTranslator { get; private set; }

    /// <summary>What was translated, where the options want to know; otherwise null.</summary>
    public TranslationLog? Translations { get; private set; }

    /// <summary>What each hart implements.</summary>
    public HartConfiguration Configuration { get; }

    /// <summary>The harts, by mhartid.</summary>
    public IReadOnlyList<Hart> Harts => _harts;

    /// <summary>The managed firmware, or null under <c>--bios FILE</c> and <c>--htif</c>.</summary>
    public ManagedMonitor? Monitor { get; private set; }

    /// <summary>What guards the memory of supervisor domains against devices; null without domains.</summary>
    public IoMptChecker? DeviceProtection => _deviceProtection;

    /// <summary>The TEE security manager, or null.</summary>
    public SecurityManager? Tsm { get; private set; }

    /// <summary>The device tree blob as the guest got it; empty for <c>--htif</c>.</summary>
    public ReadOnlyMemory<byte> DeviceTree { get; private set; }

    /// <summary>What the device tree of a machine with these options says about each hart.</summary>
    public static HartDescription DescribeHart(MachineOptions options) =>
        new(
            options.Extensions,
            [
                .. PrivilegedExtensions,
                .. options.Extensions.Has(Extension.H) ? HypervisorExtensions : [],
                .. options.Interrupts == InterruptArchitecture.Plic ? [] : AdvancedInterruptExtensions,
                .. Configure(options).InterruptDomains > 1 ? InterruptDomainExtensions : [],
            ],
            options.Paging);

    /// <summary>Runs the machine until it ends.</summary>
    public MachineEnd Run()
    {
        _scheduler.Run();
        if (NativeTranslator?.Cache?.Save() is string reason)
        {
            _host.Report($"translations were not kept: {reason}");
        }

        return _end ?? new MachineEnd(MachineEndKind.Stopped);
    }

    /// <summary>How the machine ended, or null while it has not.</summary>
    internal MachineEnd? Ended => _end;

    /// <summary>The hart that <see cref="RunSlice"/> runs next. Only with <see cref="MachineOptions.InstructionCount"/>.</summary>
    internal Hart CurrentHart => _harts[((RoundRobinScheduler)_scheduler).Current];

    /// <summary>Runs one hart's slice, or a part of it, where <see cref="Run"/> runs all. Only with <see cref="MachineOptions.InstructionCount"/>.</summary>
    /// <param name="most">Instructions to execute at most.</param>
    /// <returns>False if the machine has ended.</returns>
    internal bool RunSlice(ulong most = ulong.MaxValue) => ((RoundRobinScheduler)_scheduler).RunSlice(most);

    /// <summary>Stops the machine. Thread-safe; does not wait.</summary>
    public void Stop() => End(new MachineEnd(MachineEndKind.Stopped));

    /// <summary>Gives console input to the guest's serial port; returns the number of bytes taken. Thread-safe.</summary>
    public int ReceiveInput(ReadOnlySpan<byte> bytes) => _uart.Receive(bytes);

    /// <inheritdoc/>
    void ICharacterBackend.Write(ReadOnlySpan<byte> bytes) => _host.ConsoleWrite(bytes);

    /// <inheritdoc/>
    public void ConsoleWrite(ReadOnlySpan<byte> bytes) => _host.ConsoleWrite(bytes);

    /// <inheritdoc/>
    public int ConsoleRead(Span<byte> buffer) => _uart.Take(buffer);

    /// <inheritdoc/>
    public void PowerOff(bool failure) => End(failure ? new MachineEnd(MachineEndKind.Exit, 1) : new MachineEnd(MachineEndKind.PowerOff));

    /// <inheritdoc/>
    public void Reboot() => End(new MachineEnd(MachineEndKind.Reboot));

    /// <inheritdoc/>
    void IPowerControl.Request(ShutdownRequest request) => End(request.Kind switch
    {
        ShutdownKind.PowerOff => new MachineEnd(MachineEndKind.PowerOff),
        ShutdownKind.Reset => new MachineEnd(MachineEndKind.Reboot),
        _ => new MachineEnd(MachineEndKind.Exit, request.Code),
    });

    /// <summary>Releases everything, in the reverse order of making. The machine must not be running.</summary>
    public void Dispose()
    {
        for (int i = _resources.Count - 1; i >= 0; i--)
        {
            _resources[i].Dispose();
        }

        _resources.Clear();
    }

    private void AddTiers()
    {
        const uint NativeThreshold = 4;
        const uint RegionThreshold = 30_000;
        uint region = Options.RegionThreshold ?? RegionThreshold;
        if (Options.ObservesTranslation)
        {
            Translations = Own(new TranslationLog(Options, () => Symbols));
        }

        Tiers tiers = Options.Tiers;
        if (tiers != Tiers.None && !NativeMemoryBlock.CanExecute)
        {
            tiers = Tiers.None;
            _host.Report("this host allows no memory that is written and executed: guest code is interpreted");
        }
        else if ((tiers & Tiers.Native) != 0 && !NativeTranslator.IsSupported)
        {
            tiers &= ~Tiers.Native;
            _host.Report("this host's processor lacks LZCNT, BMI1 or POPCNT: guest code is interpreted until regions are compiled");
        }

        if ((tiers & Tiers.Regions) != 0)
        {
            Translator = Own(new RegionTranslator(Code, _harts, synchronous: Options.Check, observer: Translations));
        }

        if ((tiers & Tiers.Native) != 0)
        {
            NativeTranslator = new NativeTranslator(Code, Options.HotThreshold ?? NativeThreshold, Translator, (int)region, Translations, OpenTranslationCache());
            if (NativeTranslator.Cache is not null)
            {
                Own(NativeTranslator.Cache);
            }
        }
        else if (Translator is not null)
        {
            Code.Attach(Translator, region);
        }
    }

    private CacheDirectory? OpenTranslationCache()
    {
        if (Options.TranslationCache is not { } cache)
        {
            return null;
        }

        try
        {
            return new CacheDirectory(cache.Directory);
        }
        catch (IOException e) when (cache.Required)
        {
            throw new LoadException($"--cache {e.Message}", "give a directory of your own, or --cache off", e);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private T Own<T>(T resource)
        where T : IDisposable
    {
        _resources.Add(resource);
        return resource;
    }

    private void End(MachineEnd end)
    {
        lock (_endLock)
        {
            _end ??= end; // the first wins
        }

        _scheduler.Stop();
    }

    private void EndStuck(Hart hart, Trap trap, ulong from)
    {
        lock (_endLock)
        {
            if (_end is not null)
            {
                return;
            }
        }

        _host.Report(string.Create(
            CultureInfo.InvariantCulture,
            $"hart {hart.Id} is stuck: it trapped at {Symbols.Symbolize(from)}, and its trap handler at {Symbols.Symbolize(hart.Pc)} cannot be executed ({(TrapCause)trap.Cause}); look for a wild jump, or a missing handler, with --trace trap"));
        End(new MachineEnd(MachineEndKind.Stuck, 1));
    }

    private static HartConfiguration Configure(MachineOptions options) => new()
    {
        Extensions = options.Extensions,
        MaximumLevels = 3 + (int)options.Paging,
        PmpEntries = options.PmpEntries,
        LegacyProtectionTables = options.LegacyProtectionTables,
        InterruptDomains = options.Interrupts == InterruptArchitecture.Imsic && options.Extensions.Has(Extension.Smsd) ? VirtMemoryMap.ImsicDomains : 1,
        AdvancedInterrupts = options.Interrupts != InterruptArchitecture.Plic,
        InterruptIdentities = options.Interrupts == InterruptArchitecture.Imsic ? InterruptIdentities : 0,
        GuestExternalInterrupts = options.Interrupts == InterruptArchitecture.Imsic ? options.GuestInterruptFiles : 0,
    };

    // Interrupt files that are not the host's.
    private static (ulong Start, ulong Size) OtherDomainsDevices =>
        (VirtMemoryMap.ImsicS.Base + VirtMemoryMap.ImsicDomainSize, VirtMemoryMap.ImsicS.Size - VirtMemoryMap.ImsicDomainSize);

    private bool HasDomains => Options.SupervisorDomains != SupervisorDomainMode.Off || Options.Tsm is not null;

    private IInterruptLine[] HartLines(int code) => [.. _harts.Select(hart => hart.Line(code))];

    private IInterruptLine Interrupt(uint source) => _interrupts.Source(source);

    private unsafe void DropWriteEntries(ulong page)
    {
        foreach (Hart hart in _harts)
        {
            hart.Tlb.DropWrites(Ram.HostAddress(page));
        }
    }

    private void AddBoardDevices()
    {
        Add(VirtMemoryMap.Clint, new Aclint("clint", _clock, HartLines(InterruptCode.MachineSoftware), _harts), tree =>
            Aclint.Describe(tree.Soc, VirtMemoryMap.Clint.Base, tree.HartInterruptControllers()));
        foreach ((ulong address, ulong size, IBusDevice device) in _interrupts.Devices)
        {
            Map.Add(address, size, Traced(device));
        }

        _contributors.Add(tree => _interrupts.Describe(tree, managed: Options.Firmware is null));
        Add(VirtMemoryMap.Test, new TestFinisher("test", this), tree =>
            TestFinisher.Describe(tree.Root, tree.Soc, VirtMemoryMap.Test.Base, tree.Phandles));
        Add(VirtMemoryMap.Rtc, new GoldfishRtc("rtc", _clock, _timers, Interrupt(VirtMemoryMap.Rtc.Interrupt)), tree =>
            GoldfishRtc.Describe(tree.Soc, VirtMemoryMap.Rtc.Base, _interrupts.Phandle, _interrupts.Specifier(VirtMemoryMap.Rtc.Interrupt)));
        Add(VirtMemoryMap.Uart0, _uart, tree =>
            Uart.Describe(tree.Soc, VirtMemoryMap.Uart0.Base, _interrupts.Phandle, _interrupts.Specifier(VirtMemoryMap.Uart0.Interrupt)));
        if (_iopmp is not null)
        {
            Add(VirtMemoryMap.Iopmp, _iopmp, tree =>
                Iopmp.Describe(tree.Soc, VirtMemoryMap.Iopmp.Base, _interrupts.Phandle, _interrupts.Specifier(VirtMemoryMap.Iopmp.Interrupt)));
        }
    }

    // A bus master's way to memory. VirtIO slots have the RRIDs from 0 on; those behind the last slot are free for others.
    private IDmaPort BehindIopmp(IAtomicDmaPort memory, int requester) => _iopmp is null ? memory : new CheckedDmaPort(memory, _iopmp, requester);

    // The way to memory of what is always the host's: in a machine with supervisor domains it reaches only what the host may.
    private IAtomicDmaPort HostDmaPort()
    {
        RamDmaPort ram = new(Ram);
        return _deviceProtection is null ? ram : _deviceProtection.Port(RootDomainManager.HostSdid, ram);
    }

    private void AddVirtioDevices()
    {
        List<(VirtioDevice Device, int? VirtualMachine)> devices = [];
        int drives = 0;
        foreach (DriveOptions drive in Options.Drives)
        {
            VirtioBlock block = new($"vd{(char)('a' + drives++)}", Own(Storage.Open(drive)));
            if (drive.Pcie)
            {
                Plug(block, drive.Function);
            }
            else
            {
                devices.Add((block, Options.VirtualMachines.Count > 0 ? drive.VirtualMachine : null));
            }
        }

        if (Options.Network.Kind != NetworkKind.None)
        {
            VirtioNet card = new("net0", Own(Networking.Open(Options.Network)), Networking.MacAddress);
            if (Options.Network.Pcie)
            {
                Plug(card, Options.Network.Function);
            }
            else
            {
                devices.Add((card, null));
            }
        }

        devices.Add((new VirtioRng("rng0", Options.InstructionCount ? new SeededEntropy(0) : new HostEntropy()), null));
        if (devices.Count > VirtMemoryMap.Virtio.Count)
        {
            throw new LoadException($"{devices.Count} VirtIO devices do not fit the board's {VirtMemoryMap.Virtio.Count} slots", "give fewer --drive options");
        }

        for (int i = 0; i < devices.Count; i++)
        {
            int slot = i;

            // Owned after its backend, so disposed before it: then no queue is served any more when the backend goes.
            VirtioMmio transport = Own(new VirtioMmio(devices[i].Device, BehindIopmp(HostDmaPort(), requester: slot), Interrupt(VirtMemoryMap.Virtio.InterruptOf(slot)), report: _host.Report));
            Map.Add(VirtMemoryMap.Virtio.BaseOf(slot), VirtMemoryMap.Virtio.Size, Traced(transport));
            _contributors.Add(tree =>
            {
                DeviceTreeNode node = VirtioMmio.Describe(
                    tree.Soc, VirtMemoryMap.Virtio.BaseOf(slot), _interrupts.Phandle, _interrupts.Specifier(VirtMemoryMap.Virtio.InterruptOf(slot)));
                if (_iopmp is not null)
                {
                    Iopmp.DescribeRequester(node, slot);
                }

                if (devices[slot].VirtualMachine is int virtualMachine)
                {
                    node.SetCells("covejit,vm", (uint)virtualMachine);
                }
            });
        }
    }

    private IBusDevice Traced(IBusDevice device) =>
        (Options.Trace & TraceKinds.Mmio) != 0 ? new TracedDevice(device, _host.Report) : device;

    private void Add(BoardRegion region, IBusDevice device, DeviceTreeContributor contributor)
    {
        Map.Add(region.Base, region.Size, Traced(device));
        _contributors.Add(contributor);
    }

    private void StartImages()
    {
        DomainMemory? reserved = HasDomains ? DomainMemory.Of(new AddressRange(Ram.Base, Ram.Size), Options is { Tsm: not null, TsmModel: TsmModel.Static }, Options.Tsm is not null && HasTeeDevices) : null;
        if (reserved is not null)
        {
            _contributors.Add(tree => reserved.Describe(tree.Root));
        }

        RamWriter memory = new(Ram, reserved is null ? Ram.Size : reserved.Start - Ram.Base);
        GuestFile? Read(string option, string? path) => path is null ? null : GuestFile.Read(option, path, Ram.Size);
        BootFiles files = new(Read("--kernel", Options.Kernel), Read("--initrd", Options.Initrd), Read("--bios", Options.Firmware));
        BootLayout layout = BootLayout.Load(files, memory);
        ModuleLoader modules = new(memory, layout.Free);
        byte[] blob = DescribeBoard(layout.Initrd, [.. Options.VirtualMachines.Select(machine => (machine, modules.Load(machine)))]);
        if ((ulong)blob.Length > BootLayout.DeviceTreeLimit)
        {
            throw new LoadException("the device tree is larger than 2 MiB", "shorten --append");
        }

        memory.TryWrite(layout.DeviceTreeAddress, blob);
        Symbols = new[] { layout.Kernel, layout.Firmware }.OfType<LoadedImage>().Select(image => image.Symbols).FirstOrDefault(symbols => symbols.Count > 0, SymbolTable.Empty);
        DeviceTree = blob;
        if (layout.Firmware is null)
        {
            MptLeaves leaves = Options.SupervisorDomains == SupervisorDomainMode.Pages ? MptLeaves.Pages : MptLeaves.Largest;
            Monitor = new ManagedMonitor(this, reserved is null ? null : new RootDomainManager(_harts, reserved.Tables.Start, reserved.Tables.Size, leaves, OtherDomainsDevices, _deviceProtection, reserved.GuardedByPmp));
            if ((Options.Trace & TraceKinds.Sbi) != 0)
            {
                Monitor.Trace = new SbiTrace(_host.Report).Write;
            }

            if (Options.Tsm is CoveProfile profile)
            {
                AddSecurityManager(profile, reserved!.Confidential is AddressRange confidential ? (confidential.Start, confidential.Size) : default);
                if (reserved.Iommu is AddressRange directory)
                {
                    AddTeeDevices(directory);
                }
            }

            foreach (Hart hart in _harts)
            {
                hart.MachineService = Monitor;
            }

            _interrupts.SetUpMachineLevel();
            Monitor.Boot(0, layout.EntryPoint, layout.DeviceTreeAddress);
            return;
        }

        FwDynamicInfo info = new(layout.Kernel?.EntryPoint ?? 0, 0);
        Map.Add(VirtMemoryMap.Mrom.Base, VirtMemoryMap.Mrom.Size, new Rom("mrom", BootRom.Build(layout.Firmware.EntryPoint, layout.DeviceTreeAddress, info)));
        foreach (Hart hart in _harts)
        {
            hart.Reset(VirtMemoryMap.Mrom.Base);
        }
    }

    private void AddSecurityManager(CoveProfile profile, (ulong Start, ulong Size) staticMemory)
    {
        ImsicLayout? imsic = Options.Interrupts == InterruptArchitecture.Imsic && Options.GuestInterruptFiles > 0
            ? new ImsicLayout(ImsicPages.BaseOf(0), Imsic.IndexBits(1 + Options.GuestInterruptFiles))
            : null;
        Tsm = Own(new SecurityManager(this, Monitor!.Domains!, profile, TsmIdentity.EmulatedFor(Options.TvmOwners), imsic, staticMemory));
        Tsm.RecordsLaunches = Options.LaunchDirectory is not null;
        if ((Options.Trace & TraceKinds.Cove) != 0)
        {
            Tsm.Trace = new CoveTrace(_host.Report).Write;
        }

        Monitor.Attach(Tsm);
    }

    private byte[] DescribeBoard(AddressRange? initrd, IReadOnlyList<(VirtualMachineOptions Options, IReadOnlyList<Module> Modules)> virtualMachines)
    {
        HartDescription hart = DescribeHart(Options);
        ChosenNode chosen = new(
            Options.Append,
            $"/soc/serial@{VirtMemoryMap.Uart0.Base:x}",
            initrd,
            Options.InstructionCount ? (ReadOnlyMemory<byte>?)null : RandomNumberGenerator.GetBytes(64)); // without the cast, null would be an empty seed
        BoardDeviceTree tree = BoardDeviceTree.Build(
            Options.Harts, hart, BoardTime.Frequency, new AddressRange(Ram.Base, Ram.Size), chosen, _contributors);
        if (virtualMachines.Count > 0)
        {
            VirtualMachinesNode.Describe(tree.Root.Find("chosen")!, virtualMachines, Options.NoReboot, _policies);
        }

        return new FlattenedDeviceTree(tree.Root).ToBytes();
    }

    private sealed class RamWriter(GuestRam ram, ulong size) : IGuestMemoryWriter
    {
        public ulong Base => ram.Base;

        public ulong Size => size;

        public bool TryWrite(ulong address, ReadOnlySpan<byte> data) =>
            (ulong)data.Length <= size && address - ram.Base <= size - (ulong)data.Length && ram.TryWrite(address, data);
    }
}
