using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Pcie;
using CoveJit.Devices.Tests.BoardFakes;
using CoveJit.Devices.Tests.Virtio;

namespace CoveJit.Devices.Tests.Pcie;

public sealed class RootComplexTests
{
    private readonly TestFunction _function = new();
    private readonly TestHost _host;

    public RootComplexTests() => _host = new TestHost(_function);

    [Fact]
    public void Functions_are_where_bus_numbers_lead_and_elsewhere_are_ones()
    {
        Assert.Equal(0x0000_434Au, _host.Read(0, 0, 0, 0));
        Assert.Equal(0x0001_434Au, _host.Read(0, 1, 0, 0));
        Assert.Equal(0x1234_434Au, _host.Read(1, 0, 0, 0));
        Assert.Equal(0x060400u, _host.Read(0, 1, 0, 8) >> 8);
        Assert.Equal(uint.MaxValue, _host.Read(1, 1, 0, 0));
        Assert.Equal(uint.MaxValue, _host.Read(0, 0, 1, 0));
        Assert.Equal(0xFFFFu, _host.Read(2, 0, 0, 0, 2));
        _host.Write(0, 1, 0, 0x18, 0x00_07_05_00);
        Assert.Equal(uint.MaxValue, _host.Read(1, 0, 0, 0));
        Assert.Equal(0x1234_434Au, _host.Read(5, 0, 0, 0));
        Assert.Equal(new RequesterId(5, 0, 0), _function.RequesterId);
        Assert.False(_host.Complex.Ecam.TryRead(0, 8, out _));
    }

    [Fact]
    public void A_base_address_register_tells_its_size_and_decodes_only_while_enabled()
    {
        _host.Store(4, 77);
        Assert.Equal(77u, _host.Load(4));
        _host.Write(1, 0, 0, 0x10, uint.MaxValue);
        Assert.Equal(0xFFFF_C004u, _host.Read(1, 0, 0, 0x10));
        _host.Write(1, 0, 0, 0x14, uint.MaxValue);
        Assert.Equal(uint.MaxValue, _host.Read(1, 0, 0, 0x14));
        Assert.Equal(uint.MaxValue, _host.Load(4));
        _host.SetUp();
        Assert.Equal(77u, _host.Load(4));
        _host.Write(1, 0, 0, TestHost.Command, 0, 2);
        Assert.Equal(uint.MaxValue, _host.Load(4));
        _host.Store(4, 1);
        _host.SetUp();
        Assert.Equal(77u, _host.Load(4));

        // The bridge's window counts as well.
        _host.Write(0, 1, 0, 0x20, 0x403F_4030);
        Assert.Equal(uint.MaxValue, _host.Load(4));
        _host.Write(0, 1, 0, 0x20, 0x401F_4010);
        _host.Write(0, 1, 0, TestHost.Command, 4, 2);
        Assert.Equal(uint.MaxValue, _host.Load(4));
    }

    [Fact]
    public void A_prefetchable_window_has_64_bits()
    {
        _host.Write(0, 1, 0, 0x24, 0x001F_0010);
        _host.Write(0, 1, 0, 0x28, 4);
        _host.Write(0, 1, 0, 0x2C, 4);
        _host.Write(1, 0, 0, 0x10, 0x0010_0000);
        _host.Write(1, 0, 0, 0x14, 4);
        _host.Complex.Window("high", TestHost.HighWindow).Write(0x10_0008, 5);
        Assert.Equal(5u, _host.Complex.Window("high", TestHost.HighWindow).Read(0x10_0008));
        Assert.Equal(uint.MaxValue, _host.Complex.Window("high", TestHost.HighWindow).Read(0x20_0008));
    }

