using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Spdm;

/// <summary>Responders that lie in their sessions, and requesters that do not believe them.</summary>
public sealed class LieTests
{
    [Theory]
    [InlineData(ResponderLieKind.Clear, 0, 0, SpdmFailure.Session)]
    [InlineData(ResponderLieKind.Session, 0, 1, SpdmFailure.Decryption)]
    [InlineData(ResponderLieKind.Session, 0, 0x10000, SpdmFailure.Decryption)]
    [InlineData(ResponderLieKind.Sequence, 0, 1, SpdmFailure.Decryption)]
    [InlineData(ResponderLieKind.Length, 0, 1, SpdmFailure.Decryption)]
    [InlineData(ResponderLieKind.Length, 0, -1, SpdmFailure.Malformed)]
    [InlineData(ResponderLieKind.RecordLength, 0, 1, SpdmFailure.Decryption)]
    [InlineData(ResponderLieKind.RecordLength, 0, -1, SpdmFailure.Decryption)]
    [InlineData(ResponderLieKind.Cut, 0, 1, SpdmFailure.Malformed)]
    [InlineData(ResponderLieKind.Add, 0, 1, SpdmFailure.Malformed)]
    [InlineData(ResponderLieKind.Error, 0, 1, SpdmFailure.PeerError)]
    [InlineData(ResponderLieKind.Flip, 0, 0x10, SpdmFailure.Unexpected)]
    [InlineData(ResponderLieKind.Flip, 11, 1, SpdmFailure.Unexpected)] // the protocol
    [InlineData(ResponderLieKind.Flip, 16, 1, SpdmFailure.Unexpected)] // FUNCTION_ID
    [InlineData(ResponderLieKind.Flip, 28, 4, SpdmFailure.Malformed)] // TDI_STATE
    public async Task An_answer_that_cannot_be_is_refused_whatever_keys_it_is_under(ResponderLieKind kind, int at, int value, SpdmFailure failure)
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();
        TdispRequester requester = new(session, TestDevice.FunctionId);
        Assert.Equal(TdispState.ConfigUnlocked, await requester.GetStateAsync());
        device.Responder.Lie = new ResponderLie(SpdmCode.VendorDefinedRequest, PciSigVendor.Tdisp, (byte)TdispCode.GetDeviceInterfaceState, kind, at, value);
        SpdmException e = await Assert.ThrowsAsync<SpdmException>(async () => await requester.GetStateAsync());
        Assert.Equal(failure, e.Failure);
        Assert.Equal(failure is not (SpdmFailure.Session or SpdmFailure.Decryption), session.IsOpen);
    }

    [Fact]
    public async Task A_lie_is_about_one_request_and_until_it_ends()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();
        TdispRequester requester = new(session, TestDevice.FunctionId);
        device.Responder.Lie = ResponderLie.Parse("254 1 133 flip 28 2");
        await requester.CheckVersionAsync();
        await session.HeartbeatAsync();
        Assert.Equal(TdispState.Run, await requester.GetStateAsync()); // it can be believed
        device.Responder.Lie = null;
        Assert.Equal(TdispState.ConfigUnlocked, await requester.GetStateAsync());
        Assert.Throws<FormatException>(() => ResponderLie.Parse("254 1 133 think 28 2"));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(1, 1)]
    public async Task After_a_wrong_acknowledgement_of_new_keys_there_is_no_session(int at, int value)
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();
        device.Responder.Lie = new ResponderLie(SpdmCode.KeyUpdate, 0, 0, ResponderLieKind.Flip, at, value);
        await Assert.ThrowsAsync<SpdmException>(async () => await session.UpdateKeysAsync());
        Assert.False(session.IsOpen);
    }

    [Fact]
    public async Task A_device_without_a_request_of_TDISP_is_none()
    {
        const int RequestsSupportedAt = 32;
        using TestDevice device = new();
        TdispRequester requester = new(await device.StartSessionAsync(), TestDevice.FunctionId);
        await requester.GetCapabilitiesAsync();
        device.Responder.Lie = new ResponderLie(SpdmCode.VendorDefinedRequest, PciSigVendor.Tdisp, (byte)TdispCode.GetCapabilities, ResponderLieKind.Flip, RequestsSupportedAt, 1 << 3);
        SpdmException e = await Assert.ThrowsAsync<SpdmException>(async () => await requester.GetCapabilitiesAsync());
        Assert.Equal(SpdmFailure.Unsupported, e.Failure);
    }
}
