using System.Security.Cryptography;
using CoveJit.Devices.Iommu;
using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Harts.Interrupts;
using CoveJit.Harts.Tests;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Monitor.Sbi;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.TeeIo.Tdisp;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Devices;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>A TEE device from its connection to the DMA of its interface into a TVM's memory, and back; and who is kept out.</summary>
public sealed class DeviceTests
{
    private const ulong Buffer = GuestMemory + 0x10000;
    private const ulong Output = GuestMemory + 0x20000;
    private const int OutputPages = 4;

    private static readonly ulong Id = TestDevices.Id(0);
    private static readonly byte[] Pattern = [.. Enumerable.Range(1, 64).Select(i => (byte)i)];

    [Theory]
    [InlineData(IdeLinkMode.Counted)]
    [InlineData(IdeLinkMode.Functional)]
    public void A_TVM_verifies_starts_and_uses_an_interface(IdeLinkMode mode)
    {
        using TestMachine machine = new(ide: mode);
        ulong id = Bind(machine);
        Assert.Equal(TdispState.ConfigLocked, machine.Devices.Managers[0].State);
        Assert.Equal(3UL, Guest(machine, id, 1024, Id));
        Assert.Equal(1UL, Guest(machine, id, 1028, Id));

        // What the TVM verifies.
        byte[] all = Read(machine, id, Guest(machine, id, 1025, Id, 0, 0, Output, OutputPages * PageSize));
        byte[] host = new byte[all.Length];
        Assert.True(machine.Ram.TryRead(Transcript + 5, host));
        Assert.Equal(host, all);
        byte[] negotiation = Read(machine, id, Guest(machine, id, 1025, Id, 3, 0, Output, OutputPages * PageSize));
        Assert.Equal(all[..negotiation.Length], negotiation);
        byte[] chain = Read(machine, id, Guest(machine, id, 1025, Id, 1, 0, Output, OutputPages * PageSize));
        Assert.Equal(chain.Length, BitConverter.ToUInt16(chain));
        Assert.Equal(SHA384.HashData(TestDevices.TrustAnchors[0]), chain[4..52]);
        Assert.Equal(0xE0, Read(machine, id, Guest(machine, id, 1025, Id, 2, 0, Output, OutputPages * PageSize))[1]);
        Assert.Equal(0xE4, Read(machine, id, Guest(machine, id, 1025, Id, 4, 0, Output, OutputPages * PageSize))[1]);
        Assert.Equal(0xFE, Read(machine, id, Guest(machine, id, 1025, Id, 5, 0, Output, OutputPages * PageSize))[1]);
        byte[] nonce = [.. Enumerable.Range(100, 32).Select(i => (byte)i)];
        Assert.True(machine.Tsm.TryWriteGuest(machine.Tvm(id), Buffer, nonce));
        byte[] signed = Read(machine, id, Guest(machine, id, 1026, Id, Buffer, 0, Output, OutputPages * PageSize));
        Assert.Equal(negotiation, signed[..negotiation.Length]);
        Assert.True(signed.AsSpan(negotiation.Length).IndexOf(nonce) > 0);
        byte[] report = Read(machine, id, Guest(machine, id, 1027, Id, Output, PageSize));
        Assert.True(TdispReport.TryDecode(report, out TdispReport? ranges, out _));

        // Before it runs: nothing reaches it, in either direction.
        Assert.Equal(ranges.MmioRanges, machine.Tsm.Devices!.All[0].Interface!.Report.MmioRanges);
        Assert.Equal(SbiError.Failed, machine.CallFromGuestWithDevice(id, 1029, Id, GuestBar, TestDevices.Bar(0), TestDevice.Size).Error); // not a range
        foreach ((ulong guest, ulong address, ulong size) in machine.Ranges())
        {
            Guest(machine, id, 1029, Id, guest, address, size);
        }

        Assert.Equal(SbiError.Failed, machine.CallFromGuestWithDevice(id, 1029, Id, GuestBar, TestDevices.Bar(0), PageSize).Error); // out of order
        machine.AssertInvariants();
        Assert.Equal(uint.MaxValue, Load(machine, id, GuestBar));
        Assert.False(Dma(machine).TryWrite(machine.Tvm(id).Stage.Find(Buffer).Address, Pattern));

        Guest(machine, id, 1030, Id);
        Assert.Equal(2UL, Guest(machine, id, 1028, Id));
        Assert.Equal(TdispState.Run, machine.Devices.Managers[0].State);
        Assert.Equal(SbiError.AlreadyStarted, machine.CallFromGuestWithDevice(id, 1030, Id).Error);

        // The TVM's loads and stores, and not the host's.
        Store(machine, id, GuestBar + 4, 0x1234_5678);
        Assert.Equal(0x1234_5678UL, Load(machine, id, GuestBar + 4));
        Assert.Equal(uint.MaxValue, machine.Devices.Load(0, 4));

        // DMA by guest physical address, with the T bit.
        Assert.True(Dma(machine).TryWrite(Buffer, Pattern));
        byte[] memory = new byte[Pattern.Length];
        Assert.True(machine.Tsm.TryReadGuest(machine.Tvm(id), Buffer, memory));
        Assert.Equal(Pattern, memory);
        Assert.True(Dma(machine).TryRead(Buffer, memory));
        Assert.Equal(mode == IdeLinkMode.Functional, machine.Devices.Ports[0].Link!.Tlps > 0 && mode == IdeLinkMode.Functional);
        Assert.False(Dma(machine).TryWrite(GuestMemory + 0x80000, Pattern)); // not mapped
        Assert.False(Dma(machine).TryWrite(HostPages, Pattern)); // the host's, by its physical address

        Stop(machine, id);
    }