    [Fact]
    public void Requests_carry_the_functions_identity_and_end_where_a_master_is_off()
    {
        Span<byte> bytes = stackalloc byte[4];
        Assert.True(_function.Dma.TryRead(FakeRam.Base, bytes));
        _function.Dma.TryWrite(TestHost.Messages, bytes);
        Assert.Equal(new PcieRequest(new RequesterId(1, 0, 0)), _host.Sent[0].Request);
        _function.Dma.Trusted = true;
        Assert.False(_function.Dma.TryWrite(TestHost.Messages, bytes)); // no link under IDE: the port lets no T bit pass
        Assert.Single(_host.Sent);
        _function.Dma.Trusted = false;
        Assert.False(_function.Dma.TryRead(0, bytes));
        _host.Write(1, 0, 0, TestHost.Command, 2, 2);
        Assert.False(_function.Dma.TryRead(FakeRam.Base, bytes));
        _host.Write(1, 0, 0, TestHost.Command, 6, 2);
        _host.Write(0, 1, 0, TestHost.Command, 2, 2);
        Assert.False(_function.Dma.TryRead(FakeRam.Base, bytes));
        Assert.False(_function.Dma.TryWrite(FakeRam.Base, bytes));
    }

    [Fact]
    public void What_stands_before_memory_sees_every_request()
    {
        Refusing checker = new(_host.Complex.Root.Upstream);
        _host.Complex.Root.Upstream = checker;
        Span<byte> bytes = stackalloc byte[4];
        Assert.True(_function.Dma.TryRead(FakeRam.Base, bytes));
        checker.Refused = new RequesterId(1, 0, 0);
        Assert.False(_function.Dma.TryRead(FakeRam.Base, bytes));
        Assert.Equal(2, checker.Seen);
    }

    [Fact]
    public void Wires_turn_with_device_numbers_and_are_shared()
    {
        // Device 0 behind device 1: INTA becomes INTA of device 1, which is the second wire.
        _function.Wire(true);
        Assert.True(_host.Wires[1].Level);
        Assert.Equal(8u, _host.Read(1, 0, 0, 6, 2) & 8);
        _host.Write(1, 0, 0, TestHost.Command, 0x406, 2);
        Assert.False(_host.Wires[1].Level);
        _host.Write(1, 0, 0, TestHost.Command, 6, 2);
        TestFunction other = new("other");
        _host.Complex.Root.Add(5, other);
        other.Wire(true);
        _function.Wire(false);
        Assert.True(_host.Wires[1].Level);
        other.Wire(false);
        Assert.All(_host.Wires, wire => Assert.False(wire.Level));
    }

    [Fact]
    public void A_function_level_reset_is_the_functions_own()
    {
        _host.Store(0, 9);
        _function.Wire(true);
        int express = _host.Find(0x10);
        Assert.Equal(1u << 28, _host.Read(1, 0, 0, express + 4) & (1 << 28));
        _host.Write(1, 0, 0, express + 8, 0x8000, 2);
        Assert.Equal(1, _function.Resets);
        Assert.Equal(0u, _host.Read(1, 0, 0, 0x10) & ~0xFu);
        Assert.Equal(0u, _host.Read(1, 0, 0, TestHost.Command, 2));
        Assert.Equal(0u, _host.Read(1, 0, 0, express + 8, 2) & 0x8000);
        Assert.False(_host.Wires[1].Level);
        Assert.Equal(0x01_01_00u, _host.Read(0, 1, 0, 0x18));
        _host.SetUp();
        Assert.Equal(0u, _host.Load(0));
    }

    [Fact]
    public void A_secondary_bus_reset_reaches_what_is_behind_the_port()
    {
        _host.Write(0, 1, 0, 0x3E, 0x40, 2);
        Assert.Equal(0, _function.Resets);
        _host.Write(0, 1, 0, 0x3E, 0, 2);
        Assert.Equal(1, _function.Resets);
    }

    [Fact]
    public void Extended_capabilities_are_a_list_and_a_register_block_is_somebody_elses()
    {
        Assert.Equal(0x0002_002Eu, _host.Read(1, 0, 0, 0x100) & 0xF_FFFF);
        int next = (int)(_host.Read(1, 0, 0, 0x100) >> 20);
        Assert.Equal(0x118, next);
        Assert.Equal(0x0001_000Fu, _host.Read(1, 0, 0, next));
        Assert.Equal(0x14u, _host.Read(1, 0, 0, 0x114));
        _host.Write(1, 0, 0, 0x110, 0xDEAD_BEEF);
        Assert.Equal([(0x10, 0xDEAD_BEEF)], _function.Written);
        _host.Write(1, 0, 0, next + 6, 0x8000, 2);
        Assert.True(_function.AddressTranslation);
        Assert.Equal(0x0001_000Du, _host.Read(0, 1, 0, 0x100)); // ACS of the port, the last
        _host.Write(0, 1, 0, 0x106, 0xFFFF, 2);
        Assert.Equal(0x1Fu, _host.Port.AccessControl.Control!.Value);
    }

