using CoveJit.Devices.Pcie;
using CoveJit.Devices.Tests.Virtio;

namespace CoveJit.Devices.Tests.Iommu;

/// <summary>Where requests end, or the fault that says why not.</summary>
public sealed class TranslationTests : IDisposable
{
    private const uint ReadType = 2, WriteType = 3;
    private const ulong Sv39 = 8UL << 60, Update1 = 1 << 8, Update2 = 1 << 7, ProcessTable = 1 << 5, DefaultProcess = 1 << 9, Quiet = 1 << 4;
    private const ulong First = (IommuWorld.FirstRoot >> 12) | Sv39, Second = (IommuWorld.SecondRoot >> 12) | Sv39;
    private const ulong ReadWrite = IommuWorld.ReadWrite, User = IommuWorld.User, Data = IommuWorld.Data;

    private readonly IommuWorld _world = new IommuWorld().Start();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Off_stops_everything_and_Bare_nothing()
    {
        using IommuWorld world = new(bare: false);
        Assert.False(world.Read(Data));
        world.Store(IommuWorld.Ddtp, 1, 8);
        Assert.True(world.Read(Data));
        Assert.False(world.Write(Data, type: PcieAddressType.Translated));
        world.Start();
        world.Store(IommuWorld.Ddtp, 0, 8);
        Assert.False(world.Write(Data));
        Assert.Equal((256u, WriteType, (uint)IommuWorld.Device, Data, 0UL), world.TakeFault());
        world.Store(IommuWorld.Ddtp, 7, 8); // no such mode
        Assert.Equal(0u, world.Load(IommuWorld.Ddtp, 8));
    }

    [Fact]
    public void A_device_without_a_context_gets_nowhere()
    {
        Assert.False(_world.Read(Data));
        Assert.Equal((258u, ReadType, (uint)IommuWorld.Device, Data, 0UL), _world.TakeFault());
        _world.Write(Data, device: 0x0200); // its leaf table is not there
        Assert.Equal(258u, _world.TakeCause());
        _world.Write(Data, device: 0x8000); // more than two levels lead to
        Assert.Equal(260u, _world.TakeCause());
        _world.Ram.Set64(IommuWorld.Directory, 0x3F_FFFF_FFFF_FC01);
        _world.Write(Data, device: 0);
        Assert.Equal(257u, _world.TakeCause());
        _world.Ram.Set64(IommuWorld.Directory, (IommuWorld.Leaf >> 2) | 3);
        _world.Write(Data, device: 0);
        Assert.Equal(259u, _world.TakeCause());
        _world.SetDevice();
        Assert.True(_world.Read(Data));
        Assert.Null(_world.TakeFault());
        _world.Write(Data, type: PcieAddressType.Translated);
        Assert.Equal(260u, _world.TakeCause());
    }

    [Theory]
    [InlineData(3UL, 0UL, 0UL, 0UL, 0UL)] // ATS, which there is none of
    [InlineData(1UL << 10 | 1, 0UL, 0UL, 0UL, 0UL)] // big-endian
    [InlineData(1UL << 11 | 1, 0UL, 0UL, 0UL, 0UL)] // SXL
    [InlineData(1UL << 32 | 1, 0UL, 0UL, 0UL, 0UL)]
    [InlineData(DefaultProcess | 1, 0UL, 0UL, 0UL, 0UL)] // without process table
    [InlineData(1UL, 7UL << 60, 0UL, 0UL, 0UL)]
    [InlineData(1UL, Second + 1, 0UL, 0UL, 0UL)] // a root of 16 KiB is aligned
    [InlineData(1UL, 0UL, 0UL, 11UL << 60, 0UL)]
    [InlineData(1UL, 0UL, 0UL, 1UL << 44, 0UL)]
    [InlineData(ProcessTable | 1, 0UL, 0UL, 4UL << 60, 0UL)]
    [InlineData(1UL, 0UL, 1UL, 0UL, 0UL)]
    [InlineData(1UL, Second, 0UL, 0UL, 2UL << 60)]
    [InlineData(1UL, 0UL, 0UL, 0UL, 1UL << 60)] // interrupt files without second stage
    public void A_misconfigured_context_is_refused(ulong tc, ulong iohgatp, ulong ta, ulong fsc, ulong msiptp)
    {
        _world.SetDevice(tc, iohgatp, ta, fsc, msiptp);
        Assert.False(_world.Read(Data));
        Assert.Equal(259u, _world.TakeCause());
    }