    [Fact]
    public void Nobody_else_gets_at_what_an_interface_does()
    {
        using TestMachine machine = new();
        ulong id = Run(machine);
        ulong address = machine.Tvm(id).Stage.Find(Buffer).Address;
        IPcieUpstream root = machine.Devices.Complex.Root.Upstream;
        RequesterId own = new((ushort)Id);
        RequesterId other = new((ushort)TestDevices.Id(1));
        Assert.False(root.TryWrite(new PcieRequest(own), address, Pattern)); // without T
        Assert.False(root.TryWrite(new PcieRequest(other), address, Pattern)); // another function, without and with T
        Assert.False(root.TryWrite(new PcieRequest(other, Trusted: true), address, Pattern));
        Assert.False(root.TryWrite(new PcieRequest(other, Trusted: true), Buffer, Pattern));

        Assert.False(root.TryWrite(new PcieRequest(own, Trusted: true), address, Pattern)); // by supervisor physical address
        Assert.True(root.TryWrite(new PcieRequest(own, Trusted: true), Buffer, Pattern));

        // A TVM has no way to an interface that is not its own, nor a host to one that is bound.
        ulong stranger = machine.Build(CallProgram);
        machine.Succeed("finalize_tvm", stranger, GuestMemory, 0, 0);
        Assert.Equal(SbiError.Failed, machine.CallFromGuestWithDevice(stranger, 1024, Id).Error);
        Assert.Equal(SbiError.Failed, machine.Call("bind_interface", stranger, Id).Error);
        Assert.Equal(SbiError.Failed, machine.Call("unbind_interface", stranger, Id).Error);
        Assert.Equal(SbiError.Failed, machine.Call("add_tvm_interface_region", id, Id, TestDevices.Bar(0) + 0x8000, PageSize).Error);
        Assert.Equal(SbiError.Failed, machine.Call("disconnect_device", Id).Error);

        machine.SucceedWithDevice("unbind_interface", id, Id);
        Assert.False(root.TryWrite(new PcieRequest(own), address, Pattern));
        Assert.False(root.TryWrite(new PcieRequest(own, Trusted: true), address, Pattern));
        Assert.False(root.TryWrite(new PcieRequest(own, Trusted: true), Buffer, Pattern));
    }