    [Fact]
    public void Functions_of_a_device_say_that_they_are_several()
    {
        Assert.Equal(0u, _host.Read(0, 0, 0, 0x0E, 1));
        _host.Complex.Root.Add(0, new TestFunction(), number: 3);
        Assert.Equal(0x80u, _host.Read(0, 0, 0, 0x0E, 1));
        Assert.Equal(0x80u, _host.Read(0, 0, 3, 0x0E, 1));
        Assert.Equal(1u, _host.Read(0, 1, 0, 0x0E, 1));
        Assert.Throws<ArgumentException>(() => _host.Complex.Root.Add(0, new TestFunction(), number: 3));
        Assert.Throws<ArgumentException>(() => _host.Port.Insert(new TestFunction()));
    }

    [Fact]
    public void Bytes_of_registers_are_written_alone()
    {
        _host.Write(1, 0, 0, 0x3C, 0xAB, 1);
        Assert.Equal(0xABu, _host.Read(1, 0, 0, 0x3C, 1));
        Assert.Equal(0x01ABu, _host.Read(1, 0, 0, 0x3C, 2));
        _host.Write(1, 0, 0, 0x11, 0x80, 1);
        Assert.Equal(0x4010_8004u, _host.Read(1, 0, 0, 0x10));
        _host.Write(1, 0, 0, 0, 0); // identification is read-only
        Assert.Equal(0x1234_434Au, _host.Read(1, 0, 0, 0));
    }

    [Fact]
    public void The_node_is_that_of_the_generic_binding()
    {
        DeviceTreeNode bus = new("soc");
        DeviceTreeNode node = RootComplex.Describe(bus, (0x3000_0000, 0x1000_0000), (0x4000_0000, 0x4000_0000), (0x4_0000_0000, 0x4_0000_0000), 7, 9, [[32, 4], [33, 4], [34, 4], [35, 4]]);
        Assert.Equal(["pci-host-ecam-generic"], node.Strings("compatible"));
        Assert.Equal([7u], node.Cells("msi-parent"));
        Assert.Equal([0u, 255u], node.Cells("bus-range"));
        Assert.Equal(
            [0x0200_0000u, 0u, 0x4000_0000u, 0u, 0x4000_0000u, 0u, 0x4000_0000u, 0x0300_0000u, 4u, 0u, 4u, 0u, 4u, 0u], node.Cells("ranges"));
        uint[] map = node.Cells("interrupt-map");
        Assert.Equal(16 * 7, map.Length);
        Assert.Equal([0u, 0u, 0u, 1u, 9u, 32u, 4u], map[..7]);
        Assert.Equal([0x800u, 0u, 0u, 1u, 9u, 33u, 4u], map[28..35]);
        Assert.Equal([0x1800u, 0u, 0u, 4u, 9u, 34u, 4u], map[^7..]);
    }

    [Fact]
    public void Nothing_that_software_writes_throws()
    {
        ulong[] places = [0x0, 0x10_0000, 0x8000, 0x10_0010, 0x8020, 0x10_0004, 0x8004, 0x8040, 0x10_0040, 0x10_0048, 0x8018, 0x803E, 0x8058, 0x805A];
        BusAccess.Fuzz(_host.Complex.Ecam, 11, 40_000, places, random =>
        {
            ulong offset = (ulong)random.Next(0x20_0000);
            _host.Complex.Window("w", TestHost.LowWindow).TryWrite(offset & ~7UL, 4, (ulong)random.Next());
            _function.Signal(random.Next(4));
            _function.Wire(random.Next(2) == 0);
        });
    }

    private sealed class Refusing(IPcieUpstream next) : IPcieUpstream
    {
        public RequesterId? Refused { get; set; }

        public int Seen { get; private set; }

        public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination)
        {
            Seen++;
            return request.Requester != Refused && next.TryRead(request, address, destination);
        }

        public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source) =>
            request.Requester != Refused && next.TryWrite(request, address, source);
    }
}