    [Fact]
    public void The_first_stage_translates_page_by_page()
    {
        _world.SetDevice(fsc: First);
        _world.MapPage(IommuWorld.FirstRoot, 0x1000_0000, Data + 0x3000, ReadWrite | User);
        _world.MapPage(IommuWorld.FirstRoot, 0x1000_1000, Data, ReadWrite | User);
        _world.Ram.Set32(Data + 0x3FFC, 0x1111);
        _world.Ram.Set32(Data, 0x2222);
        byte[] bytes = new byte[8];
        Assert.True(_world.Read(0x1000_0FFC, bytes));
        Assert.Equal([0x11, 0x11, 0, 0, 0x22, 0x22, 0, 0], bytes);
        Assert.False(_world.Read(0x1000_1FFC, bytes));
        Assert.Equal((13u, ReadType, (uint)IommuWorld.Device, 0x1000_2000UL, 0UL), _world.TakeFault());
        _world.Write(0x1000_2000);
        Assert.Equal(15u, _world.TakeCause());
        Assert.False(_world.Read(1UL << 40)); // not canonical
        Assert.Equal(13u, _world.TakeCause());
    }

    [Fact]
    public void A_request_without_process_is_a_users_and_accessed_and_dirty_are_set_if_the_context_says_so()
    {
        const ulong Clean = ReadWrite & ~0xC0UL;
        _world.SetDevice(fsc: First);
        _world.MapPage(IommuWorld.FirstRoot, 0x1000_0000, Data, ReadWrite);
        _world.MapPage(IommuWorld.FirstRoot, 0x1000_1000, Data, Clean | User);
        Assert.False(_world.Read(0x1000_0000));
        Assert.Equal(13u, _world.TakeCause());
        Assert.False(_world.Write(0x1000_1000));
        Assert.Equal(15u, _world.TakeCause());
        _world.SetDevice(tc: 1 | Update1, fsc: First);
        Assert.True(_world.Write(0x1000_1000, 5));
        Assert.Equal(5u, _world.Ram.Get32(Data));
        _world.SetDevice(fsc: First);
        Assert.True(_world.Write(0x1000_1000));
    }

    [Fact]
    public void Both_stages_and_what_a_guest_page_fault_tells()
    {
        // The first stage's tables lie at guest physical addresses, which are their own.
        _world.SetDevice(iohgatp: Second, fsc: First);
        _world.MapPage(IommuWorld.FirstRoot, 0x1000_0000, 0x5000, ReadWrite | User);
        _world.MapPage(IommuWorld.SecondRoot, 0x5000, Data, ReadWrite | User);
        Assert.False(_world.Write(0x1000_0010));
        Assert.Equal((23u, WriteType, (uint)IommuWorld.Device, 0x1000_0010UL, (IommuWorld.FirstRoot & ~3UL) | 1), _world.TakeFault());
        for (ulong page = FakeRam.Base; page < FakeRam.Base + 0x8_0000; page += 0x1000)
        {
            _world.MapPage(IommuWorld.SecondRoot, page, page, ReadWrite | User);
        }

        Assert.True(_world.Write(0x1000_0010, 9));
        Assert.Equal(9u, _world.Ram.Get32(Data + 0x10));
        _world.MapPage(IommuWorld.FirstRoot, 0x1000_0000, 0x6000, ReadWrite | User);
        Assert.False(_world.Read(0x1000_0010));
        Assert.Equal((21u, ReadType, (uint)IommuWorld.Device, 0x1000_0010UL, 0x6010UL), _world.TakeFault());
        _world.SetDevice(iohgatp: Second); // the second alone, with updates
        _world.MapPage(IommuWorld.SecondRoot, 0x7000, Data, (ReadWrite & ~0xC0UL) | User);
        Assert.False(_world.Read(0x7000));
        Assert.Equal(21u, _world.TakeCause());
        _world.SetDevice(tc: 1 | Update2, iohgatp: Second);
        Assert.True(_world.Read(0x7000));
    }