    [Fact]
    public void Error_and_removal_leave_the_TVM_alive()
    {
        using TestMachine machine = new();
        ulong id = Run(machine);
        machine.Devices.Write(1, 0, 0x10, (uint)TestDevices.Bar(0) + 0x8000); // the host moves the function
        Assert.Equal(uint.MaxValue, Load(machine, id, GuestBar));
        Assert.False(Dma(machine).TryWrite(Buffer, Pattern));
        Assert.Equal(3UL, Guest(machine, id, 1028, Id));
        machine.Devices.Ports[0].Pull();
        Assert.Equal(uint.MaxValue, Load(machine, id, GuestBar));
        Store(machine, id, GuestBar, 1);
        Assert.Equal(3UL, Guest(machine, id, 1028, Id)); // nobody is asked
        Assert.Equal(SbiError.Failed, machine.CallFromGuestWithDevice(id, 1026, Id, 0, 0, Output, OutputPages * PageSize).Error); // nobody answers: the session is over
        Assert.Equal(0UL, Guest(machine, id, 1024, Id));
        Assert.Equal(uint.MaxValue, Load(machine, id, GuestBar));
        machine.SucceedWithDevice("unbind_interface", id, Id);
        machine.SucceedWithDevice("disconnect_device", Id);
        machine.Succeed("reclaim_tvm_interface_region", id, Id, TestDevices.Bar(0), TestDevice.Size);
        machine.AssertInvariants();
    }

    // It holds its keys: what it says is under them.
    [Theory]
    [InlineData("bind_interface", "254 1 133 flip 28 1")] // the state: ERROR after CONFIG_LOCKED
    [InlineData("bind_interface", "254 1 132 flip 32 8")] // INTERFACE_INFO: ATS
    [InlineData("bind_interface", "254 1 132 flip 32 1")] // ... firmware may change
    [InlineData("bind_interface", "254 1 132 flip 36 1")] // MSI_X_MESSAGE_CONTROL
    [InlineData("bind_interface", "254 1 132 flip 60 4")] // a range that is not for the TEE
    [InlineData("bind_interface", "254 1 130 flip 32 64")] // REQ_MSGS_SUPPORTED: no START_INTERFACE
    [InlineData("bind_interface", "254 1 131 cut 0 1")] // the nonce
    [InlineData("spdm_key_update", "233 0 0 flip 3 1")]
    [InlineData("ide_key_refresh", "254 0 2 flip 16 1")] // KP_ACK's status
    [InlineData("ide_key_refresh", "254 0 5 flip 17 1")] // K_GOSTOP_ACK of another key
    public void A_device_that_lies_in_its_session_gets_no_further(string call, string lie)
    {
        using TestMachine machine = new();
        ulong id = machine.Launch(CallProgram);
        machine.Succeed("add_tvm_zero_pages", id, machine.Take(1), 0, 1, Buffer);
        machine.Succeed("add_tvm_zero_pages", id, machine.Take(OutputPages), 0, OutputPages, Output);
        bool bound = call != "bind_interface";
        if (bound)
        {
            machine.Bind(id);
            machine.Start(id);
        }
        else
        {
            machine.Succeed("set_shmem", Nacl, 0, 0);
            machine.Connect();
            machine.Succeed("add_tvm_interface_region", id, Id, TestDevices.Bar(0), TestDevice.Size);
        }

        machine.Devices.Managers[0].Lie = ResponderLie.Parse(lie);
        ulong[] arguments = call switch { "bind_interface" => [id, Id], "ide_key_refresh" => [Id, TestDevices.Stream], _ => [Id] };
        Assert.Equal(SbiError.Failed, machine.CallWithDevice(call, arguments).Error);
        machine.Devices.Managers[0].Lie = null;
        AssertOutOfReach(machine, id);
        machine.AssertInvariants();
        if (bound)
        {
            Assert.Equal(uint.MaxValue, Load(machine, id, GuestBar));
            Assert.Equal(3UL, Guest(machine, id, 1028, Id));
            machine.SucceedWithDevice("unbind_interface", id, Id);
        }

        machine.SucceedWithDevice("disconnect_device", Id);
        machine.Succeed("reclaim_tvm_interface_region", id, Id, TestDevices.Bar(0), TestDevice.Size);
        machine.Bind(id); // it is believed again
        machine.Start(id);
        Assert.True(Dma(machine).TryWrite(Buffer, Pattern));
        machine.AssertInvariants();
    }

