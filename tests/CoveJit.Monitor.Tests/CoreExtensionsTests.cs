using CoveJit.Harts;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Tests;

/// <summary>Base, TIME, IPI, RFENCE, SRST, DBCN and the legacy calls.</summary>
public sealed class CoreExtensionsTests : IDisposable
{
    private const ulong SoftwarePending = 1UL << InterruptCode.SupervisorSoftware;
    private const ulong TimerPending = 1UL << InterruptCode.SupervisorTimer;
    private const ulong Max = ulong.MaxValue;

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Base_tells_the_version_and_which_extensions_there_are()
    {
        Assert.Equal(SbiResult.Of(3UL << 24), _machine.Call(Eid.Base, 0));
        Assert.All(Eid.All, eid => Assert.Equal(SbiResult.Of(1), _machine.Call(Eid.Base, 3, eid)));
        foreach (ulong absent in (ulong[])[0x434F5648, 0x09, 0x11, Eid.Hsm | (1UL << 32), Max])
        {
            Assert.Equal(SbiResult.Of(0), _machine.Call(Eid.Base, 3, absent));
        }

        for (uint fid = 4; fid <= 6; fid++)
        {
            Assert.Equal(SbiResult.Of(0), _machine.Call(Eid.Base, fid));
        }
    }

    [Theory]
    [InlineData(Eid.Base, 7)]
    [InlineData(Eid.Base, Max)]
    [InlineData(Eid.Base, 1UL << 32)]
    [InlineData(0x12345, 0)]
    [InlineData(Eid.Base | (1UL << 32), 0)]
    [InlineData(0x9, 0)]
    public void Unknown_functions_are_not_supported(ulong extension, ulong function) =>
        Assert.Equal(SbiError.NotSupported, TestMachine.CallOn(_machine.Hart0, extension, function).Error);

    [Fact]
    public void All_registers_but_a0_and_a1_are_preserved()
    {
        for (int i = 1; i < 32; i++)
        {
            _machine.Hart0.WriteRegister(i, 0x1000UL + (ulong)i);
        }

        _machine.Call(Eid.Base, 0, 1, 2, 3, 4, 5, 6);
        for (int i = 1; i < 32; i++)
        {
            if (i is < 10 or > 17)
            {
                Assert.Equal(0x1000UL + (ulong)i, _machine.Hart0.ReadRegister(i));
            }
        }

        Assert.Equal([3UL, 4, 5, 6], Enumerable.Range(12, 4).Select(_machine.Hart0.ReadRegister));
    }

    [Theory]
    [InlineData(Eid.Time)]
    [InlineData(0u)]
    public void Set_timer_raises_the_interrupt_when_time_has_come_and_clears_it(uint extension)
    {
        _machine.Clock.Ticks = 100;
        Assert.Equal(SbiError.Success, _machine.Call(extension, 0, 100).Error);
        Assert.NotEqual(0UL, _machine.Hart0.Mip & TimerPending);
        _machine.Call(extension, 0, 101);
        Assert.Equal(0UL, _machine.Hart0.Mip & TimerPending);
        _machine.Clock.Ticks = Max - 1;
        _machine.Call(extension, 0, Max);
        Assert.Equal(0UL, _machine.Hart0.Mip & TimerPending);
    }

    public static TheoryData<ulong, ulong, SbiError, ulong> HartMasks => new()
    {
        // mask, base, error, harts that are meant (of two)
        { 1, 0, SbiError.Success, 1 },
        { 3, 0, SbiError.Success, 3 },
        { 1, 1, SbiError.Success, 2 },
        { 0, 0, SbiError.Success, 0 },
        { 0, 77, SbiError.Success, 0 },
        { 0, Max, SbiError.Success, 3 },
        { Max, Max, SbiError.Success, 3 },
        { 4, 0, SbiError.InvalidParam, 0 },
        { 5, 0, SbiError.InvalidParam, 0 },
        { 2, 1, SbiError.InvalidParam, 0 },
        { 1UL << 63, 1, SbiError.InvalidParam, 0 },
        { 1, 2, SbiError.InvalidParam, 0 },
        { 1, 64, SbiError.InvalidParam, 0 },
        { 4, Max - 1, SbiError.InvalidParam, 0 },
        { 1, 1UL << 32, SbiError.InvalidParam, 0 },
    };