    [Fact]
    public void Messages_go_to_interrupt_files_of_the_table()
    {
        // Files at 0x28000000 to 0x28007FFF in the guest; the mask's bits 0 to 2 number them.
        _world.SetDevice(iohgatp: Second, msiptp: (IommuWorld.MsiTable >> 12) | (1UL << 60), mask: 7, pattern: 0x2_8000);
        _world.Ram.Set64(IommuWorld.MsiTable + (2 * 16), (IommuWorld.File >> 2) | 7);
        _world.Ram.Set64(IommuWorld.MsiTable + (2 * 16) + 8, 0);
        Assert.True(_world.Write(0x2800_2000, 77));
        Assert.Equal([(IommuWorld.File, 77u)], _world.Sent);
        Assert.False(_world.Write(0x2800_3000));
        Assert.Equal(262u, _world.TakeCause());
        _world.Ram.Set64(IommuWorld.MsiTable + (3 * 16), (IommuWorld.File >> 2) | 3); // a memory-resident file
        Assert.False(_world.Write(0x2800_3000));
        Assert.Equal(263u, _world.TakeCause());
        Assert.False(_world.Write(0x2800_8000)); // none of them
        Assert.Equal(23u, _world.TakeCause());
        _world.SetDevice(iohgatp: Second, msiptp: 0x1000 | (1UL << 60), mask: 7, pattern: 0x2_8000);
        Assert.False(_world.Write(0x2800_2000));
        Assert.Equal(261u, _world.TakeCause());
    }

    [Fact]
    public void A_process_directory_gives_each_process_its_tables()
    {
        _world.SetDevice(tc: 1 | ProcessTable | DefaultProcess, fsc: (IommuWorld.Processes >> 12) | (1UL << 60));
        _world.MapPage(IommuWorld.FirstRoot, 0x1000_0000, Data, ReadWrite | User);
        _world.Ram.Set64(IommuWorld.Processes, 1);
        _world.Ram.Set64(IommuWorld.Processes + 8, First);
        Assert.True(_world.Read(0x1000_0000)); // process 0 by default
        _world.Ram.Set64(IommuWorld.Processes, 0);
        Assert.False(_world.Read(0x1000_0000));
        Assert.Equal(266u, _world.TakeCause());
        _world.Ram.Set64(IommuWorld.Processes, 1);
        _world.Ram.Set64(IommuWorld.Processes + 8, 3UL << 60);
        Assert.False(_world.Read(0x1000_0000));
        Assert.Equal(267u, _world.TakeCause());
        _world.SetDevice(tc: 1 | ProcessTable, fsc: (IommuWorld.Processes >> 12) | (1UL << 60));
        Assert.True(_world.Read(Data)); // no process: no first stage

        // Process 5 asks through the debugger's registers, as a user and as a supervisor.
        _world.Ram.Set64(IommuWorld.Processes + 80, 1);
        _world.Ram.Set64(IommuWorld.Processes + 88, First);
        Assert.Equal(Data >> 2, Ask(0x1000_0000, process: 5));
        Assert.Equal(1UL, Ask(0x1000_0000, process: 5, privileged: true));
        Assert.Equal(260u, _world.TakeCause());
        _world.Ram.Set64(IommuWorld.Processes + 80, 1 | 2);
        Assert.Equal(1UL, Ask(0x1000_0000, process: 5, privileged: true)); // a user's page, without SUM
        Assert.Equal(15u, _world.TakeCause());
        _world.Ram.Set64(IommuWorld.Processes + 80, 1 | 2 | 4);
        Assert.Equal(Data >> 2, Ask(0x1000_0000, process: 5, privileged: true));
        Assert.Equal(1UL, Ask(0x1000_0000, process: 256));
        Assert.Equal(260u, _world.TakeCause());
    }

    [Fact]
    public void A_context_can_ask_for_silence()
    {
        _world.SetDevice(tc: 1 | Quiet, fsc: First);
        Assert.False(_world.Read(0x1000_0000));
        Assert.Null(_world.TakeFault());
        _world.SetDevice(tc: 1 | Quiet | 2, fsc: First);
        Assert.False(_world.Read(0x1000_0000));
        Assert.Equal(259u, _world.TakeCause());
    }

    private ulong Ask(ulong address, uint process, bool privileged = false)
    {
        _world.Store(0x258, address, 8);
        _world.Store(0x260, 1 | (privileged ? 2u : 0) | ((ulong)process << 12) | (1UL << 32) | ((ulong)IommuWorld.Device << 40), 8);
        Assert.Equal(0u, _world.Load(0x260, 8) & 1);
        return _world.Load(0x268, 8);
    }
}