    [Theory]
    [InlineData(1028, "254 1 133 flip 28 2")] // unlocked
    [InlineData(1028, "254 1 133 flip 28 3")] // locked
    [InlineData(1028, "254 1 133 flip 28 1")] // in ERROR, which is believed
    [InlineData(1031, "254 1 135 flip 13 1")]
    [InlineData(1031, "254 1 135 error 0 1")] // refused: it is out of use all the same
    [InlineData(1026, "224 0 0 flip 20 1")]
    public void What_a_TVM_asks_of_a_liar_ends_its_interface(uint function, string lie)
    {
        using TestMachine machine = new();
        ulong id = Run(machine);
        machine.Devices.Managers[0].Lie = ResponderLie.Parse(lie);
        SbiResult result = machine.CallFromGuestWithDevice(id, function, [Id, 0, 0, Output, OutputPages * PageSize]);
        Assert.True(result.Error == SbiError.Failed || result.Value == (ulong)TdispState.Error);
        machine.Devices.Managers[0].Lie = null;
        Assert.Equal(3UL, Guest(machine, id, 1028, Id));
        Assert.Equal(uint.MaxValue, Load(machine, id, GuestBar));
        AssertOutOfReach(machine, id);
        machine.SucceedWithDevice("unbind_interface", id, Id);
        machine.SucceedWithDevice("disconnect_device", Id);
        machine.AssertInvariants();
    }

    // The host numbers buses as it likes: a device directory that kept what was there would be full after 60 of them.
    [Fact]
    public void Tables_of_the_IOMMU_are_used_again()
    {
        using TestMachine machine = new();
        machine.Succeed("set_shmem", Nacl, 0, 0);
        RiscvIommu registers = new("iommu", new RamDmaPort(machine.Ram), [.. Enumerable.Repeat(new NoLine(), 4)], (_, _) => false, new FakeClock(), bare: false);
        TsmIommu iommu = new(registers, machine.Ram, (HostPages, 8 * PageSize)); // three of them for tables below the first two levels
        RequesterId kept = new(1, 0, 0);
        Assert.True(iommu.TryPrepare(kept, 0));
        for (int bus = 2; bus < 256; bus++)
        {
            RequesterId id = new(bus, 31, 0);
            Assert.True(iommu.TryPrepare(id, 0), $"bus {bus}");
            iommu.Enable(id);
            iommu.Remove(id);
            Assert.True(iommu.IsIdle);
        }

        iommu.Remove(kept);
        byte[] directory = new byte[PageSize];
        Assert.True(machine.Ram.TryRead(HostPages, directory));
        Assert.Equal(new byte[PageSize], directory);
    }

    [Fact]
    public void Whatever_a_device_or_its_proxy_answers_a_connection_fails_and_leaves_nothing()
    {
        using TestMachine machine = new();
        machine.Succeed("set_shmem", Nacl, 0, 0);
        machine.Connect();
        int exchanges = machine.Devices.Exchanges;
        machine.SucceedWithDevice("disconnect_device", Id);
        Random random = new(2026);
        Func<byte[], byte[]>[] changes =
        [
            bytes => Flip(bytes, random.Next(Math.Max(1, bytes.Length - 4))), // what follows may be the mailbox's filling
            bytes => Flip(bytes, random.Next(Math.Max(1, bytes.Length - 4))),
            bytes => bytes[..(bytes.Length / 2)],
            bytes => [],
            bytes => [.. bytes, .. new byte[8]],
            bytes => [0x12, 0x7F, 0x07, 0x00], // ERROR in the clear
            bytes => [.. bytes.Reverse()],
        ];
        for (int at = 0; at < exchanges; at++)
        {
            foreach (Func<byte[], byte[]> change in changes)
            {
                int count = 0;
                machine.Devices.Change = bytes => count++ == at ? change(bytes) : bytes;
                SbiResult result = machine.CallWithDevice("connect_device", Id, machine.WriteStream(0), Transcript, TranscriptSize);
                machine.Devices.Change = null;
                Assert.Equal((at, SbiError.Failed), (at, result.Error));
                Assert.True(machine.Tsm.Devices!.All[0] is { Connection: null, Operation: null });
                machine.AssertInvariants();
            }
        }

        machine.Connect();
        Assert.True(machine.Devices.Ports[0].Link!.IsSecure);
    }

