using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.TeeIo.Tests.Fuzzing;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Spdm;

/// <summary>What a responder answers to requests that are wrong, too early, or inconvenient.</summary>
public sealed class ResponderTests
{
    [Fact]
    public void Requests_before_the_negotiation_or_out_of_its_order_are_unexpected()
    {
        using TestDevice device = new();

        Assert.Equal(SpdmErrorCode.UnexpectedRequest, Refused(device, new GetDigests()));
        Assert.Equal(SpdmErrorCode.UnexpectedRequest, Refused(device, new GetCapabilities()));
        Send(device, new GetVersion());
        Assert.Equal(SpdmErrorCode.UnexpectedRequest, Refused(device, new NegotiateAlgorithms()));
        Send(device, new GetCapabilities());
        Assert.Equal(SpdmErrorCode.UnexpectedRequest, Refused(device, new GetCapabilities()));
        Assert.Equal(SpdmErrorCode.UnexpectedRequest, Refused(device, new GetDigests()));
    }

    [Fact]
    public async Task What_is_not_supported_says_so_with_its_code()
    {
        using TestDevice device = new();
        using SpdmRequester requester = await device.ConnectAsync();
        foreach (SpdmCode code in new[] { SpdmCode.ChunkSend, SpdmCode.ChunkGet, SpdmCode.PskExchange, SpdmCode.PskFinish, SpdmCode.GetEncapsulatedRequest, SpdmCode.DeliverEncapsulatedResponse, SpdmCode.Digests, (SpdmCode)0xED })
        {
            ErrorResponse error = Assert.IsType<ErrorResponse>(Send(device, [0x12, (byte)code, 0, 0]));
            Assert.Equal(SpdmErrorCode.UnsupportedRequest, error.ErrorCode);
            Assert.Equal((byte)code, error.ErrorData);
        }
    }

    [Fact]
    public async Task Another_version_is_a_mismatch()
    {
        using TestDevice device = new();
        using SpdmRequester requester = await device.ConnectAsync();

        Assert.Equal(SpdmErrorCode.VersionMismatch, Refused(device, new GetDigests { Version = 0x11 }));
        Assert.Equal(SpdmErrorCode.VersionMismatch, Refused(device, new GetVersion { Version = 0x12 }));
        Send(device, new GetVersion());
        Assert.Equal(SpdmMessage.Version10, Send(device, new GetDigests()).Version);
    }

    [Fact]
    public async Task Requests_of_sessions_do_not_work_in_the_clear_nor_the_other_way_round()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();

        foreach (SpdmMessage request in new SpdmMessage[] { new Heartbeat(), new KeyUpdate(), new EndSession() })
        {
            Assert.Equal(SpdmErrorCode.UnexpectedRequest, Refused(device, request));
        }

