namespace CoveJit.Devices.Tests.Pcie;

public sealed class MessageTests
{
    private readonly TestFunction _function = new();
    private readonly TestHost _host;

    public MessageTests() => _host = new TestHost(_function);

    [Fact]
    public void A_message_is_a_write_and_one_that_is_masked_waits()
    {
        Assert.False(_function.Signal(0));
        _host.EnableMsix(TestFunction.MsixTable, 3);
        Assert.True(_function.Signal(1));
        Assert.Equal([101u], _host.TakeMessages());
        _host.Store(TestFunction.MsixTable + 28, 1);
        _function.Signal(1);
        Assert.Empty(_host.Sent);
        Assert.Equal(2u, _host.Load(TestFunction.MsixTable + 0x1000));
        _host.Store(TestFunction.MsixTable + 28, 0);
        Assert.Equal([101u], _host.TakeMessages());
        Assert.Equal(0u, _host.Load(TestFunction.MsixTable + 0x1000));
    }

    [Fact]
    public void The_function_mask_holds_all_messages()
    {
        _host.EnableMsix(TestFunction.MsixTable, 3);
        int msix = _host.Find(0x11);
        Assert.Equal(2u, _host.Read(1, 0, 0, msix + 2, 2) & 0x7FF);
        Assert.Equal(0x1000u, _host.Read(1, 0, 0, msix + 4));
        Assert.Equal(0x2000u, _host.Read(1, 0, 0, msix + 8));
        _host.Write(1, 0, 0, msix + 2, 0xC000, 2);
        _function.Signal(0);
        _function.Signal(2);
        Assert.Empty(_host.Sent);
        _host.Write(1, 0, 0, msix + 2, 0x8000, 2);
        Assert.Equal([100u, 102u], _host.TakeMessages());
    }

    [Fact]
    public void Enabling_messages_lets_the_wire_rest()
    {
        _function.Wire(true);
        Assert.True(_host.Wires[1].Level);
        _host.EnableMsix(TestFunction.MsixTable, 3);
        Assert.False(_host.Wires[1].Level);
        _host.Write(1, 0, 0, _host.Find(0x11) + 2, 0, 2);
        Assert.True(_host.Wires[1].Level);
    }

    [Fact]
    public void No_message_leaves_a_function_that_is_no_bus_master()
    {
        _host.EnableMsix(TestFunction.MsixTable, 3);
        _host.Write(1, 0, 0, TestHost.Command, 2, 2);
        _function.Signal(0);
        Assert.Empty(_host.Sent);
    }

    [Fact]
    public void Messages_that_do_not_exist_and_odd_writes_do_nothing()
    {
        _host.EnableMsix(TestFunction.MsixTable, 3);
        _function.Signal(3);
        _function.Signal(-1);
        _host.Store(TestFunction.MsixTable + 48, 5);
        _host.Store(TestFunction.MsixTable, 0xFF, 1);
        _host.Store(TestFunction.MsixTable + 0x1000, ulong.MaxValue, 8);
        Assert.Equal(0u, _host.Load(TestFunction.MsixTable + 48));
        Assert.Equal(TestHost.Messages, _host.Load(TestFunction.MsixTable, 8));
        Assert.Equal(0u, _host.Load(TestFunction.MsixTable + 0x1000, 8));
        Assert.Empty(_host.Sent);
    }
}
