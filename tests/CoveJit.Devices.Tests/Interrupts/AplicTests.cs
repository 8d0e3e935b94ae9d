using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Interrupts;
using CoveJit.Devices.Tests.BoardFakes;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.Interrupts;

/// <summary>What both delivery modes have in common, and direct delivery; <see cref="AplicMessageTests"/> is about the other.</summary>
public class AplicTests
{
    private const ulong Domaincfg = 0, Sourcecfg = 0, Setip = 0x1C00, Setipnum = 0x1CDC, InClrip = 0x1D00, Clripnum = 0x1DDC;
    private const ulong Setie = 0x1E00, Setienum = 0x1EDC, Clrie = 0x1F00, Clrienum = 0x1FDC, SetipnumLe = 0x2000, SetipnumBe = 0x2004;
    private const ulong Genmsi = 0x3000, Target = 0x3000, Idc = 0x4000, Idelivery = 0, Iforce = 4, Ithreshold = 8, Topi = 0x18, Claimi = 0x1C;
    private const uint Detached = 1, Edge1 = 4, Edge0 = 5, Level1 = 6, Level0 = 7;

    private readonly FakeLine[] _machine = [new(), new()];
    private readonly FakeLine[] _supervisor = [new(), new()];
    private readonly Aplic _aplic;

    public AplicTests()
    {
        _aplic = new Aplic("aplic", _machine, _supervisor, 40);
        foreach (AplicDomain domain in new[] { _aplic.Root, _aplic.Supervisor })
        {
            domain.Write(Domaincfg, 0x100);
            domain.Write(Idc + Idelivery, 1);
            domain.Write(Idc + 0x20 + Idelivery, 1);
        }
    }

    private AplicDomain Root => _aplic.Root;

    [Theory]
    [InlineData(0)]
    [InlineData(1024)]
    public void There_are_1_to_1023_sources(int sources) => Assert.Throws<ArgumentOutOfRangeException>(() => new Aplic("aplic", _machine, _supervisor, sources));

