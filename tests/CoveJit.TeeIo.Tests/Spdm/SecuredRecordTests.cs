using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Spdm;

/// <summary>What whoever is in between can do to a session's records: end the session, and nothing else.</summary>
public sealed class SecuredRecordTests
{
    [Fact]
    public async Task A_changed_record_ends_the_session_on_both_sides_whichever_byte_is_changed()
    {
        using TestDevice device = new();
        using SpdmRequester requester = await device.ConnectAsync();
        int size = 0;
        for (int i = 0; i == 0 || i < size; i++)
        {
            SpdmSession session = await requester.StartSessionAsync();
            int at = i;
            device.Transport.OnRequest = (_, bytes) =>
            {
                size = bytes.Length - DataObject.HeaderSize;
                bytes[DataObject.HeaderSize + at] ^= 0x40;
                return bytes;
            };
            SpdmException failure = await Assert.ThrowsAsync<SpdmException>(async () => await session.HeartbeatAsync());
            device.Transport.OnRequest = null;
            Assert.Equal(SpdmFailure.Session, failure.Failure);
            Assert.False(session.IsOpen);

            // A record for a session that does not exist says nothing about those that do.
            Assert.True(at < 4 ? device.Responder.SessionCount >= 1 : device.Responder.SessionCount <= 3);
            if (at < 4)
            {
                device.Responder.Reset();
                await requester.ConnectAsync();
                await requester.GetCertificateAsync();
            }
        }

        Assert.True(size > 20);
    }

    [Fact]
    public async Task A_changed_response_ends_the_session()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();
        device.Transport.OnResponse = static (_, bytes) =>
        {
            bytes[^1] ^= 1;
            return bytes;
        };

        SpdmException failure = await Assert.ThrowsAsync<SpdmException>(async () => await session.HeartbeatAsync());
        Assert.Equal(SpdmFailure.Decryption, failure.Failure);
        failure = await Assert.ThrowsAsync<SpdmException>(async () => await session.HeartbeatAsync());
        Assert.Equal(SpdmFailure.Session, failure.Failure);
    }

    [Fact]
    public async Task A_repeated_request_is_not_accepted_again()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();
        await session.HeartbeatAsync();
        byte[] heartbeat = device.Transport.Requests[^1];

        byte[] answer = new DoeResponder(device.Responder).Respond(heartbeat)!;

        Assert.Equal((byte)DataObjectType.Spdm, answer[2]);
        Assert.Equal((byte)SpdmCode.Error, answer[DataObject.HeaderSize + 1]);
        Assert.Equal((byte)SpdmErrorCode.DecryptError, answer[DataObject.HeaderSize + 2]);
        Assert.Equal(0, device.Responder.SessionCount);
    }

    [Fact]
    public async Task A_repeated_response_is_not_accepted_again()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();
        await session.HeartbeatAsync();
        byte[] first = device.Transport.Responses[^1];
        device.Transport.OnResponse = (_, _) => first;

        SpdmException failure = await Assert.ThrowsAsync<SpdmException>(async () => await session.HeartbeatAsync());
        Assert.Equal(SpdmFailure.Decryption, failure.Failure);
    }

    [Fact]
    public async Task A_record_of_one_session_is_not_accepted_in_another()
    {
        using TestDevice device = new();
        using SpdmRequester requester = await device.ConnectAsync();
        SpdmSession first = await requester.StartSessionAsync();
        SpdmSession second = await requester.StartSessionAsync();
        await first.HeartbeatAsync();
        byte[] record = [.. device.Transport.Requests[^1]];
        BitConverter.GetBytes(second.Id).CopyTo(record, DataObject.HeaderSize);

        new DoeResponder(device.Responder).Respond(record);

        Assert.Equal(1, device.Responder.SessionCount);
        await first.HeartbeatAsync();
    }

    [Fact]
    public async Task Nothing_of_a_session_is_readable_in_between()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();
        byte[] secret = "a secret that is long enough"u8.ToArray();
        await Assert.ThrowsAsync<SpdmException>(async () => await session.SendVendorAsync(3, [1, 0], secret));

        Assert.DoesNotContain(device.Transport.Requests, r => r.AsSpan().IndexOf(secret.AsSpan(0, 8)) >= 0);
    }

    [Fact]
    public async Task An_old_record_does_not_open_under_new_keys()
    {
        using TestDevice device = new();
        SpdmSession session = await device.StartSessionAsync();
        await session.HeartbeatAsync();
        byte[] old = device.Transport.Requests[^1];
        await session.UpdateKeysAsync();
        await session.HeartbeatAsync();

        new DoeResponder(device.Responder).Respond(old);

        Assert.Equal(0, device.Responder.SessionCount);
    }
}
