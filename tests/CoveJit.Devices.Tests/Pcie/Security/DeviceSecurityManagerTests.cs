using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tdisp;

namespace CoveJit.Devices.Tests.Pcie.Security;

/// <summary>A TEE device interface from its mailbox to its DMA: what leads to RUN, and what leads out of it.</summary>
public sealed class DeviceSecurityManagerTests : IDisposable
{
    private const ulong Buffer = 0x8000_1000;

    private readonly TeeWorld _world = new();

    private TestHost Host => _world.Host;

    private TdispState State => _world.Manager.State;

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task A_session_through_the_mailbox_locks_starts_and_stops_the_interface()
    {
        (TdispRequester requester, byte[] nonce) = await _world.LockAsync();
        Assert.Equal(TdispState.ConfigLocked, State);
        Assert.False(_world.Function.Dma.Trusted);

        (TdispReport report, _) = await requester.GetReportAsync();
        Assert.Equal(
            [
                new TdispMmioRange(TestHost.Bar >> 12, 1, TdispMmioAttributes.None, 0),
                new TdispMmioRange((TestHost.Bar >> 12) + 1, 1, TdispMmioAttributes.MsixTable, 0),
                new TdispMmioRange((TestHost.Bar >> 12) + 2, 1, TdispMmioAttributes.MsixPendingBits, 0),
                new TdispMmioRange((TestHost.Bar >> 12) + 3, 1, TdispMmioAttributes.None, 0),
            ],
            report.MmioRanges);

        await requester.StartAsync(nonce);
        Assert.Equal(TdispState.Run, await requester.GetStateAsync());
        Assert.True(_world.Function.Dma.Trusted);

        int resets = _world.Function.Resets;
        await requester.StopAsync();
        Assert.Equal(TdispState.ConfigUnlocked, State);
        Assert.False(_world.Function.Dma.Trusted);
        Assert.Equal(resets + 1, _world.Function.Resets); // what the TEE left is gone
    }

    [Fact]
    public async Task Without_a_secure_stream_of_the_same_session_nothing_is_locked()
    {
        SpdmSession session = await _world.StartSessionAsync();
        TdispRequester requester = new(session, TeeWorld.FunctionId);
        await Assert.ThrowsAsync<TdispException>(async () => await requester.LockAsync(TdispLockFlags.None, TeeWorld.Stream));
        await _world.EstablishStreamAsync(session);
        await Assert.ThrowsAsync<TdispException>(async () => await requester.LockAsync(TdispLockFlags.None, TeeWorld.Stream + 1));
        TdispRequester nobody = new(session, TeeWorld.FunctionId + 1);
        await Assert.ThrowsAsync<TdispException>(async () => await nobody.LockAsync(TdispLockFlags.None, TeeWorld.Stream));
        await requester.LockAsync(TdispLockFlags.None, TeeWorld.Stream);
        Assert.Equal(TdispState.ConfigLocked, State);
    }

    [Theory]
    [InlineData(0x10, 4, 0x4018_0000u)] // the base address
    [InlineData(0x04, 2, 0x0004u)] // Memory Space Enable
    [InlineData(0x04, 2, 0x0002u)] // Bus Master Enable
    public async Task A_change_of_what_is_locked_leads_from_RUN_to_ERROR(int register, int size, uint value)
    {
        TdispRequester requester = await _world.RunAsync();
        uint before = Host.Read(1, 0, 0, register, size);
        Host.Write(1, 0, 0, register, before, size); // the same value is no change
        Assert.Equal(TdispState.Run, State);
        Host.Write(1, 0, 0, register, value, size);
        Assert.Equal(TdispState.Error, State);
        Host.Write(1, 0, 0, register, before, size); // too late
        Assert.Equal(TdispState.Error, await requester.GetStateAsync());
        Assert.False(_world.Function.Dma.Trusted);
        Assert.False(_world.Function.Dma.TryRead(Buffer, new byte[4]));
        await requester.StopAsync();
        Assert.True(_world.Function.Dma.TryRead(Buffer, new byte[4]));
    }

    [Fact]
    public async Task Interrupt_messages_are_locked_if_that_was_asked_for()
    {
        await _world.LockAsync(TdispLockFlags.LockMsix);
        Host.Store(TestFunction.MsixTable, 0x1234_0000, 8);
        Assert.Equal(TdispState.Error, State);

        using TeeWorld other = new();
        await other.LockAsync(TdispLockFlags.None);
        other.Host.Store(TestFunction.MsixTable, 0x1234_0000, 8);
        Assert.Equal(TdispState.ConfigLocked, other.Manager.State);
    }

