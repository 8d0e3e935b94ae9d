using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Session;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Requester;

/// <summary>A requester's session. Whatever cannot be decrypted or verified ends it: its keys are wiped at once.</summary>
public sealed class SpdmSession : IDisposable
{
    private readonly RequestSender _sender;
    private readonly SpdmRequester _requester;
    private RecordKeys _requesterKeys;
    private RecordKeys _responderKeys;

    internal SpdmSession(RequestSender sender, SpdmRequester requester, uint id, KeyExchangeResponse response, SessionKeys keys)
    {
        _sender = sender;
        _requester = requester;
        Id = id;
        HeartbeatPeriod = TimeSpan.FromSeconds(response.HeartbeatPeriod);
        SummaryHash = response.SummaryHash;
        _requesterKeys = keys.RequesterHandshake();
        _responderKeys = keys.ResponderHandshake();
    }

    /// <summary>The session's identifier: the responder's half in bits 31:16, the requester's in bits 15:0.</summary>
    public uint Id { get; }

    /// <summary>How often HEARTBEAT is due; zero for never.</summary>
    public TimeSpan HeartbeatPeriod { get; }

    /// <summary>The measurement summary hash of KEY_EXCHANGE_RSP; empty if none was asked for.</summary>
    public byte[] SummaryHash { get; }

    /// <summary>Whether messages can be sent.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>How many records the keys may still protect before KEY_UPDATE is required.</summary>
    public ulong RecordsLeft => _sender.MaxRecords - Math.Min(_sender.MaxRecords, Math.Max(_requesterKeys.SequenceNumber, _responderKeys.SequenceNumber));

    internal Transcript Measurements { get; } = new();

    /// <summary>Keeps the session alive.</summary>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask HeartbeatAsync(CancellationToken cancellation = default)
    {
        Measurements.Clear();
        await _sender.SendAsync<HeartbeatAck>(new Heartbeat(), default, this, cancellation).ConfigureAwait(false);
    }

    /// <summary>Changes the keys, and tries the new ones.</summary>
    /// <param name="both">Both directions rather than the requester's only.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask UpdateKeysAsync(bool both = true, CancellationToken cancellation = default)
    {
        if (!_requester.CanUpdateKeys)
        {
            throw new SpdmException(SpdmFailure.Unsupported, "KEY_UPDATE is not supported");
        }

        Measurements.Clear();
        await SendKeyUpdateAsync(both ? KeyUpdateOperation.UpdateAllKeys : KeyUpdateOperation.UpdateKey, cancellation).ConfigureAwait(false);
        _requesterKeys.Update();
        await SendKeyUpdateAsync(KeyUpdateOperation.VerifyNewKey, cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends a message of another protocol.</summary>
    /// <param name="standardId">The registry of the vendor's identifier.</param>
    /// <param name="vendorId">The vendor's identifier.</param>
    /// <param name="payload">The message.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The answer.</returns>
    public async ValueTask<byte[]> SendVendorAsync(ushort standardId, byte[] vendorId, byte[] payload, CancellationToken cancellation = default)
    {
        Measurements.Clear();
        VendorDefinedRequest request = new() { StandardId = standardId, VendorId = vendorId, Payload = payload };
        SpdmExchange<VendorDefinedResponse> answer =
            await _sender.SendAsync<VendorDefinedResponse>(request, default, this, cancellation).ConfigureAwait(false);
        VendorDefinedResponse response = answer.Message;
        return response.StandardId == standardId && response.VendorId.AsSpan().SequenceEqual(vendorId)
            ? response.Payload
            : throw new SpdmException(SpdmFailure.Unexpected, "the answer is of another vendor");
    }

    /// <summary>Ends the session on both sides.</summary>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask EndAsync(CancellationToken cancellation = default)
    {
        await _sender.SendAsync<EndSessionAck>(new EndSession(), default, this, cancellation).ConfigureAwait(false);
        Dispose();
    }

    /// <summary>Wipes the keys without telling the responder.</summary>
    public void Dispose()
    {
        IsOpen = false;
        _requesterKeys.Dispose();
        _responderKeys.Dispose();
    }

    internal async ValueTask FinishAsync(SessionKeys keys, Transcript th, SpdmAlgorithms algorithms, CancellationToken cancellation)
    {
        // The verify data covers FINISH up to itself: its header.
        byte[] header = new Finish { VerifyData = new byte[algorithms.HashSize] }.Encode(algorithms.Context)[..SpdmMessage.HeaderSize];
        th.Append(header);
        Finish finish = new() { VerifyData = keys.RequesterVerifyData(algorithms.Hash(th.Bytes)) };
        SpdmExchange<FinishResponse> answer = await _sender.SendAsync<FinishResponse>(finish, algorithms.Context, this, cancellation).ConfigureAwait(false);
        th.Append(answer.Request.AsSpan(SpdmMessage.HeaderSize));
        th.Append(answer.Response);
        _requesterKeys.Dispose();
        _responderKeys.Dispose();
        (_requesterKeys, _responderKeys) = keys.Establish(algorithms.Hash(th.Bytes));
    }

    internal byte[] Seal(SpdmMessage request, byte[] message)
    {
        if (!IsOpen)
        {
            throw new SpdmException(SpdmFailure.Session, "the session is over");
        }

        bool spent = Math.Max(_requesterKeys.SequenceNumber, _responderKeys.SequenceNumber) >= _sender.MaxRecords;
        if (spent && request is not KeyUpdate and not EndSession)
        {
            throw new SpdmException(SpdmFailure.KeyUpdateRequired, "the session's keys have protected as many records as they may");
        }

        byte[] record = _requesterKeys.Seal(Id, message);

        // The responder acknowledges an update of all keys under its new one.
        if (request is KeyUpdate { Operation: KeyUpdateOperation.UpdateAllKeys })
        {
            _responderKeys.Update();
        }

        return record;
    }

    internal byte[] Open(SpdmPacket packet)
    {
        if (!packet.Secured)
        {
            // Nobody vouches for an ERROR in the clear, but a responder that lost the keys has no other way to say so.
            Dispose();
            bool isError = SpdmMessage.TryDecode(packet.Bytes, default, out SpdmMessage? message, out _, out _, SpdmPacket.MaxPadding);
            string what = isError && message is ErrorResponse error ? error.ErrorCode.ToString() : "a message";
            throw new SpdmException(SpdmFailure.Session, $"a record was answered in the clear, with {what}");
        }

        if (!_responderKeys.TryOpen(Id, packet.Bytes.Span, SpdmPacket.MaxPadding, out byte[]? opened))
        {
            Dispose();
            throw new SpdmException(SpdmFailure.Decryption, "the response is not the session's next record");
        }

        return opened;
    }

    internal void OnError(SpdmErrorCode code)
    {
        if (code is SpdmErrorCode.DecryptError or SpdmErrorCode.RequestResynch)
        {
            Dispose();
        }
    }

    // Whatever is wrong with an answer, the two ends may not have the same keys any more.
    private async ValueTask SendKeyUpdateAsync(KeyUpdateOperation operation, CancellationToken cancellation)
    {
        KeyUpdate request = new() { Operation = operation, Tag = _requester.Draw(1)[0] };
        try
        {
            SpdmExchange<KeyUpdateAck> answer = await _sender.SendAsync<KeyUpdateAck>(request, default, this, cancellation).ConfigureAwait(false);
            if (answer.Message.Operation != operation || answer.Message.Tag != request.Tag)
            {
                throw new SpdmException(SpdmFailure.Unexpected, "KEY_UPDATE_ACK is of another request");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }
}
