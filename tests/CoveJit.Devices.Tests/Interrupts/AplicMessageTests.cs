using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Interrupts;
using CoveJit.Devices.Tests.BoardFakes;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.Interrupts;

/// <summary>An APLIC that forwards interrupts as messages.</summary>
public class AplicMessageTests : IMessagePort
{
    private const ulong Domaincfg = 0, Sourcecfg = 0, Mmsiaddrcfg = 0x1BC0, Mmsiaddrcfgh = 0x1BC4, Smsiaddrcfg = 0x1BC8, Smsiaddrcfgh = 0x1BCC;
    private const ulong Setip = 0x1C00, Setipnum = 0x1CDC, InClrip = 0x1D00, Clripnum = 0x1DDC, Setienum = 0x1EDC, Genmsi = 0x3000, Target = 0x3000, Idc = 0x4000;
    private const uint Detached = 1, Edge1 = 4, Level1 = 6;

    private readonly List<(ulong Address, uint Data)> _sent = [];
    private readonly Aplic _aplic;

    public AplicMessageTests()
    {
        _aplic = new Aplic("aplic", this, guestFiles: 7);
        Root.Write(Mmsiaddrcfg, 0x24000);
        Root.Write(Smsiaddrcfg, 0x28000);
        Root.Write(Smsiaddrcfgh, 3u << 20);
        Root.Write(Mmsiaddrcfgh, 2u << 12);
        Root.Write(Domaincfg, 0x100);
        Supervisor.Write(Domaincfg, 0x100);
    }

    private AplicDomain Root => _aplic.Root;

    private AplicDomain Supervisor => _aplic.Supervisor;

    void IMessagePort.Send(ulong address, uint data) => _sent.Add((address, data));

    [Fact]
    public void domaincfg_says_messages()
    {
        Root.Write(Domaincfg, 0);
        Assert.Equal(0x8000_0004UL, Root.Read(Domaincfg));
        Assert.Equal(0x8000_0104UL, Supervisor.Read(Domaincfg));
    }

    [Theory]
    [InlineData(uint.MaxValue, 0xFFFC_07FFu, 0xFFFC_07FFu)] // there is no guest 63
    [InlineData(0x0004_7123u, 0x0004_7123u, 0x0004_0123u)]
    [InlineData(0x0004_8123u, 0x0004_0123u, 0x0004_0123u)]
    public void target_has_a_hart_a_guest_and_an_identity(uint written, uint inSupervisor, uint inRoot)
    {
        Root.Write(Sourcecfg + 4, Detached);
        Root.Write(Target + 4, written);
        Assert.Equal(inRoot, Root.Read(Target + 4));
        Root.Write(Sourcecfg + 8, 0x400);
        Supervisor.Write(Sourcecfg + 8, Detached);
        Supervisor.Write(Target + 8, written);
        Assert.Equal(inSupervisor, Supervisor.Read(Target + 8));
    }

    [Fact]
    public void A_pending_enabled_source_sends_one_message_and_is_no_longer_pending()
    {
        Root.Write(Sourcecfg + 40, 0x400);
        Supervisor.Write(Sourcecfg + 40, Level1);
        Supervisor.Write(Target + 40, (3u << 18) | (5u << 12) | 77);
        _aplic.Source(10).Set(true);
        Assert.Empty(_sent);
        Assert.Equal(1UL << 10, Supervisor.Read(Setip));
        Supervisor.Write(Setienum, 10);
        Assert.Equal([(0x2800_0000UL + (3 << 15) + (5 << 12), 77u)], _sent);
        Assert.Equal(0UL, Supervisor.Read(Setip));
        Assert.Equal(1UL << 10, Supervisor.Read(InClrip));

        Supervisor.Write(Setipnum, 10); // still asserted: a driver asks again at the end of its handler
        Assert.Equal(2, _sent.Count);
        _aplic.Source(10).Set(false);
        Supervisor.Write(Setipnum, 10);
        Assert.Equal(2, _sent.Count);
        _aplic.Source(10).Set(true);
        Assert.Equal(3, _sent.Count);
    }

    [Fact]
    public void The_root_sends_to_machine_level_files()
    {
        Root.Write(Sourcecfg + 4, Edge1);
        Root.Write(Target + 4, (1u << 18) | 5);
        Root.Write(Setienum, 1);
        _aplic.Source(1).Set(true);
        Assert.Equal([(0x2400_1000UL, 5u)], _sent);
    }

    [Fact]
    public void IE_holds_messages_back_until_it_is_set()
    {
        Root.Write(Domaincfg, 0);
        foreach (uint source in new[] { 2u, 90u })
        {
            Root.Write(Sourcecfg + (4 * source), Detached);
            Root.Write(Target + (4 * source), source);
            Root.Write(Setienum, source);
            Root.Write(Setipnum, source);
        }

        Assert.Empty(_sent);
        Root.Write(Domaincfg, 0x100);
        Assert.Equal([(0x2400_0000UL, 2u), (0x2400_0000UL, 90u)], _sent);
    }