    [Fact]
    public async Task A_reset_the_end_of_the_session_and_the_loss_of_the_stream_lead_to_ERROR()
    {
        await _world.RunAsync();
        Host.Write(1, 0, 0, Host.Find(0x10) + 8, 0x8000, 2); // function-level reset
        Assert.Equal(TdispState.Error, State);

        using TeeWorld second = new();
        SpdmSession session = await second.StartSessionAsync();
        await second.EstablishStreamAsync(session);
        await new TdispRequester(session, TeeWorld.FunctionId).LockAsync(TdispLockFlags.None, TeeWorld.Stream);
        await session.EndAsync();
        Assert.Equal(TdispState.Error, second.Manager.State);

        using TeeWorld third = new();
        await third.RunAsync();
        third.Host.Write(1, 0, 0, third.DeviceIde + IdePort.ControlOffset, (uint)TeeWorld.Stream << 24);
        Assert.Equal(TdispState.Error, third.Manager.State);
    }

    [Fact]
    public async Task In_RUN_and_ERROR_the_functions_memory_answers_nobody_untrusted()
    {
        Host.Store(0, 0x1234_5678);
        await _world.RunAsync();
        Assert.Equal(0xFFFF_FFFFUL, Host.Load(0));
        Host.Store(0, 0);
        Host.Write(1, 0, 0, 4, 2, 2);
        Assert.Equal(TdispState.Error, State);
        Assert.Equal(0xFFFF_FFFFUL, Host.Load(0));
    }

    [Fact]
    public async Task Only_requests_in_RUN_carry_the_T_bit()
    {
        Host.Write(1, 0, 0, Host.Find(0x11) + 2, 0x8000, 2);
        Host.Store(TestFunction.MsixTable, TestHost.Messages, 8);
        Host.Store(TestFunction.MsixTable + 8, 100);
        Host.Store(TestFunction.MsixTable + 12, 0);
        _world.Function.Signal(0);
        (TdispRequester requester, byte[] nonce) = await _world.LockAsync();
        _world.Function.Signal(0);
        await requester.StartAsync(nonce);
        _world.Function.Signal(0);
        Assert.Equal([false, false, true], Host.Sent.Select(message => message.Request.Trusted));
    }

    [Fact]
    public async Task Keys_of_one_session_are_not_anothers()
    {
        SpdmSession first = await _world.StartSessionAsync("one");
        await _world.EstablishStreamAsync(first);
        Assert.Equal(2u, _world.DeviceStatus & 0xF);
        IdeKeyId id = new(TeeWorld.Stream, 1, IdeDirection.Receive, IdeSubStream.Posted);
        Assert.Equal(IdeKeyStatus.Success, await new IdeKmRequester(first).ProgramAsync(0, id, new IdeKey(new byte[32], new byte[8])));
        IdeKmQueryResponse query = await new IdeKmRequester(first).QueryAsync(0);
        Assert.Equal((byte)1, query.Bus);
        await first.EndAsync();
        Assert.Equal(0u, _world.DeviceStatus & 0xF);
    }

    // TDISP has no message for it: the host learns of ERROR where it looks for any function's errors.
    [Theory]
    [InlineData("base address")]
    [InlineData("reset")]
    [InlineData("link")]
    [InlineData("session")]
    public async Task ERROR_is_a_fatal_error_in_Device_Status(string cause)
    {
        const int DeviceStatus = 0x0A;
        const uint Fatal = 1 << 2;
        int express = (int)Host.Read(1, 0, 0, 0x34, 1);
        while (Host.Read(1, 0, 0, express, 1) != 0x10)
        {
            express = (int)Host.Read(1, 0, 0, express + 1, 1);
        }

        SpdmSession session = await _world.StartSessionAsync();
        await _world.EstablishStreamAsync(session);
        TdispRequester requester = new(session, TeeWorld.FunctionId);
        await requester.StartAsync(await requester.LockAsync(TdispLockFlags.None, TeeWorld.Stream));
        Assert.Equal(0u, Host.Read(1, 0, 0, express + DeviceStatus, 2));
        switch (cause)
        {
            case "base address":
                Host.Write(1, 0, 0, 0x10, (uint)TestHost.Bar + 0x8000);
                break;
            case "reset":
                _world.Function.Reset();
                break;
            case "link":
                lock (_world.Manager.Port.Gate)
                {
                    _world.Manager.Port.Stream.Fail();
                }

                break;
            default:
                await session.EndAsync();
                break;
        }

        Assert.Equal(Fatal, Host.Read(1, 0, 0, express + DeviceStatus, 2));
        Assert.Equal(TdispState.Error, State);
        Host.Write(1, 0, 0, express + DeviceStatus, Fatal, 2);
        Assert.Equal(0u, Host.Read(1, 0, 0, express + DeviceStatus, 2));
        _world.Function.Reset(); // and is in ERROR still
        Assert.Equal(Fatal, Host.Read(1, 0, 0, express + DeviceStatus, 2));
    }
}
