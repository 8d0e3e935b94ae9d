using CoveJit.Devices.Pcie;

namespace CoveJit.Devices.Tests.Pcie;

public sealed class HotPlugTests
{
    private const int Capabilities = 0x14, Control = 0x18, Status = 0x1A, LinkStatus = 0x12;
    private const uint AttentionPressed = 1, PresenceChanged = 8, CommandCompleted = 0x10, Present = 0x40, LinkChanged = 0x100, LinkActive = 0x2000;
    private const uint PowerOff = 0x400, EnableAll = 0x1039; // attention, presence, command completed, interrupt, link

    private readonly TestHost _host = new();
    private readonly TestFunction _function = new();
    private readonly int _express;

    public HotPlugTests()
    {
        _express = _host.Find(0x10, bus: 0, device: 1);

        // MSI: identity 50.
        int msi = _host.Find(0x05, bus: 0, device: 1);
        _host.Write(0, 1, 0, msi + 4, (uint)TestHost.Messages);
        _host.Write(0, 1, 0, msi + 12, 50, 2);
        _host.Write(0, 1, 0, msi + 2, 1, 2);
    }

    [Fact]
    public void What_is_there_at_boot_is_no_event()
    {
        TestHost host = new(_function);
        Assert.Equal(Present, host.Read(0, 1, 0, _express + Status, 2));
        Assert.Equal(LinkActive, host.Read(0, 1, 0, _express + LinkStatus, 2) & LinkActive);
        Assert.Equal(0x7Bu | (1 << 19), host.Read(0, 1, 0, _express + Capabilities));
    }

    [Fact]
    public void Plugging_in_is_told_and_the_function_is_there()
    {
        Assert.Equal(uint.MaxValue, _host.Read(1, 0, 0, 0));
        Enable();
        _host.Port.Plug(_function);
        Assert.Equal([50u], _host.TakeMessages());
        Assert.Equal(Present | PresenceChanged | LinkChanged, Slot);
        Assert.Equal(0x1234_434Au, _host.Read(1, 0, 0, 0));
        Clear();
        Assert.Equal(Present, Slot);
        Assert.Empty(_host.Sent);
    }

    [Fact]
    public void A_command_is_completed_at_once()
    {
        _host.Write(0, 1, 0, _express + Control, 0x3C0 | 0x30, 2);
        Assert.Equal(CommandCompleted, Slot);
        Assert.Equal([50u], _host.TakeMessages());
    }

    [Fact]
    public void Removal_that_was_asked_for_ends_when_power_is_off()
    {
        PcieFunction? removed = null;
        _host.Port.Removed = function => removed = function;
        _host.Port.Plug(_function);
        Enable();
        _host.Port.RequestRemoval();
        Assert.Equal([50u], _host.TakeMessages());
        Assert.Equal(Present | AttentionPressed, Slot);
        Assert.Null(removed);
        Assert.Equal(0x1234_434Au, _host.Read(1, 0, 0, 0));
        _host.Write(0, 1, 0, _express + Control, PowerOff | EnableAll, 2);
        Assert.Same(_function, removed);
        Assert.Null(_function.Bus);
        Assert.Equal(uint.MaxValue, _host.Read(1, 0, 0, 0));
        Assert.Equal(0u, Slot & Present);
        Assert.Equal(PresenceChanged, Slot & PresenceChanged);

        // The slot takes another device.
        Clear();
        _host.Write(0, 1, 0, _express + Control, EnableAll, 2);
        _host.Port.Plug(new TestFunction());
        Assert.Equal(0x1234_434Au, _host.Read(1, 0, 0, 0));
    }

    [Fact]
    public void Pulling_is_told_and_the_functions_requests_go_nowhere()
    {
        _host.Port.Plug(_function);
        _host.SetUp();
        Enable();
        _function.Wire(true);
        Assert.True(_host.Wires[1].Level);
        Span<byte> bytes = stackalloc byte[4];
        Assert.True(_function.Dma.TryRead(Virtio.FakeRam.Base, bytes));
        _host.Port.Pull();
        Assert.False(_function.Dma.TryRead(Virtio.FakeRam.Base, bytes));
        Assert.False(_host.Wires[1].Level);
        Assert.Equal(PresenceChanged | LinkChanged, Slot);
        Assert.Equal([50u], _host.TakeMessages());
        Assert.Equal(uint.MaxValue, _host.Load(0));
        _host.Port.Pull(); // nothing is left
        Assert.Empty(_host.Sent);
    }

    [Fact]
    public void Power_off_hides_what_is_in_the_slot_and_resets_it()
    {
        _host.Port.Plug(_function);
        int resets = _function.Resets;
        _host.Write(0, 1, 0, _express + Control, PowerOff, 2);
        Assert.Equal(uint.MaxValue, _host.Read(1, 0, 0, 0));
        Assert.Equal(resets + 1, _function.Resets);
        Assert.Equal(0u, _host.Read(0, 1, 0, _express + LinkStatus, 2) & LinkActive);
        Assert.Equal(Present, Slot & Present);
        _host.Write(0, 1, 0, _express + Control, 0, 2);
        Assert.Equal(0x1234_434Au, _host.Read(1, 0, 0, 0));
    }

    private uint Slot => _host.Read(0, 1, 0, _express + Status, 2);

    private void Enable()
    {
        _host.Write(0, 1, 0, _express + Control, EnableAll, 2);
        Clear();
    }

    private void Clear()
    {
        _host.Write(0, 1, 0, _express + Status, 0x11F, 2);
        _host.Sent.Clear();
    }
}