    [Fact]
    public void Calls_that_are_given_up_or_mixed_up_end_with_errors()
    {
        using TestMachine machine = new();
        ulong id = Bind(machine);
        machine.Devices.SetUp(1);

        // One call at a time about a device, and its own response only.
        Assert.Equal(new SbiResult(SbiError.Success, 1), machine.Call("spdm_heartbeat", Id));
        Assert.Equal(SbiError.Failed, machine.Call("spdm_key_update", Id).Error);
        Assert.Equal(SbiError.Failed, machine.CallFromGuestWithDevice(id, 1028, Id).Error);
        Assert.Equal(new SbiResult(SbiError.Success, 1), machine.Call("connect_device", TestDevices.Id(1), machine.WriteStream(1), Transcript, TranscriptSize));
        Assert.Equal(SbiError.Failed, machine.Call("spdm_heartbeat", Id).Error); // the buffer is the other device's now: no response
        Assert.Equal(0UL, Guest(machine, id, 1024, Id));
        Assert.Equal(3UL, Guest(machine, id, 1028, Id));
        machine.AssertInvariants();

        // The other one goes on from where it was, with what is a request, not a response: that fails too, and cleanly.
        Assert.Equal(SbiError.Failed, machine.CallWithDevice("connect_device", TestDevices.Id(1), Parameters, Transcript, TranscriptSize).Error);
        machine.Connect(1);
        Assert.Equal(SbiError.Failed, machine.Call("disconnect_device", Id).Error); // still bound
        machine.SucceedWithDevice("unbind_interface", id, Id);
        machine.SucceedWithDevice("disconnect_device", Id);

        // Disconnecting ends a connection that is being made, unbinding whatever a TVM waits for.
        Assert.Equal(1UL, machine.Call("connect_device", Id, machine.WriteStream(0), Transcript, TranscriptSize).Value);
        machine.SucceedWithDevice("disconnect_device", Id);
        machine.Connect();
        machine.SucceedWithDevice("bind_interface", id, Id);
        Assert.True(machine.CallFromGuest(id, (ulong)CoveExtension.Guest, 1030, Id).Exited);
        machine.SucceedWithDevice("unbind_interface", id, Id);
        machine.Enter(id);
        Assert.Equal(SbiError.Failed, (SbiError)machine.Hart0.ReadRegister(10)); // the call's end
        Assert.Equal(22UL, machine.Continue().Cause);
        machine.AssertInvariants();
        machine.Succeed("destroy_tvm", id);
        Assert.Equal(SbiError.InvalidParam, machine.Call("unbind_interface", id, Id).Error);
        machine.AssertInvariants();
    }

    [Fact]
    public void The_end_of_a_TVM_ends_its_interfaces()
    {
        using TestMachine machine = new();
        ulong id = Run(machine);
        ulong address = machine.Tvm(id).Stage.Find(Buffer).Address;
        machine.Succeed("destroy_tvm", id);
        machine.AssertInvariants();
        Assert.False(Dma(machine).TryWrite(Buffer, Pattern));
        byte[] memory = new byte[Pattern.Length];
        Assert.True(machine.Ram.TryRead(address, memory));
        Assert.Equal(new byte[Pattern.Length], memory);

        // The next TVM gets it stopped first.
        machine.Succeed("reclaim_pages", Confidential, 1);
        ulong next = machine.Build(CallProgram);
        machine.Succeed("finalize_tvm", next, GuestMemory, 0, 0);
        machine.Succeed("add_tvm_interface_region", next, Id, TestDevices.Bar(0), TestDevice.Size);
        machine.SucceedWithDevice("bind_interface", next, Id);
        machine.Start(next);
        Assert.Equal(TdispState.Run, machine.Devices.Managers[0].State);
    }