    [Theory]
    [MemberData(nameof(HartMasks))]
    public void Send_ipi_reaches_exactly_the_harts_of_the_mask(ulong mask, ulong maskBase, SbiError error, ulong harts)
    {
        Assert.Equal(error, _machine.Call(Eid.Ipi, 0, mask, maskBase).Error);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(((harts >> i) & 1) != 0, (_machine.Harts[i].Mip & SoftwarePending) != 0);
        }
    }

    [Theory]
    [MemberData(nameof(HartMasks))]
    public void Remote_fences_follow_the_same_rules(ulong mask, ulong maskBase, SbiError error, ulong harts)
    {
        Hart other = _machine.StartHart(1);
        for (uint fid = 0; fid <= 2; fid++)
        {
            TestMachine.RunNops(other, 1);
            ulong before = Fetches(other);
            TestMachine.RunNops(other, 1);
            Assert.Equal(before, Fetches(other)); // the translation is cached
            Assert.Equal(error, _machine.Call(Eid.Rfence, fid, mask, maskBase, 0, 0, 0).Error);
            other.RunSlice(1);
            bool forgotten = fid >= 1 && (harts & 2) != 0;
            Assert.Equal(before + (forgotten ? 1UL : 0), Fetches(other));
        }
    }

    [Theory]
    [InlineData(0, 0, SbiError.Success, true)]
    [InlineData(0x1000, Max, SbiError.Success, true)]
    [InlineData(TestMachine.Base, 1, SbiError.Success, true)]
    [InlineData(TestMachine.Base - 1, 2, SbiError.Success, true)]
    [InlineData(TestMachine.Base, 1UL << 40, SbiError.Success, true)]
    [InlineData(0x1000, 0, SbiError.Success, false)]
    [InlineData(0xFFFF_FFFF_FFFF_F000, 0x1000, SbiError.Success, false)]
    [InlineData(0xFFFF_FFFF_FFFF_F000, 0x1001, SbiError.InvalidAddress, false)]
    [InlineData(Max, 2, SbiError.InvalidAddress, false)]
    [InlineData(0x2000, Max - 1, SbiError.InvalidAddress, false)]
    public void Ranges_of_remote_fences(ulong start, ulong size, SbiError error, bool forgets)
    {
        TestMachine.RunNops(_machine.Hart0, 1);
        ulong before = Fetches(_machine.Hart0);
        Assert.Equal(error, _machine.Call(Eid.Rfence, 1, 1, 0, start, size).Error);
        Assert.Equal(error, _machine.Call(Eid.Rfence, 2, 3, 0, start, size, 5).Error);
        Assert.Equal(forgets, Fetches(_machine.Hart0) > before);
    }

    [Fact]
    public void An_asid_beyond_what_the_hart_has_is_invalid()
    {
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Rfence, 2, 1, 0, 0, 0, 0xFFFF).Error);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Rfence, 2, 1, 0, 0, 0, 0x1_0000).Error);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Rfence, 2, 1, 0, 0, 0, Max).Error);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Hypervisor_fences_need_the_hypervisor_extension(uint fid)
    {
        using TestMachine machine = new(1, new HartConfiguration { Extensions = ExtensionSet.All.Without(Extension.H) });
        Assert.Equal(SbiError.NotSupported, machine.Call(Eid.Rfence, fid, 1, 0, 0, 0, 0).Error);
    }

    // Function, VMID of the calling hart, start, size, VMID or ASID argument; what becomes of a translation of VMID 5, ASID 7 on the other hart.
    [Theory]
    [InlineData(3, 0, 0, 0, 5, true)]
    [InlineData(3, 5, 0, 0, 6, false)]
    [InlineData(3, 0, 0x4000_0000, 0x1000, 5, true)] // a range of guest physical addresses: all of the machine's
    [InlineData(4, 0, 0, 0, 0, true)]
    [InlineData(5, 5, 0, 0, 7, true)]
    [InlineData(5, 5, 0, 0, 8, false)]
    [InlineData(5, 6, 0, 0, 7, false)] // of the virtual machine in the caller's hgatp
    [InlineData(6, 5, 0, 0, 0, true)]
    [InlineData(6, 6, 0, 0, 0, false)]
    [InlineData(6, 5, TestMachine.Data, 8, 0, true)]
    [InlineData(6, 5, TestMachine.Data + 0x1000, 8, 0, false)]
    [InlineData(1, 0, 0, 0, 0, false)] // HS-mode's own translations
    public void Hypervisor_fences_reach_the_translations_they_name(uint fid, ulong vmid, ulong start, ulong size, ulong argument, bool forgets)
    {
        const ulong Guest = TestMachine.Base + 0x2000;
        const ulong Root = TestMachine.Base + 0x3000;
        const uint HlvD = 0x6C05_42F3; // hlv.d t0, (a0)
        Hart other = _machine.StartHart(1);
        Set(_machine.Hart0, 0x680, vmid << 44);
        Set(other, 0x680, 5UL << 44);
        Set(other, 0x280, (8UL << 60) | (7UL << 44) | (Root >> 12));
        Set(other, 0x600, 1 << 8); // as VS-mode
        _machine.Write(Root + 16, ((Root + 0x1000) >> 2) | 1UL); // one page of 4 KiB
        _machine.Write(Root + 0x1000 + 8 * ((TestMachine.Data >> 21) & 511), ((Root + 0x2000) >> 2) | 1UL);
        _machine.Write(Root + 0x2000 + 8 * ((TestMachine.Data >> 12) & 511), (TestMachine.Data >> 2) | 0xCFUL);
        _machine.WriteCode(Guest, HlvD, 0x0040_006F, 0x0040_006F); // and jumps to the next, for the slice that takes the request
        Load();
        ulong before = other.Tlb.Fills[0];
        Load();
        Assert.Equal(before, other.Tlb.Fills[0]); // the translation is cached
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Rfence, fid, 2, 0, start, size, argument).Error);
        other.RunSlice(1);
        Load();
        Assert.Equal(before + (forgets ? 1UL : 0), other.Tlb.Fills[0]);

        void Load()
        {
            other.WriteRegister(10, TestMachine.Data);
            other.Pc = Guest;
            other.Step();
            Assert.Equal(Guest + 4, other.Pc);
        }

        static void Set(Hart hart, uint csr, ulong value) => Harts.Csrs.CsrTable.For(hart.Configuration)[csr]!.Write(hart, value);
    }

    [Fact]
    public void A_vmid_beyond_what_the_hart_has_is_invalid_and_so_is_a_range_beyond_the_address_space()
    {
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Rfence, 3, 1, 0, 0, 0, 0x3FFF).Error);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Rfence, 3, 1, 0, 0, 0, 0x4000).Error);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Rfence, 5, 1, 0, 0, 0, 0x1_0000).Error);
        for (uint fid = 3; fid <= 6; fid++)
        {
            Assert.Equal(SbiError.InvalidAddress, _machine.Call(Eid.Rfence, fid, 1, 0, Max, 2, 0).Error);
        }
    }

    [Fact]
    public void What_guests_cause_goes_to_the_hypervisor()
    {
        Assert.Equal(0xF0_0400UL, _machine.Hart0.Medeleg & 0xF0_0600); // not ecall from HS-mode
        Assert.Equal(0x3666UL, _machine.Hart0.Mideleg);
        using TestMachine machine = new(1, new HartConfiguration { Extensions = ExtensionSet.All.Without(Extension.H) });
        Assert.Equal((0UL, 0x2222UL), (machine.Hart0.Medeleg & 0xF0_0400, machine.Hart0.Mideleg));
    }

    [Theory]
    [InlineData(0, 0, new[] { false }, 0)]
    [InlineData(0, 1, new[] { true }, 0)]
    [InlineData(0xABCD_0000_0000_0000, 0, new[] { false }, 0)] // a 32-bit parameter
    [InlineData(1, 0, new bool[0], 1)]
    [InlineData(2, 0, new bool[0], 1)]
    public void System_reset(ulong type, ulong reason, bool[] powerOffs, int reboots)
    {
        _machine.Call(Eid.Reset, 0, type, reason);
        Assert.Equal(powerOffs, _machine.PowerOffs);
        Assert.Equal(reboots, _machine.Reboots);
        Assert.True(_machine.Hart0.Halted);
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(0xF000_0000, 0)]
    [InlineData(0, 2)]
    [InlineData(0, 0xE000_0000)]
    [InlineData(0, 0xFFFF_FFFF)]
    public void System_reset_refuses_what_is_reserved(ulong type, ulong reason)
    {
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Reset, 0, type, reason).Error);
        Assert.False(_machine.Hart0.Halted);
    }

    [Fact]
    public void Console_writes_and_reads_memory()
    {
        _machine.Ram.TryWrite(TestMachine.Data, "hello"u8);
        Assert.Equal(SbiResult.Of(5), _machine.Call(Eid.Console, 0, 5, TestMachine.Data, 0));
        Assert.Equal(SbiResult.Of(0), _machine.Call(Eid.Console, 2, 0xFF21));
        Assert.Equal("hello!"u8.ToArray(), _machine.Output);

        Assert.Equal(SbiResult.Of(0), _machine.Call(Eid.Console, 1, 8, TestMachine.Data, 0));
        foreach (byte b in "abc"u8)
        {
            _machine.Input.Enqueue(b);
        }

        Assert.Equal(SbiResult.Of(2), _machine.Call(Eid.Console, 1, 2, TestMachine.Data, 0));
        Assert.Equal(0x6C6C_6261u, (uint)_machine.Read(TestMachine.Data)); // "abll": what was not read is not touched
        Assert.Equal(SbiResult.Of((byte)'c'), _machine.Call(Eid.Console, 1, 1, TestMachine.End - 1, 0) with { Value = 'c' });
    }

    [Theory]
    [InlineData(1, TestMachine.End, 0)]
    [InlineData(2, TestMachine.End - 1, 0)]
    [InlineData(1, TestMachine.Base - 1, 0)]
    [InlineData(1, TestMachine.Base, 1)]
    [InlineData(Max, TestMachine.Base, 0)]
    [InlineData(Max, Max, Max)]
    [InlineData(TestMachine.Size + 1, TestMachine.Base, 0)]
    [InlineData(0x100, 0x1000_0000, 0)]
    public void Console_refuses_what_is_not_memory(ulong count, ulong low, ulong high)
    {
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Console, 0, count, low, high).Error);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Console, 1, count, low, high).Error);
        Assert.Empty(_machine.Output);
    }

    [Fact]
    public void Console_may_write_less_than_was_asked_but_says_so()
    {
        SbiResult result = _machine.Call(Eid.Console, 0, TestMachine.Size, TestMachine.Base, 0);
        Assert.Equal(SbiError.Success, result.Error);
        Assert.InRange(result.Value, 1UL, TestMachine.Size);
        Assert.Equal((ulong)_machine.Output.Count, result.Value);
        Assert.Equal(SbiResult.Of(0), _machine.Call(Eid.Console, 0, 0, 0, 0));
    }

    [Fact]
    public void Legacy_calls_return_in_a0_alone()
    {
        _machine.Input.Enqueue((byte)'x');
        Assert.Equal((ulong)'x', Legacy(2));
        Assert.Equal(Max, Legacy(2));
        Assert.Equal(0UL, Legacy(1, 'y'));
        Assert.Equal([(byte)'y'], _machine.Output);
        Assert.Equal(0UL, Legacy(3));
        _machine.Hart0.SetSoftwarePending(InterruptCode.SupervisorSoftware, true);
        Assert.Equal(1UL, Legacy(3));
        Assert.Equal(0UL, _machine.Hart0.Mip & SoftwarePending);
        Legacy(8);
        Assert.Equal([false], _machine.PowerOffs);
    }

    private static ulong Fetches(Hart hart) => hart.Tlb.Fills[(int)AccessType.Execute];

    private ulong Legacy(uint extension, ulong argument = 0)
    {
        const ulong Kept = 0x1234;
        SbiResult result = TestMachine.CallOn(_machine.Hart0, extension, 0xFFFF_FFFF_FFFF, argument, Kept);
        Assert.Equal(Kept, result.Value);
        return (ulong)result.Error;
    }
}
