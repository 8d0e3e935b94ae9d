using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CoveJit.Devices.Interrupts;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.Tests;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Monitor;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Interrupts;

namespace CoveJit.Tsm.Tests;

/// <summary>
/// Harts, RAM, firmware and TSM: no devices, no scheduler. The host is the test: its calls are made by an ecall that a hart executes in S-mode; TVMs
/// are programs that harts execute. After each call and each exit the invariants are checked.
/// </summary>
internal sealed unsafe class TestMachine : IMonitorPlatform, IDisposable
{
    public const ulong Base = 0x8000_0000;
    public const ulong Size = 16UL << 20;
    public const ulong End = Base + Size;

    /// <summary>Where memory protection tables are, and behind them the TSM's memory for its IOMMU, to the end of RAM.</summary>
    public const ulong Tables = End - 0x4_0000;
    public const ulong IommuMemory = End - 0x1_0000;

    /// <summary>The host's: structures, images, shared memory.</summary>
    public const ulong Parameters = Base + 0x10_0000;
    public const ulong Image = Base + 0x20_0000;
    public const ulong HostPages = Base + 0x30_0000;
    public const ulong Nacl = Base + 0x18_0000;

    /// <summary>What tests convert: 4 MiB.</summary>
    public const ulong Confidential = Base + 0x40_0000;
    public const ulong ConfidentialPages = 1024;

    /// <summary>A TVM's guest physical addresses: memory, of which the program is the start, and a device.</summary>
    public const ulong GuestMemory = 0x8000_0000;
    public const ulong GuestMemorySize = 0x100_0000;
    public const ulong GuestDevice = 0x1000_0000;

    public const ulong PageSize = 4096;

    /// <summary>The harts' interrupt files, 8 for each, and those of a TVM.</summary>
    public const ulong ImsicBase = 0x2800_0000;
    public const ulong GuestImsic = 0x2800_0000;

    private readonly Hart[] _harts;
    private readonly CodeCache _code;
    private ulong _nextPage = Confidential;

    public TestMachine(int harts = 1, CoveProfile profile = CoveProfile.Current, int vmidBits = 14, TsmIdentity? identity = null, TsmModel model = TsmModel.SupervisorDomain, IdeLinkMode ide = IdeLinkMode.Counted, ulong maxRecords = 1UL << 32)
    {
        Ram = new GuestRam(Base, Size);
        PhysicalMap map = new(Ram);
        HartConfiguration configuration = new() { VmidBits = vmidBits, AdvancedInterrupts = true, InterruptIdentities = 255 };
        _code = new CodeCache(Ram, configuration.Extensions, 4 << 20) { Concurrent = harts > 1 };
        _harts = [.. Enumerable.Range(0, harts).Select(id => new Hart(id, configuration, map, _code, Clock))];
        Imsic imsic = new("imsic", [.. _harts.Select(hart => (IReadOnlyList<IMessageTarget>)[hart.SupervisorFile!, .. hart.GuestFiles])]);
        map.Add(ImsicBase, imsic.WindowSize, imsic);
        _code.OnPageBecomesCode(page =>
        {
            foreach (Hart hart in _harts)
            {
                hart.Tlb.DropWrites(Ram.HostAddress(page));
            }
        });
        (ulong, ulong) staticMemory = model == TsmModel.Static ? (Confidential, ConfidentialPages * PageSize) : default;
        Devices = new TestDevices(map, ide);
        Domains = new RootDomainManager(_harts, Tables, IommuMemory - Tables, checker: Devices.Checker, confidential: model == TsmModel.Static ? [staticMemory, (IommuMemory, End - IommuMemory)] : []);
        Monitor = new ManagedMonitor(this, Domains);
        Tsm = new SecurityManager(this, Domains, profile, identity, new ImsicLayout(ImsicBase, imsic.GuestIndexBits), staticMemory);
        Tsm.Check = AssertInvariants;
        Devices.Attach(Tsm, Clock, (IommuMemory, End - IommuMemory), maxRecords);
        Monitor.Attach(Tsm);
        Write(Base, Asm.Ecall, Asm.Jal(0, 0));
        foreach (Hart hart in _harts)
        {
            hart.MachineService = Monitor;
        }

        Monitor.Boot(0, Base, 0);
        foreach (Hart hart in _harts)
        {
            SetWaitingExits(hart, true);
        }

        for (int id = 1; id < harts; id++)
        {
            Assert.Equal(SbiError.Success, CallOn(Hart0, 0x48534D, 0, (ulong)id, Base + 4, 0).Error);
            _harts[id].RunSlice(1);
            Assert.False(_harts[id].Halted);
        }
    }