    [Fact]
    public void Messages_go_to_the_interrupt_files_of_bound_vCPUs_only()
    {
        using TestMachine machine = new();
        ulong id = machine.LaunchWithFiles(CallProgram);
        machine.Bind(id);
        machine.Start(id);
        Access(machine, id, Asm.Store(4, 5, 6, 0), GuestBar + TestDevice.MessageTable, GuestFilePage(0));
        Access(machine, id, Asm.Store(4, 5, 6, 0), GuestBar + TestDevice.MessageTable + 4, 0);
        Access(machine, id, Asm.Store(4, 5, 6, 0), GuestBar + TestDevice.MessageTable + 8, 9);
        Access(machine, id, Asm.Store(4, 5, 6, 0), GuestBar + TestDevice.MessageTable + 12, 0);
        int capability = (int)machine.Devices.Read(1, 0, 0x34, 1);
        while (machine.Devices.Read(1, 0, capability, 1) != 0x11)
        {
            capability = (int)machine.Devices.Read(1, 0, capability + 1, 1);
        }

        machine.Devices.Write(1, 0, capability + 2, 0x8000, 2);
        InterruptFile file = machine.Hart0.GuestFiles[0];
        Assert.Equal(0UL, file.Read(InterruptFile.Pending));
        machine.Devices.Functions[0].Signal();
        Assert.Equal(1UL << 9, file.Read(InterruptFile.Pending));

        machine.Succeed("unbind_aia_imsic_begin", id, 0);
        machine.Succeed("tvm_fence", id);
        machine.Succeed("unbind_aia_imsic_end", id, 0);
        Assert.Equal(0UL, file.Read(InterruptFile.Pending));
        machine.Devices.Functions[0].Signal(); // nowhere
        Assert.Equal(0UL, file.Read(InterruptFile.Pending));
        machine.AssertInvariants();
    }

    [Fact]
    public void Keys_are_refreshed_while_an_interface_runs()
    {
        using TestMachine machine = new(ide: IdeLinkMode.Functional);
        ulong id = Run(machine);
        for (int i = 0; i < 3; i++)
        {
            machine.Devices.Change = bytes =>
            {
                Assert.True(Dma(machine).TryWrite(Buffer, Pattern));
                return bytes;
            };
            machine.SucceedWithDevice("ide_key_refresh", Id, TestDevices.Stream);
            machine.SucceedWithDevice("spdm_key_update", Id);
            machine.Devices.Change = null;
        }

        Assert.Equal(2UL, Guest(machine, id, 1028, Id));
        Assert.Equal(3UL, Guest(machine, id, 1024, Id));
    }

    [Fact]
    public void Two_interfaces_cannot_have_the_same_memory()
    {
        using TestMachine machine = new();
        ulong id = Bind(machine);
        TestDevices devices = machine.Devices;

        // The host takes the window from the first port, and gives it, and the address in it, to the second.
        devices.Write(0, 1, 0x20, 0x0000_FFF0);
        uint window = (uint)(TestDevices.Bar(0) >> 16);
        devices.Write(0, 2, 0x20, (window << 16) | window);
        devices.Write(2, 0, 0x10, (uint)TestDevices.Bar(0));
        machine.Connect(1);
        Assert.Equal(SbiError.Failed, machine.CallWithDevice("bind_interface", id, TestDevices.Id(1)).Error);
        Assert.Equal(TdispState.ConfigUnlocked, devices.Managers[1].State);
    }

    [Fact]
    public void The_root_domains_functions_are_not_for_ecalls()
    {
        using TestMachine machine = new();
        for (uint function = 1024; function < 1030; function++)
        {
            Assert.Equal(SbiError.NotSupported, TestMachine.CallOn(machine.Hart0, 0x434F5654, function, 8, Parameters, Parameters).Error);
        }
    }

    private static byte[] Flip(byte[] bytes, int at)
    {
        bytes[at] ^= 0x40;
        return bytes;
    }