    [Fact]
    public void The_pending_bit_of_a_level_sensitive_source_can_be_cleared_and_goes_with_the_wire()
    {
        Root.Write(Sourcecfg + 4, Level1);
        _aplic.Source(1).Set(true);
        Assert.Equal(2UL, Root.Read(Setip));
        Root.Write(Clripnum, 1);
        Assert.Equal(0UL, Root.Read(Setip));
        Root.Write(Setipnum, 1);
        Assert.Equal(2UL, Root.Read(Setip));
        _aplic.Source(1).Set(false);
        Assert.Equal(0UL, Root.Read(Setip));
    }

    [Fact]
    public void genmsi_sends_at_once_whatever_IE()
    {
        Supervisor.Write(Domaincfg, 0);
        Supervisor.Write(Genmsi, uint.MaxValue & ~(0xFFFEu << 18)); // hart 1
        Assert.Equal([(0x2800_8000UL, 0x7FFu)], _sent);
        Assert.Equal(0x0004_07FFUL, Supervisor.Read(Genmsi)); // not busy
        Root.Write(Genmsi, (1u << 18) | 3);
        Assert.Equal((0x2400_1000UL, 3u), _sent[^1]);
    }

    // mmsiaddrcfgh, mmsiaddrcfg, smsiaddrcfgh, smsiaddrcfg, hart, guest; machine- and supervisor-level address.
    [Theory]
    [InlineData(0x0000_0000u, 0x24000u, 0u, 0x28000u, 5u, 0u, 0x2400_0000UL, 0x2800_0000UL)] // LHXW 0: all harts are one
    [InlineData(0x0000_3000u, 0x24000u, 0x0020_0000u, 0x28000u, 5u, 3u, 0x2400_5000UL, 0x2801_7000UL)]
    [InlineData(0x0022_2FFFu, 0x24000u, 0x0000_0001u, 0u, 0xBu, 0u, 0x00FF_F000_2600_C000UL, 0x0000_1000_0200_3000UL)] // group 2, member 3
    [InlineData(0x0C02_2000u, 0x24000u, 0u, 0x28000u, 0xBu, 0u, 0x2400_3000UL | (2UL << 36), 0x2800_3000UL | (2UL << 36))] // HHXS 12
    public void Addresses(uint machineHigh, uint machineLow, uint supervisorHigh, uint supervisorLow, uint hart, uint guest, ulong machine, ulong supervisor)
    {
        Root.Write(Mmsiaddrcfgh, machineHigh);
        Root.Write(Mmsiaddrcfg, machineLow);
        Root.Write(Smsiaddrcfgh, supervisorHigh);
        Root.Write(Smsiaddrcfg, supervisorLow);
        Root.Write(Genmsi, (hart << 18) | 1);
        Assert.Equal(machine, _sent[^1].Address);
        Root.Write(Sourcecfg + 4, 0x400);
        Supervisor.Write(Sourcecfg + 4, Detached);
        Supervisor.Write(Target + 4, (hart << 18) | (guest << 12) | 1);
        Supervisor.Write(Setienum, 1);
        Supervisor.Write(Setipnum, 1);
        Assert.Equal(supervisor, _sent[^1].Address);
    }

    [Theory]
    [InlineData(Mmsiaddrcfg, 0xFFFF_FFFFu)]
    [InlineData(Mmsiaddrcfgh, 0x1F77_FFFFu)]
    [InlineData(Smsiaddrcfg, 0xFFFF_FFFFu)]
    [InlineData(Smsiaddrcfgh, 0x0070_0FFFu)]
    public void Address_registers_are_the_roots_alone_and_lock_together(ulong offset, uint writable)
    {
        Supervisor.Write(offset, 0x7FFF_FFFF);
        Assert.Equal(0UL, Supervisor.Read(offset));
        Root.Write(offset, 0x7FFF_FFFF);
        Assert.Equal(writable & 0x7FFF_FFFF, Root.Read(offset));
        ulong high = Root.Read(Mmsiaddrcfgh) | (1u << 31);
        Root.Write(Mmsiaddrcfgh, high);
        Assert.Equal(high, Root.Read(Mmsiaddrcfgh));
        ulong locked = Root.Read(offset);
        Root.Write(offset, 0);
        Assert.Equal(locked, Root.Read(offset));
        _aplic.Reset();
        Assert.Equal(0UL, Root.Read(offset));
    }

    [Fact]
    public void There_are_no_delivery_control_structures()
    {
        Root.Write(Idc, 1);
        Assert.Equal(0UL, Root.Read(Idc));
    }

    [Fact]
    public void Hostile_accesses_do_no_harm()
    {
        ulong[] interesting = [0, 4, 0x50, Mmsiaddrcfg, Mmsiaddrcfgh, Smsiaddrcfgh, Setip, Setipnum, InClrip, Setienum, Genmsi, Target + 4, Idc];
        BusAccess.Fuzz(Root, 4, 100_000, interesting, random => _aplic.Source(random.Next(1, 96)).Set(random.Next(2) == 0));
        BusAccess.Fuzz(Supervisor, 5, 100_000, interesting, random => _aplic.Source(random.Next(1, 96)).Set(random.Next(2) == 0));
    }

    [Fact]
    public void Its_nodes_name_the_files_that_messages_go_to()
    {
        DeviceTreeNode node = Supervisor.Describe(new DeviceTreeNode(""), 0xD00_0000, 10, 6, null, 4, 5);
        Assert.Equal([6u], node.Cells("msi-parent"));
        Assert.DoesNotContain(node.Properties, property => property.Key == "interrupts-extended");
    }
}
