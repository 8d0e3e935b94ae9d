using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Ide;

/// <summary>Keys on their way into a device.</summary>
public sealed class IdeKmTests
{
    private static readonly IdeKeyId Id = new(3, 1, IdeDirection.Transmit, IdeSubStream.NonPosted);

    [Fact]
    public async Task Keys_are_programmed_used_and_stopped()
    {
        using TestDevice device = new();
        IdeKmRequester ide = new(await device.StartSessionAsync());
        IdeKey key = new([.. Enumerable.Range(0, 32).Select(static i => (byte)i)], [0, 0, 0, 0, 0, 0, 0, 1]);

        Assert.Equal(1, (await ide.QueryAsync(0)).Bus);
        Assert.Equal(IdeKeyStatus.Success, await ide.ProgramAsync(0, Id, key));
        Assert.Equal(IdeKeyState.Programmed, device.Keys.StateOf(Id));
        await ide.GoAsync(0, Id);
        Assert.Equal(IdeKeyState.Enabled, device.Keys.StateOf(Id));
        Assert.True(device.Keys.TryGetEnabled(Id, out IdeKey? programmed));
        Assert.True(key.Matches(programmed));
        Assert.Equal(IdeKeyStatus.UnspecifiedFailure, await ide.ProgramAsync(0, Id, key));
        await ide.StopAsync(0, Id);
        Assert.Equal(IdeKeyState.Programmed, device.Keys.StateOf(Id));
        Assert.False(device.Keys.TryGetEnabled(Id, out _));
    }

    [Fact]
    public async Task What_cannot_be_done_is_refused()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();
        IdeKmRequester ide = new(session);
        IdeKey key = new(new byte[32], new byte[8]);

        await RefusedAsync(async () => await ide.GoAsync(0, Id));
        await RefusedAsync(async () => await ide.StopAsync(0, Id));
        await RefusedAsync(async () => await ide.QueryAsync(7));
        Assert.Equal(IdeKeyStatus.UnsupportedPortIndex, await ide.ProgramAsync(7, Id, key));
        byte[] tooShort = new IdeKmKeyProgram { Key = Id, KeyBytes = new byte[32], Ifv = new byte[8] }.Encode()[..^1];
        byte[] answer = await session.SendVendorAsync(3, [1, 0], [0, .. tooShort]);
        Assert.True(IdeKmMessage.TryDecode(answer.AsMemory(1), out IdeKmMessage? ack, out _));
        Assert.Equal(IdeKeyStatus.IncorrectLength, Assert.IsType<IdeKmKeyProgramAck>(ack).Status);
    }

    [Fact]
    public async Task A_streams_keys_belong_to_the_session_that_brought_them_and_go_with_it()
    {
        using TestDevice device = new();
        using SpdmRequester requester = await device.ConnectAsync();
        SpdmSession session = await requester.StartSessionAsync();
        IdeKmRequester owner = new(session);
        IdeKmRequester other = new(await requester.StartSessionAsync());
        IdeKey key = new(new byte[32], new byte[8]);
        await owner.ProgramAsync(0, Id, key);

        await RefusedAsync(async () => await other.GoAsync(0, Id));
        Assert.Equal(IdeKeyStatus.UnspecifiedFailure, await other.ProgramAsync(0, Id, key));
        await owner.GoAsync(0, Id);
        await session.EndAsync();
        Assert.Equal(IdeKeyState.Cleared, device.Keys.StateOf(Id));
        Assert.Equal(IdeKeyStatus.Success, await other.ProgramAsync(0, Id, key));
    }

    private static async Task RefusedAsync(Func<Task> action) =>
        Assert.Equal(SpdmErrorCode.InvalidRequest, (await Assert.ThrowsAsync<SpdmException>(action)).Error);
}
