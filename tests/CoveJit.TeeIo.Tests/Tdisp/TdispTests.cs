using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tdisp.Messages;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Tdisp;

/// <summary>An interface from CONFIG_UNLOCKED to RUN and back, and everything that must not happen on the way.</summary>
public sealed class TdispTests : IAsyncLifetime, IDisposable
{
    private readonly TestDevice _device = new();
    private SpdmRequester _requester = null!;
    private SpdmSession _session = null!;
    private TdispRequester _tdisp = null!;

    public async Task InitializeAsync()
    {
        _requester = await _device.ConnectAsync();
        _session = await _requester.StartSessionAsync();
        _tdisp = new TdispRequester(_session, TestDevice.FunctionId);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _requester.Dispose();
        _device.Dispose();
    }

    [Fact]
    public async Task An_interface_is_locked_looked_at_started_and_stopped()
    {
        await _tdisp.CheckVersionAsync();
        TdispCapabilities capabilities = await _tdisp.GetCapabilitiesAsync();
        byte[] nonce = await _tdisp.LockAsync(TdispLockFlags.LockMsix, streamId: 5);
        (TdispReport report, byte[] bytes) = await _tdisp.GetReportAsync();
        Assert.Equal(TdispState.ConfigLocked, await _tdisp.GetStateAsync());
        await _tdisp.StartAsync(nonce);
        Assert.Equal(TdispState.Run, await _tdisp.GetStateAsync());
        Assert.Equal(bytes, (await _tdisp.GetReportAsync()).Bytes);
        await _tdisp.StopAsync();

        Assert.Equal(TdispState.ConfigUnlocked, await _tdisp.GetStateAsync());
        Assert.Equal(["lock 5", "start", "stop"], _device.Function.Log);
        Assert.Equal(_device.Function.Report.MmioRanges, report.MmioRanges);
        Assert.Equal(0xFE, capabilities.RequestsSupported[0]);
        Assert.All(capabilities.RequestsSupported[1..], static b => Assert.Equal(0, b));
    }

    [Fact]
    public async Task A_large_report_comes_in_parts()
    {
        _device.Function.Report.DeviceSpecificInfo = [.. Enumerable.Range(0, 3000).Select(static i => (byte)i)];
        await _tdisp.LockAsync(TdispLockFlags.None, 0);

        Assert.Equal(_device.Function.Report.DeviceSpecificInfo, (await _tdisp.GetReportAsync()).Report.DeviceSpecificInfo);
    }

    [Fact]
    public async Task Requests_out_of_order_are_refused()
    {
        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await _tdisp.StartAsync(new byte[32]));
        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await _tdisp.GetReportAsync());
        byte[] nonce = await _tdisp.LockAsync(TdispLockFlags.None, 0);
        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await _tdisp.LockAsync(TdispLockFlags.None, 0));
        await _tdisp.StartAsync(nonce);
        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await _tdisp.StartAsync(nonce));
        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await _tdisp.LockAsync(TdispLockFlags.None, 0));
    }

    [Fact]
    public async Task Only_the_nonce_of_the_last_lock_starts_the_interface()
    {
        byte[] old = await _tdisp.LockAsync(TdispLockFlags.None, 0);
        await _tdisp.StopAsync();
        byte[] nonce = await _tdisp.LockAsync(TdispLockFlags.None, 0);

        await FailsAsync(TdispErrorCode.InvalidNonce, async () => await _tdisp.StartAsync(old));
        await FailsAsync(TdispErrorCode.InvalidNonce, async () => await _tdisp.StartAsync(new byte[32]));
        await _tdisp.StartAsync(nonce);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_change_of_the_configuration_leads_to_ERROR_and_only_stop_leads_out(bool running)
    {
        byte[] nonce = await _tdisp.LockAsync(TdispLockFlags.None, 0);
        if (running)
        {
            await _tdisp.StartAsync(nonce);
        }

        _device.Interface.Fail();

        Assert.Equal(TdispState.Error, await _tdisp.GetStateAsync());
        Assert.Equal("error", _device.Function.Log[^1]);
        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await _tdisp.StartAsync(nonce));
        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await _tdisp.LockAsync(TdispLockFlags.None, 0));
        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await _tdisp.GetReportAsync());
        await _tdisp.StopAsync();
        Assert.Equal("stop", _device.Function.Log[^1]);
        await _tdisp.LockAsync(TdispLockFlags.None, 0);
    }

    [Fact]
    public void A_change_of_the_configuration_while_unlocked_is_nobodys_business()
    {
        _device.Interface.Fail();

        Assert.Equal(TdispState.ConfigUnlocked, _device.Interface.State);
        Assert.Empty(_device.Function.Log);
    }

    [Fact]
    public async Task Another_session_can_neither_start_nor_stop_what_it_did_not_lock()
    {
        byte[] nonce = await _tdisp.LockAsync(TdispLockFlags.None, 0);
        TdispRequester other = new(await _requester.StartSessionAsync(), TestDevice.FunctionId);

        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await other.StartAsync(nonce));
        await FailsAsync(TdispErrorCode.InvalidInterfaceState, async () => await other.StopAsync());
        await _tdisp.StartAsync(nonce);
    }

    [Fact]
    public async Task The_end_of_the_session_leads_to_ERROR_and_another_session_may_clean_up()
    {
        await _tdisp.StartAsync(await _tdisp.LockAsync(TdispLockFlags.None, 0));

        await _session.EndAsync();

        Assert.Equal(TdispState.Error, _device.Interface.State);
        TdispRequester other = new(await _requester.StartSessionAsync(), TestDevice.FunctionId);
        await other.StopAsync();
        Assert.Equal(TdispState.ConfigUnlocked, _device.Interface.State);
    }

    [Fact]
    public async Task A_device_may_refuse_to_be_locked()
    {
        _device.Function.LockResult = TdispErrorCode.InvalidDeviceConfiguration;

        await FailsAsync(TdispErrorCode.InvalidDeviceConfiguration, async () => await _tdisp.LockAsync(TdispLockFlags.None, 0));
        Assert.Equal(TdispState.ConfigUnlocked, _device.Interface.State);
    }

    [Fact]
    public async Task Unknown_interfaces_flags_versions_and_requests_are_refused()
    {
        TdispRequester elsewhere = new(_session, 0x999);
        await FailsAsync(TdispErrorCode.InvalidInterface, async () => await elsewhere.GetStateAsync());
        await FailsAsync(TdispErrorCode.InvalidRequest, async () => await _tdisp.LockAsync(TdispLockFlags.BindP2p, 0));

        Assert.Equal(TdispErrorCode.UnsupportedRequest, await RefusedAsync(new TdispBindP2pStream().Encode()));
        Assert.Equal(TdispErrorCode.UnsupportedRequest, await RefusedAsync(new TdispVersion().Encode()));
        Assert.Equal(TdispErrorCode.VersionMismatch, await RefusedAsync(new TdispGetState { Version = 0x20 }.Encode()));
        Assert.Equal(TdispErrorCode.InvalidRequest, await RefusedAsync([.. new TdispGetState().Encode(), 0]));
    }

    private static async Task FailsAsync(TdispErrorCode expected, Func<Task> action) =>
        Assert.Equal(expected, (await Assert.ThrowsAsync<TdispException>(action)).Error);

    private async Task<TdispErrorCode> RefusedAsync(byte[] request)
    {
        byte[] answer = await _session.SendVendorAsync(3, [1, 0], [1, .. request]);
        Assert.True(TdispMessage.TryDecode(answer.AsMemory(1), out TdispMessage? message, out _));
        return Assert.IsType<TdispError>(message).ErrorCode;
    }
}