    private static ulong Guest(TestMachine machine, ulong id, uint function, params ReadOnlySpan<ulong> arguments)
    {
        SbiResult result = machine.CallFromGuestWithDevice(id, function, arguments);
        Assert.True(result.Error == SbiError.Success, $"COVG {function}: {CoveError.NameOf(result.Error)}");
        return result.Value;
    }

    // Where nothing is bound the function is the host's, and the address one of the host's.
    private static void AssertOutOfReach(TestMachine machine, ulong id)
    {
        Dma(machine).TryWrite(Buffer, Pattern);
        byte[] memory = new byte[Pattern.Length];
        Assert.True(machine.Tsm.TryReadGuest(machine.Tvm(id), Buffer, memory));
        Assert.Equal(new byte[Pattern.Length], memory);
    }

    private static byte[] Read(TestMachine machine, ulong id, ulong length)
    {
        byte[] bytes = new byte[length];
        Assert.True(machine.Tsm.TryReadGuest(machine.Tvm(id), Output, bytes));
        return bytes;
    }

    private static BusMasterPort Dma(TestMachine machine) => machine.Devices.Functions[0].Dma;

    // A TVM with memory for what it is told, and an interface that is locked for it.
    private static ulong Bind(TestMachine machine)
    {
        ulong id = machine.Launch(CallProgram);
        machine.Succeed("add_tvm_zero_pages", id, machine.Take(1), 0, 1, Buffer);
        machine.Succeed("add_tvm_zero_pages", id, machine.Take(OutputPages), 0, OutputPages, Output);
        machine.Bind(id);
        return id;
    }

    private static ulong Run(TestMachine machine)
    {
        ulong id = Bind(machine);
        machine.Start(id);
        return id;
    }

    private static void Stop(TestMachine machine, ulong id)
    {
        Guest(machine, id, 1031, Id);
        Assert.Equal(SbiError.AlreadyStopped, machine.CallFromGuestWithDevice(id, 1031, Id).Error);
        Assert.Equal(TdispState.ConfigUnlocked, machine.Devices.Managers[0].State);
        Assert.Equal(0UL, Guest(machine, id, 1028, Id));
        Assert.False(Dma(machine).TryWrite(machine.Tvm(id).Stage.Find(Buffer).Address, Pattern));
        Assert.Equal(uint.MaxValue, Load(machine, id, GuestBar));
        int exchanges = machine.Devices.Exchanges;
        machine.SucceedWithDevice("unbind_interface", id, Id);
        Assert.Equal(exchanges, machine.Devices.Exchanges);
        machine.Succeed("reclaim_tvm_interface_region", id, Id, TestDevices.Bar(0), TestDevice.Size);
        machine.Devices.EnableStream(0, false);
        machine.SucceedWithDevice("disconnect_device", Id);
        machine.Connect(); // once more
        machine.AssertInvariants();
    }

    // The TVM's program, with a load or a store in front of what it is otherwise.
    private static ulong Load(TestMachine machine, ulong id, ulong address)
    {
        Access(machine, id, Asm.Load(4, 5, 6, 0), address, 0);
        return (uint)machine.Vcpu(id).Context[5];
    }

    private static void Store(TestMachine machine, ulong id, ulong address, ulong value) => Access(machine, id, Asm.Store(4, 5, 6, 0), address, value);

    private static void Access(TestMachine machine, ulong id, uint instruction, ulong address, ulong value)
    {
        Guests.Vcpu vcpu = machine.Vcpu(id);
        machine.Tsm.TryWriteGuest(machine.Tvm(id), GuestMemory + 0x100, BitConverter.GetBytes(instruction));
        machine.Tsm.TryWriteGuest(machine.Tvm(id), GuestMemory + 0x104, BitConverter.GetBytes(Asm.Wfi));
        vcpu.Pending = default;
        vcpu.Context.Pc = GuestMemory + 0x100;
        vcpu.Context[6] = address;
        vcpu.Context[5] = value;
        Assert.Equal(22UL, machine.Run(id).Cause);
    }

    private sealed class NoLine : IInterruptLine
    {
        public void Set(bool level)
        {
        }
    }
}