    [Fact]
    public void Wires_exist_for_sources_only()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _aplic.Source(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _aplic.Source(41));
    }

    [Theory]
    [InlineData(0u, 0x8000_0000u)]
    [InlineData(uint.MaxValue, 0x8000_0100u)] // direct delivery, little-endian
    public void domaincfg(uint written, uint read)
    {
        Root.Write(Domaincfg, written);
        Assert.Equal(read, Root.Read(Domaincfg));
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(1u, 1u)]
    [InlineData(2u, 0u)]
    [InlineData(3u, 0u)]
    [InlineData(4u, 4u)]
    [InlineData(7u, 7u)]
    [InlineData(0xFFFF_FBFEu, 6u)]
    [InlineData(0x400u, 0x400u)]
    [InlineData(0xFFFF_FFFFu, 0x400u)] // there is one child, with index 0
    public void sourcecfg_of_the_root_is_WARL(uint written, uint read)
    {
        Root.Write(Sourcecfg + (4 * 7), written);
        Assert.Equal(read, Root.Read(Sourcecfg + (4 * 7)));
    }

    [Fact]
    public void The_child_has_what_it_is_delegated_and_cannot_delegate_further()
    {
        _aplic.Supervisor.Write(Sourcecfg + 4, Level1);
        Assert.Equal(0UL, _aplic.Supervisor.Read(Sourcecfg + 4)); // as if not implemented
        Root.Write(Sourcecfg + 4, 0x400);
        Assert.Equal(0UL, _aplic.Supervisor.Read(Sourcecfg + 4));
        _aplic.Supervisor.Write(Sourcecfg + 4, Level1);
        Assert.Equal(Level1, _aplic.Supervisor.Read(Sourcecfg + 4));
        _aplic.Supervisor.Write(Sourcecfg + 4, 0x400 | Level1);
        Assert.Equal(0UL, _aplic.Supervisor.Read(Sourcecfg + 4));
    }

    [Fact]
    public void A_delegated_source_interrupts_the_childs_level_and_taking_it_back_deactivates_it()
    {
        Root.Write(Sourcecfg + (4 * 10), 0x400);
        Activate(_aplic.Supervisor, 10, Level1, hart: 1, priority: 5);
        _aplic.Source(10).Set(true);
        Assert.Equal([false, false], _machine.Select(line => line.Level));
        Assert.Equal([false, true], _supervisor.Select(line => line.Level));
        Assert.Equal(0UL, Root.Read(Setip));
        Assert.Equal(1UL << 10, _aplic.Supervisor.Read(Setip));

        Root.Write(Sourcecfg + (4 * 10), Level1);
        Assert.False(_supervisor[1].Level);
        Assert.Equal(0UL, _aplic.Supervisor.Read(Target + (4 * 10)));
        Assert.Equal(1UL << 10, Root.Read(Setip));
        Root.Write(Sourcecfg + (4 * 10), 0x400);
        Assert.Equal(0UL, _aplic.Supervisor.Read(Sourcecfg + (4 * 10))); // and again it starts inactive
    }

    [Fact]
    public void An_inactive_source_has_no_bits_and_no_target()
    {
        Root.Write(Setienum, 3);
        Root.Write(Setipnum, 3);
        Root.Write(Target + 12, uint.MaxValue);
        Assert.Equal((0UL, 0UL, 0UL), (Root.Read(Setie), Root.Read(Setip), Root.Read(Target + 12)));
        Activate(Root, 3, Detached, hart: 0, priority: 9);
        Root.Write(Setipnum, 3);
        Assert.True(_machine[0].Level);
        Root.Write(Sourcecfg + 12, 0);
        Assert.False(_machine[0].Level);
        Assert.Equal((0UL, 0UL, 0UL), (Root.Read(Setie), Root.Read(Setip), Root.Read(Target + 12)));
    }

    [Theory]
    [InlineData(0u, 1u)] // priority number 0 becomes 1
    [InlineData(0x4_0003u, 0x4_0003u)]
    [InlineData(uint.MaxValue, 0xFFFC_00FFu)]
    public void target_has_a_hart_and_a_priority(uint written, uint read)
    {
        Root.Write(Sourcecfg + 8, Detached);
        Assert.Equal(1UL, Root.Read(Target + 8));
        Root.Write(Target + 8, written);
        Assert.Equal(read, Root.Read(Target + 8));
    }

    [Fact]
    public void Registers_by_bit_and_by_number_are_the_same_bits()
    {
        foreach (uint source in new[] { 1u, 31u, 32u, 40u })
        {
            Root.Write(Sourcecfg + (4 * source), Detached);
            ulong word = 4 * (source / 32);
            uint bit = 1u << (int)(source % 32);
            Root.Write(Setip + word, bit);
            Assert.Equal(bit, Root.Read(Setip + word));
            Root.Write(Clripnum, source);
            Assert.Equal(0UL, Root.Read(Setip + word));
            Root.Write(SetipnumLe, source);
            Assert.Equal(bit, Root.Read(Setip + word));
            Root.Write(InClrip + word, bit);
            Assert.Equal(0UL, Root.Read(Setip + word));
            Root.Write(SetipnumBe, System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(source));
            Assert.Equal(bit, Root.Read(Setip + word));
            Root.Write(Setie + word, bit);
            Assert.Equal(bit, Root.Read(Setie + word));
            Assert.Equal(0UL, Root.Read(Clrie + word));
            Root.Write(Clrienum, source);
            Assert.Equal(0UL, Root.Read(Setie + word));
            Root.Write(Setienum, source);
            Root.Write(Clrie + word, bit);
            Assert.Equal(0UL, Root.Read(Setie + word));
            Root.Write(Sourcecfg + (4 * source), 0);
        }

        Root.Write(Setip, uint.MaxValue);
        Root.Write(Setipnum, 41);
        Root.Write(Setipnum, uint.MaxValue);
        Assert.Equal((0UL, 0UL), (Root.Read(Setip), Root.Read(Setip + 4)));
        Assert.All(new[] { Setipnum, Clripnum, Setienum, Clrienum, SetipnumLe, SetipnumBe, Genmsi }, offset => Assert.Equal(0UL, Root.Read(offset)));
    }

    // Mode; wire levels one after the other; pending after each.
    [Theory]
    [InlineData(Edge1, "0110", "0111")]
    [InlineData(Edge0, "1101", "0011")]
    [InlineData(Level1, "0110", "0110")]
    [InlineData(Level0, "1101", "0010")]
    [InlineData(Detached, "0110", "0000")]
    public void Source_modes(uint mode, string wire, string pending)
    {
        _aplic.Source(5).Set(wire[0] == '1');
        Root.Write(Sourcecfg + 20, mode);
        for (int i = 0; i < wire.Length; i++)
        {
            _aplic.Source(5).Set(wire[i] == '1');
            Assert.True(pending[i] == '1' == (Root.Read(Setip) != 0), $"after {i + 1} levels");
            bool rectified = mode != Detached && (wire[i] == '1') != (mode is Edge0 or Level0);
            Assert.Equal(rectified, Root.Read(InClrip) != 0);
        }
    }

    [Fact]
    public void A_level_sensitive_sources_pending_bit_is_its_input()
    {
        _aplic.Source(5).Set(true);
        Activate(Root, 5, Level1, hart: 0, priority: 1);
        Assert.True(_machine[0].Level); // it was asserted already
        Root.Write(Clripnum, 5);
        Assert.Equal(1UL << 5, Root.Read(Setip));
        Assert.Equal(0x5_0001UL, Root.Read(Idc + Claimi));
        Assert.True(_machine[0].Level);
        _aplic.Source(5).Set(false);
        Assert.False(_machine[0].Level);
        Root.Write(Setipnum, 5);
        Assert.Equal(0UL, Root.Read(Setip));
    }

    [Fact]
    public void An_edge_sensitive_source_is_claimed_once_for_each_edge()
    {
        Activate(Root, 5, Edge1, hart: 0, priority: 1);
        _aplic.Source(5).Set(true);
        Assert.Equal(0x5_0001UL, Root.Read(Idc + Claimi));
        Assert.False(_machine[0].Level);
        _aplic.Source(5).Set(false);
        Assert.False(_machine[0].Level);
        _aplic.Source(5).Set(true);
        Assert.True(_machine[0].Level);
    }

    [Fact]
    public void Claims_come_by_priority_number_then_by_lowest_source()
    {
        foreach ((int source, uint priority) in new[] { (40, 7u), (3, 2u), (20, 5u), (21, 5u), (1, 255u) })
        {
            Activate(Root, source, Detached, hart: 1, priority);
            Root.Write(Setipnum, (ulong)source);
        }

        Assert.Equal(0UL, Root.Read(Idc + Topi)); // hart 0
        Assert.Equal([3u, 20u, 21u, 40u, 1u, 0u], Enumerable.Range(0, 6).Select(_ => (uint)Root.Read(Idc + 0x20 + Claimi) >> 16));
        Assert.False(_machine[1].Level);
    }

    [Theory]
    [InlineData(0u, 5u, true)]
    [InlineData(5u, 5u, false)]
    [InlineData(6u, 5u, true)]
    public void The_threshold_admits_smaller_priority_numbers(uint threshold, uint priority, bool admitted)
    {
        Activate(Root, 4, Detached, hart: 0, priority);
        Root.Write(Idc + Ithreshold, threshold);
        Root.Write(Setipnum, 4);
        Assert.Equal(admitted, _machine[0].Level);
        Assert.Equal(admitted, Root.Read(Idc + Topi) != 0);
    }

    [Fact]
    public void Interrupts_need_IE_and_idelivery_but_topi_does_not()
    {
        Activate(Root, 4, Detached, hart: 0, priority: 1);
        Root.Write(Setipnum, 4);
        Root.Write(Domaincfg, 0);
        Assert.False(_machine[0].Level);
        Root.Write(Domaincfg, 0x100);
        Assert.True(_machine[0].Level);
        Root.Write(Idc + Idelivery, 2); // bit 0 alone
        Assert.False(_machine[0].Level);
        Assert.Equal(0x4_0001UL, Root.Read(Idc + Topi));
    }

    [Fact]
    public void iforce_makes_a_spurious_interrupt_that_an_empty_claim_ends()
    {
        Root.Write(Idc + Iforce, uint.MaxValue);
        Assert.Equal(1UL, Root.Read(Idc + Iforce));
        Assert.True(_machine[0].Level);
        Assert.Equal(0UL, Root.Read(Idc + Topi));
        Assert.True(_machine[0].Level);
        Assert.Equal(0UL, Root.Read(Idc + Claimi));
        Assert.False(_machine[0].Level);
        Assert.Equal(0UL, Root.Read(Idc + Iforce));
    }

    [Fact]
    public void A_pending_source_moves_with_its_target()
    {
        Activate(Root, 4, Detached, hart: 0, priority: 1);
        Root.Write(Setipnum, 4);
        Root.Write(Target + 16, (1u << 18) | 1);
        Assert.Equal([false, true], _machine.Select(line => line.Level));
        Root.Write(Target + 16, (9u << 18) | 1); // no such hart
        Assert.Equal([false, false], _machine.Select(line => line.Level));
    }

    [Fact]
    public void Reserved_registers_read_as_zero_and_ignore_writes()
    {
        foreach (ulong offset in new ulong[] { 4 * 41, 0xFFC, 0x1000, 0x1BC0, 0x1BCC, 0x1C08, 0x1C80, 0x1CE0, 0x1D08, 0x2008, 0x2FFC, 0x3000, 0x3000 + (4 * 41), 0x400C, 0x4018, 0x4040, 0x7FFC })
        {
            Root.Write(offset, uint.MaxValue);
            Assert.True(Root.Read(offset) == 0, $"0x{offset:x}");
        }
    }

    [Theory]
    [InlineData(0UL, 1)]
    [InlineData(0UL, 2)]
    [InlineData(0UL, 8)]
    [InlineData(2UL, 4)]
    [InlineData(AplicDomain.WindowSize, 4)]
    [InlineData(ulong.MaxValue - 3, 4)]
    public void Other_accesses_are_refused(ulong offset, int size)
    {
        Assert.False(Root.TryRead(offset, size, out _));
        Assert.False(Root.TryWrite(offset, size, 1));
    }

    [Fact]
    public void Hostile_accesses_do_no_harm()
    {
        ulong[] interesting = [0, 4, 0x50, 0x1BC0, Setip, Setipnum, InClrip, Setie, Setienum, Clrie, SetipnumBe, Genmsi, Target + 4, Idc, Idc + Claimi, Idc + 0x20];
        BusAccess.Fuzz(Root, 2, 100_000, interesting, random => _aplic.Source(random.Next(1, 41)).Set(random.Next(2) == 0));
        BusAccess.Fuzz(_aplic.Supervisor, 3, 100_000, interesting, random => _aplic.Source(random.Next(1, 41)).Set(random.Next(2) == 0));
    }

    [Fact]
    public void Reset_deactivates_all_sources()
    {
        Activate(Root, 4, Level1, hart: 0, priority: 1);
        _aplic.Source(4).Set(true);
        _aplic.Reset();
        Assert.False(_machine[0].Level);
        Assert.Equal((0x8000_0000UL, 0UL, 0UL, 0UL), (Root.Read(Domaincfg), Root.Read(Sourcecfg + 16), Root.Read(Setie), Root.Read(Idc + Idelivery)));
    }

    [Fact]
    public void Its_nodes_follow_the_binding()
    {
        DeviceTreeNode node = Root.Describe(new DeviceTreeNode(""), 0xC00_0000, 9, 0, 10, 4, 5);
        Assert.Equal(["riscv,aplic"], node.Strings("compatible"));
        Assert.Equal([4u, 11u, 5u, 11u], node.Cells("interrupts-extended"));
        Assert.Equal([2u], node.Cells("#interrupt-cells"));
        Assert.Equal([40u], node.Cells("riscv,num-sources"));
        Assert.Equal([10u], node.Cells("riscv,children"));
        Assert.Equal([10u, 1u, 40u], node.Cells("riscv,delegation"));
        node = _aplic.Supervisor.Describe(new DeviceTreeNode(""), 0xD00_0000, 10, 0, null, 4, 5);
        Assert.Equal([4u, 9u, 5u, 9u], node.Cells("interrupts-extended"));
        Assert.DoesNotContain(node.Properties, property => property.Key is "riscv,children" or "msi-parent");
    }

    private static void Activate(AplicDomain domain, int source, uint mode, uint hart, uint priority)
    {
        domain.Write(Sourcecfg + (4 * (ulong)source), mode);
        domain.Write(Target + (4 * (ulong)source), (hart << 18) | priority);
        domain.Write(Setienum, (ulong)source);
    }
}