        VendorDefinedRequest vendor = new() { StandardId = PciSigVendor.StandardId, VendorId = PciSigVendor.VendorId.ToArray(), Payload = [PciSigVendor.Tdisp] };
        Assert.Equal(SpdmErrorCode.SessionRequired, Refused(device, vendor));
        await session.HeartbeatAsync();
    }

    [Fact]
    public async Task Unknown_vendors_and_protocols_are_refused_and_the_session_goes_on()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();

        Assert.Equal(SpdmErrorCode.UnsupportedRequest, (await Assert.ThrowsAsync<SpdmException>(async () => await session.SendVendorAsync(3, [0x98, 0x1E], [0]))).Error);
        Assert.Equal(SpdmErrorCode.InvalidRequest, (await Assert.ThrowsAsync<SpdmException>(async () => await session.SendVendorAsync(3, [1, 0], [9, 9]))).Error);
        Assert.Equal(SpdmErrorCode.InvalidRequest, (await Assert.ThrowsAsync<SpdmException>(async () => await session.SendVendorAsync(3, [1, 0], []))).Error);
        await session.HeartbeatAsync();
    }

    [Fact]
    public async Task A_request_that_takes_time_is_answered_when_it_is_asked_for_again()
    {
        int asked = 0;
        using TestDevice device = new(o => o with { IsNotReady = _ => ++asked % 3 != 0 });
        using SpdmRequester requester = device.CreateRequester();
        await requester.ConnectAsync();
        await requester.GetDigestsAsync();
        await requester.GetCertificateAsync();
        await requester.ChallengeAsync();
        SpdmSession session = await requester.StartSessionAsync();
        await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true, session: session);
        await session.EndAsync();

        Assert.NotEmpty(device.Transport.Waits);
        Assert.All(device.Transport.Waits, w => Assert.InRange(w, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(2)));
    }

    [Fact]
    public async Task A_responder_that_is_never_ready_is_given_up()
    {
        using TestDevice device = new(o => o with { IsNotReady = static _ => true });
        using SpdmRequester requester = device.CreateRequester(static o => o with { MaxRetries = 3 });
        await requester.ConnectAsync();

        SpdmException failure = await Assert.ThrowsAsync<SpdmException>(async () => await requester.GetDigestsAsync());

        Assert.Equal(SpdmErrorCode.ResponseNotReady, failure.Error);
        Assert.Equal(3, device.Transport.Waits.Count);
    }

    [Fact]
    public async Task A_token_is_good_for_its_request_only()
    {
        using TestDevice device = new(o => o with { IsNotReady = static _ => true });
        using SpdmRequester requester = device.CreateRequester();
        await requester.ConnectAsync();
        ErrorResponse notReady = Assert.IsType<ErrorResponse>(Send(device, new GetDigests()));

        Assert.Equal(SpdmErrorCode.UnexpectedRequest, Refused(device, new RespondIfReady { RequestCode = SpdmCode.GetDigests, Token = (byte)(notReady.NotReady.Token + 1) }));
        Assert.Equal(SpdmErrorCode.UnexpectedRequest, Refused(device, new RespondIfReady { RequestCode = SpdmCode.Challenge, Token = notReady.NotReady.Token }));
        Assert.Equal(SpdmErrorCode.ResponseNotReady, Refused(device, new RespondIfReady { RequestCode = SpdmCode.GetDigests, Token = notReady.NotReady.Token }));
    }

    [Fact]
    public async Task There_are_no_more_sessions_than_the_device_can_hold()
    {
        using TestDevice device = new(o => o with { MaxSessions = 2 });
        using SpdmRequester requester = await device.ConnectAsync();
        SpdmSession first = await requester.StartSessionAsync();
        await requester.StartSessionAsync();

        Assert.Equal(SpdmErrorCode.SessionLimitExceeded, (await Assert.ThrowsAsync<SpdmException>(async () => await requester.StartSessionAsync())).Error);
        await first.EndAsync();
        await requester.StartSessionAsync();
    }

    [Fact]
    public async Task A_session_without_heartbeat_ends_after_twice_the_period()
    {
        using TestDevice device = new(o => o with { HeartbeatPeriod = 5 });
        SpdmSession session = await device.StartSessionAsync();
        Assert.Equal(TimeSpan.FromSeconds(5), session.HeartbeatPeriod);

        device.Clock.Advance(TimeSpan.FromSeconds(9));
        await session.HeartbeatAsync();
        device.Clock.Advance(TimeSpan.FromSeconds(9));
        await session.HeartbeatAsync();
        device.Clock.Advance(TimeSpan.FromSeconds(11));
        await Assert.ThrowsAsync<SpdmException>(async () => await session.HeartbeatAsync());
        Assert.Equal(0, device.Responder.SessionCount);
    }

    [Fact]
    public async Task Starting_over_ends_all_sessions()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();

        Send(device, new GetVersion());

        Assert.Equal(0, device.Responder.SessionCount);
        await Assert.ThrowsAsync<SpdmException>(async () => await session.HeartbeatAsync());
    }

    [Fact]
    public async Task Keys_that_have_protected_enough_must_be_updated()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync(static o => o with { MaxRecords = 3 });
        await session.HeartbeatAsync();
        await session.HeartbeatAsync();
        await session.HeartbeatAsync();

        Assert.Equal(SpdmFailure.KeyUpdateRequired, (await Assert.ThrowsAsync<SpdmException>(async () => await session.HeartbeatAsync())).Failure);
        await session.UpdateKeysAsync();
        await session.HeartbeatAsync();
    }

    [Fact]
    public async Task Responses_fit_what_the_requester_takes()
    {
        using TestDevice device = new();
        using SpdmRequester requester = device.CreateRequester(static o => o with { DataTransferSize = 200 });
        await requester.ConnectAsync();
        await requester.GetCertificateAsync();

        // The header, two lengths, and what is left for the portion.
        Assert.Contains(device.Transport.Responses, r => r.Length == DataObject.HeaderSize + 200);
        Assert.Equal(SpdmErrorCode.ResponseTooLarge, (await Assert.ThrowsAsync<SpdmException>(async () => await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true))).Error);
    }

    [Fact]
    public void A_request_that_is_too_large_is_refused()
    {
        using TestDevice device = new(o => o with { DataTransferSize = 64 });

        ErrorResponse error = Assert.IsType<ErrorResponse>(Send(device, [0x10, 0x84, .. new byte[80]]));
        Assert.Equal(SpdmErrorCode.RequestTooLarge, error.ErrorCode);
    }

    [Fact]
    public async Task What_was_not_measured_is_refused_and_the_number_of_measurements_is_told()
    {
        using TestDevice device = new();
        using SpdmRequester requester = await device.ConnectAsync();

        MeasurementsResponse count = await requester.GetMeasurementsAsync(GetMeasurements.CountOnly, signed: false);
        Assert.Equal((4, 0), (count.TotalCount, count.Blocks.Count));
        MeasurementsResponse raw = await requester.GetMeasurementsAsync(2, signed: false, raw: true);
        Assert.Equal("firmware"u8.ToArray(), Assert.Single(raw.Blocks).Value);
        Assert.Equal(SpdmErrorCode.InvalidRequest, (await Assert.ThrowsAsync<SpdmException>(async () => await requester.GetMeasurementsAsync(9, signed: false))).Error);
    }

    [Fact]
    public void A_responder_that_contradicts_itself_or_promises_too_much_is_not_made()
    {
        Assert.Throws<ArgumentException>(() => new TestDevice(static o => o with { Capabilities = SpdmCapabilities.KeyExchange }));
        Assert.Throws<ArgumentException>(() => new TestDevice(static o => o with { Capabilities = o.Capabilities | SpdmCapabilities.Chunk }));
        Assert.ThrowsAny<ArgumentException>(() => new TestDevice(static o => o with { Certificates = [] }));
        Assert.ThrowsAny<ArgumentException>(() => new TestDevice(static o => o with { Certificates = [new byte[70000]] }));
    }

    [Fact]
    public async Task Sessions_are_encrypted_or_there_are_none()
    {
        using TestDevice device = new();
        using SpdmRequester requester = device.CreateRequester(static o => o with { Capabilities = SpdmCapabilities.KeyExchange | SpdmCapabilities.Mac });
        await requester.ConnectAsync();
        await requester.GetCertificateAsync();

        Assert.Equal(SpdmFailure.Unsupported, (await Assert.ThrowsAsync<SpdmException>(async () => await requester.StartSessionAsync())).Failure);
        KeyExchange exchange = new() { RandomData = new byte[32], ExchangeData = new byte[96] };
        Assert.Equal(SpdmErrorCode.UnsupportedRequest, Refused(device, exchange));
    }

    [Fact]
    public async Task An_answer_that_fits_no_record_is_too_large()
    {
        HostileHandler handler = new() { Answer = static request => new byte[(request[0] << 8) + request[1]] };
        using TestDevice device = new(o => o with { Handlers = [handler] });
        SpdmSession session = await device.StartSessionAsync(static o => o with { DataTransferSize = 0x10000 });

        foreach (int size in new[] { 0, 1, 0xFF00, 0xFFED, 0xFFFF })
        {
            byte[] request = [(byte)(size >> 8), (byte)size];
            Exception? failure = await Record.ExceptionAsync(async () => await session.SendVendorAsync(3, [1, 0], request));
            Assert.True(size < 0xFFE0 ? failure is null : failure is SpdmException { Error: SpdmErrorCode.ResponseTooLarge }, $"{size}: {failure}");
        }
    }

    [Fact]
    public async Task A_responder_without_sessions_offers_what_is_left()
    {
        using TestDevice device = new(o => o with { Capabilities = SpdmCapabilities.Certificate | SpdmCapabilities.Challenge });
        using SpdmRequester requester = await device.ConnectAsync();
        await requester.ChallengeAsync();

        Assert.Equal(SpdmFailure.Unsupported, (await Assert.ThrowsAsync<SpdmException>(async () => await requester.StartSessionAsync())).Failure);
        Assert.Equal(SpdmErrorCode.UnsupportedRequest, Refused(device, new GetMeasurements { Operation = 1 }));
    }

    private static SpdmErrorCode Refused(TestDevice device, SpdmMessage request) => Assert.IsType<ErrorResponse>(Send(device, request)).ErrorCode;

    private static SpdmMessage Send(TestDevice device, SpdmMessage request) => Send(device, request.Encode(MessageSamples.Context));

    private static SpdmMessage Send(TestDevice device, byte[] request)
    {
        SpdmPacket answer = device.Responder.Respond(new SpdmPacket(false, request));
        Assert.False(answer.Secured);
        Assert.True(SpdmMessage.TryDecode(answer.Bytes, MessageSamples.Context, out SpdmMessage? message, out _, out var fault), fault?.ToString());
        return message;
    }
}