    /// <summary>Sets hstatus.VTW of the host's: whether vCPUs that wait exit.</summary>
    public static void SetWaitingExits(Hart hart, bool exits) => CsrTable.For(hart.Configuration)[0x600]!.Write(hart, exits ? Hstatus.Vtw : 0);

    public GuestRam Ram { get; }

    public FakeClock Clock { get; } = new();

    public RootDomainManager Domains { get; }

    public ManagedMonitor Monitor { get; }

    public SecurityManager Tsm { get; }

    public TestDevices Devices { get; }

    public IReadOnlyList<Hart> Harts => _harts;

    public Hart Hart0 => _harts[0];

    /// <summary>Something that a test case keeps.</summary>
    public ulong Kept { get; set; }

    public void ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
    }

    public int ConsoleRead(Span<byte> buffer) => 0;

    public void PowerOff(bool failure)
    {
    }

    public void Reboot()
    {
    }

    public void AssertInvariants() => Assert.Empty(Tsm.Verify());

    public void Write(ulong address, params ReadOnlySpan<uint> words) => Assert.True(Ram.TryWrite(address, MemoryMarshal.AsBytes(words)));

    public void Write64(ulong address, params ReadOnlySpan<ulong> words) => Assert.True(Ram.TryWrite(address, MemoryMarshal.AsBytes(words)));

    public ulong Read64(ulong address)
    {
        byte[] bytes = new byte[8];
        Assert.True(Ram.TryRead(address, bytes));
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Makes an SBI call from S-mode. Where it runs a vCPU, the hart is in the TVM afterwards.</summary>
    public static SbiResult CallOn(Hart hart, ulong extension, ulong function, params ReadOnlySpan<ulong> arguments)
    {
        for (int i = 0; i < 6; i++)
        {
            hart.WriteRegister(10 + i, i < arguments.Length ? arguments[i] : 0xBAD0_BAD0_BAD0_BAD0);
        }

        hart.WriteRegister(17, extension);
        hart.WriteRegister(16, function);
        hart.Pc = Base;
        hart.Step();
        return new SbiResult((SbiError)hart.ReadRegister(10), hart.ReadRegister(11));
    }

    /// <summary>Calls a function of the TSM by its name in the table.</summary>
    public SbiResult Call(string name, params ReadOnlySpan<ulong> arguments) => CallOn(Hart0, name, arguments);

    public SbiResult CallOn(Hart hart, string name, params ReadOnlySpan<ulong> arguments)
    {
        CoveFunction function = Find(name);
        return CallOn(hart, (ulong)function.Extension, function.Number(Tsm.Abi.Profile)!.Value, arguments);
    }

    /// <summary>Makes a call that may wait for a device, and takes its requests there until it is done.</summary>
    public SbiResult CallWithDevice(string name, params ReadOnlySpan<ulong> arguments)
    {
        SbiResult result = Call(name, arguments);
        while (result is { Error: SbiError.Success, Value: 1 })
        {
            Exchange();
            result = Call(name, arguments);
        }

        return result;
    }

    public void SucceedWithDevice(string name, params ReadOnlySpan<ulong> arguments) =>
        Assert.Equal((name, SbiError.Success, 0UL), (name, CallWithDevice(name, arguments) is var result ? result.Error : default, result.Value));

    /// <summary>Takes the request in shared memory to its device, and the response back.</summary>
    public void Exchange(ulong? where = null)
    {
        ulong shared = where ?? Tsm.SharedMemoryOf(Hart0)!.Address;
        byte[] header = new byte[12];
        Assert.True(Ram.TryRead(shared + 0x100, header));
        uint length = BitConverter.ToUInt32(header, 8);
        if (length > PendingExchange.MaximumPayload)
        {
            Answer([], shared); // somebody has written there: no request
            return;
        }

        byte[] payload = new byte[length];
        Assert.True(Ram.TryRead(shared + 0x10C, payload));
        Answer(Devices.Exchange(BitConverter.ToUInt32(header, 4), payload), shared);
    }

    /// <summary>Writes a response to shared memory.</summary>
    public void Answer(byte[] response, ulong shared = Nacl)
    {
        Write(shared + 0x108, (uint)response.Length);
        Assert.True(Ram.TryWrite(shared + 0x10C, response));
    }

    /// <summary>Connects device 0, and has its interface locked for a TVM.</summary>
    public void Bind(ulong id)
    {
        Connect();
        Succeed("add_tvm_interface_region", id, TestDevices.Id(0), TestDevices.Bar(0), TestDevice.Size);
        SucceedWithDevice("bind_interface", id, TestDevices.Id(0));
    }

    /// <summary>The ranges of the report of device 0's interface, where the TVM has them: address and size.</summary>
    public IEnumerable<(ulong GuestAddress, ulong Address, ulong Size)> Ranges() =>
        Tsm.Devices!.All[0].Interface!.Report.MmioRanges.Select(range => range.FirstPage * PageSize).Zip(Tsm.Devices.All[0].Interface!.Report.MmioRanges)
            .Select(range => (GuestBar + (range.First - TestDevices.Bar(0)), range.First, range.Second.PageCount * PageSize));

    /// <summary>Where a TVM has the memory of its interface.</summary>
    public const ulong GuestBar = 0x3000_0000;

    /// <summary>Has a TVM map and start its interface.</summary>
    public void Start(ulong id)
    {
        foreach ((ulong guest, ulong address, ulong size) in Ranges())
        {
            Assert.Equal(SbiError.Success, CallFromGuestWithDevice(id, 1029, TestDevices.Id(0), guest, address, size).Error);
        }

        Assert.Equal(SbiError.Success, CallFromGuestWithDevice(id, 1030, TestDevices.Id(0)).Error);
    }

    /// <summary>Writes the descriptor of a device's stream.</summary>
    public ulong WriteStream(int device, byte stream = TestDevices.Stream)
    {
        uint id = (uint)TestDevices.Id(device);
        Write(Parameters, stream, id << 8, (id << 8) | 1);
        return Parameters;
    }

    /// <summary>Connects a device, and enables its stream.</summary>
    public void Connect(int device = 0)
    {
        SucceedWithDevice("connect_device", TestDevices.Id(device), WriteStream(device), Transcript, TranscriptSize);
        Devices.EnableStream(device, true);
    }

    /// <summary>Where transcripts of connections are.</summary>
    public const ulong Transcript = HostPages + 0x2_0000;
    public const ulong TranscriptSize = 0x4000;

    public ulong Succeed(string name, params ReadOnlySpan<ulong> arguments)
    {
        SbiResult result = Call(name, arguments);
        Assert.True(result.Error == SbiError.Success, $"{name}: {CoveError.NameOf(result.Error)}");
        return result.Value;
    }

    public static CoveFunction Find(string name) => CoveAbi.Functions.Single(f => f.Name == name && f.Extension != CoveExtension.Guest);

    /// <summary>Converts the pages that tests convert, on one hart.</summary>
    public void Convert()
    {
        Succeed("convert_pages", Confidential, ConfidentialPages);
        Succeed("global_fence");
        foreach (Hart hart in _harts.Skip(1))
        {
            Assert.Equal(SbiError.Success, CallOn(hart, "local_fence").Error);
        }
    }

    /// <summary>Takes converted pages that no test has used.</summary>
    public ulong Take(ulong pages, ulong alignment = PageSize)
    {
        ulong start = (_nextPage + alignment - 1) & ~(alignment - 1);
        _nextPage = start + (pages * PageSize);
        Assert.True(_nextPage <= Confidential + (ConfidentialPages * PageSize));
        return start;
    }

    /// <summary>Makes a TVM that is not finalized: memory, page-table pages, one page of program, vCPUs.</summary>
    public ulong Build(ReadOnlySpan<uint> program, int vcpus = 1)
    {
        Write64(Parameters, Take(4, 16384), Take(1));
        ulong id = Succeed("create_tvm", Parameters, 16);
        Succeed("add_tvm_memory_region", id, GuestMemory, GuestMemorySize);
        Succeed("add_tvm_page_table_pages", id, Take(16), 16);
        Ram.TryClear(Image, PageSize);
        Write(Image, program);
        Succeed("add_tvm_measured_pages", id, Image, Take(1), 0, 1, GuestMemory);
        for (int i = 0; i < vcpus; i++)
        {
            Succeed("create_tvm_vcpu", id, (ulong)i, Take(1));
        }

        return id;
    }

    /// <summary>Makes a TVM that can run, and this hart's shared memory.</summary>
    public ulong Launch(ReadOnlySpan<uint> program, int vcpus = 1)
    {
        Convert();
        ulong id = Build(program, vcpus);
        Succeed("finalize_tvm", id, GuestMemory, 0x1234, 0);
        Succeed("set_shmem", Nacl, 0, 0);
        return id;
    }

    /// <summary>The page of a hart's guest interrupt file.</summary>
    public static ulong FilePage(int hart, int number) => ImsicBase + (((ulong)hart * 8) + (ulong)number) * PageSize;

    /// <summary>Where a vCPU's interrupt file is for the TVM.</summary>
    public static ulong GuestFilePage(int vcpu) => GuestImsic + ((ulong)vcpu * PageSize);

    /// <summary>Converts pages, and guest interrupt files 1 to 3 of each hart.</summary>
    public void ConvertFiles()
    {
        foreach (Hart hart in _harts)
        {
            for (int number = 1; number <= 3; number++)
            {
                Succeed("convert_aia_imsic", FilePage(hart.Id, number));
            }
        }

        Convert();
    }

    /// <summary>Writes tvm_aia_params: up to 16 vCPUs, one file each.</summary>
    public ulong WriteAiaParameters(uint hartBits = 4, uint guestBits = 0, uint guestsPerHart = 0, uint groupBits = 0, uint groupShift = 24, ulong imsic = GuestImsic)
    {
        Write64(Parameters, imsic);
        Write(Parameters + 8, groupBits, groupShift, hartBits, guestBits, guestsPerHart, 0);
        return Parameters;
    }

    /// <summary>Makes a TVM whose vCPUs have interrupt files. It is not finalized.</summary>
    public ulong BuildWithFiles(ReadOnlySpan<uint> program, int vcpus = 1)
    {
        ulong id = Build(program, vcpus);
        Succeed("init_tvm_aia", id, WriteAiaParameters(), 28);
        for (int i = 0; i < vcpus; i++)
        {
            Succeed("set_tvm_aia_cpu_imsic_addr", id, (ulong)i, GuestFilePage(i));
        }

        return id;
    }

    /// <summary>Makes a TVM that can run, with vCPU 0 bound to file 1 of hart 0.</summary>
    public ulong LaunchWithFiles(ReadOnlySpan<uint> program, int vcpus = 1)
    {
        ConvertFiles();
        ulong id = BuildWithFiles(program, vcpus);
        Succeed("finalize_tvm", id, GuestMemory, 0x1234, 0);
        Succeed("set_shmem", Nacl, 0, 0);
        Succeed("bind_aia_imsic", id, 0, 1 << 1);
        return id;
    }

    public Tvm Tvm(ulong id) => Tsm.Tvms[(uint)id];

    public Vcpu Vcpu(ulong id, uint vcpu = 0) => Tvm(id).Vcpus[vcpu];

    /// <summary>Enters a vCPU.</summary>
    public void Enter(ulong id, ulong vcpu = 0, Hart? hart = null)
    {
        hart ??= Hart0;
        SbiResult result = CallOn(hart, "run_tvm_vcpu", id, vcpu);
        Assert.True(hart.IsVirtual, CoveError.NameOf(result.Error));
    }

    /// <summary>Runs a vCPU until it exits.</summary>
    public Exit Run(ulong id, ulong vcpu = 0, Hart? hart = null)
    {
        hart ??= Hart0;
        Enter(id, vcpu, hart);
        return Continue(hart);
    }

    /// <summary>Goes on with the TVM that a hart is in until it exits.</summary>
    public Exit Continue(Hart? hart = null)
    {
        hart ??= Hart0;
        for (int i = 0; hart.IsVirtual; i++)
        {
            Assert.True(i < 10_000, $"the TVM does not exit; pc 0x{hart.Pc:x}");
            hart.Step();
        }

        Assert.Equal((0u, Base + 4), (hart.Sdid, hart.Pc));
        Assert.Equal(0UL, hart.ReadRegister(10));
        return new Exit(hart.Scause, hart.Stval, Csr(0x643), Csr(0x64A), hart.ReadRegister(11));
    }

    /// <summary>A general register in shared memory.</summary>
    public ulong Gpr(int number) => Read64(Nacl + ((ulong)number * 8));

    public void SetGpr(int number, ulong value) => Write64(Nacl + ((ulong)number * 8), value);

    /// <summary>A CSR in shared memory.</summary>
    public ulong Csr(uint number) => Read64(Nacl + CsrOffset(number));

    public void SetCsr(uint number, ulong value) => Write64(Nacl + CsrOffset(number), value);

    /// <summary>
    /// Makes a call from a vCPU whose program is <see cref="CallProgram"/>; the registers are set from outside.
    /// </summary>
    /// <returns>The result, and whether the call went on to the host first.</returns>
    public (SbiResult Result, bool Exited) CallFromGuest(ulong id, ulong extension, ulong function, params ReadOnlySpan<ulong> arguments)
    {
        Vcpu vcpu = Vcpu(id);
        vcpu.Pending = default;
        vcpu.Context.Pc = GuestMemory;
        for (int i = 0; i < 6; i++)
        {
            vcpu.Context[10 + i] = i < arguments.Length ? arguments[i] : 0xBAD0_BAD0_BAD0_BAD0;
        }

        vcpu.Context[16] = function;
        vcpu.Context[17] = extension;
        Enter(id);
        Hart0.Step();
        if (!Hart0.IsVirtual)
        {
            Assert.Equal(10UL, Hart0.Scause);
            return (new SbiResult((SbiError)vcpu.Context[10], vcpu.Context[11]), true);
        }

        SbiResult result = new((SbiError)Hart0.ReadRegister(10), Hart0.ReadRegister(11));
        Assert.Equal(22UL, Continue().Cause);
        return (result, false);
    }

    /// <summary>As <see cref="CallFromGuest"/> of a function of COVG, with a host that takes requests to devices and hands transcripts back.</summary>
    public SbiResult CallFromGuestWithDevice(ulong id, uint function, params ReadOnlySpan<ulong> arguments)
    {
        (SbiResult result, bool exited) = CallFromGuest(id, (ulong)CoveExtension.Guest, function, arguments);
        if (!exited)
        {
            return result;
        }

        do
        {
            Assert.Equal(((ulong)CoveExtension.Guest, (ulong)function), (Gpr(17), Gpr(16)));
            if (Vcpu(id).Operation is null)
            {
                Succeed("get_device_connection_transcript", arguments[0], Transcript, TranscriptSize);
            }
            else
            {
                Exchange();
            }

            result = CallOn(Hart0, "run_tvm_vcpu", id, 0);
            Assert.True(Hart0.IsVirtual || result is { Error: SbiError.Success, Value: 0 });
            if (Hart0.IsVirtual && Hart0.Pc == GuestMemory)
            {
                Hart0.Step(); // the call is made again
            }
        }
        while (!Hart0.IsVirtual);
        result = new((SbiError)Hart0.ReadRegister(10), Hart0.ReadRegister(11));
        Assert.Equal(22UL, Continue().Cause);
        return result;
    }

    /// <summary>A program that makes a call, and waits.</summary>
    public static ReadOnlySpan<uint> CallProgram => [Asm.Ecall, Asm.Wfi, 0xFF9F_F06F]; // j -8

    public void Dispose()
    {
        foreach (Hart hart in _harts)
        {
            hart.Dispose();
        }

        Tsm.Dispose();
        Devices.Dispose();
        _code.Dispose();
        Ram.Dispose();
    }

    public static ulong CsrOffset(uint number) => 0x1000 + (8 * (((number & 0xC00) >> 2) | (number & 0xFF)));
}

/// <summary>What the host is told of an exit.</summary>
internal readonly record struct Exit(ulong Cause, ulong Stval, ulong Htval, ulong Htinst, ulong Value)
{
    /// <summary>The guest physical address of a page fault.</summary>
    public ulong Address => (Htval << 2) | (Stval & 3);
}
