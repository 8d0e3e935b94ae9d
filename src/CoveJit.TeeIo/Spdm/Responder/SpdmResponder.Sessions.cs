using System.Security.Cryptography;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Session;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Responder;

// KEY_EXCHANGE, FINISH, KEY_UPDATE, END_SESSION and what ends sessions besides.
public sealed partial class SpdmResponder
{
    private byte[] OnKeyExchange(KeyExchange request, byte[] raw)
    {
        if (request.Slot != Slot0 || !Algorithms.SupportSessions
            || !SecuredMessageVersions.Supports(request.OpaqueData, SecuredMessageVersions.Version11)
            || !TrySummarize(request.Summary, out byte[] summary))
        {
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        if (_sessions.Count >= _options.MaxSessions)
        {
            return Refuse(SpdmErrorCode.SessionLimitExceeded);
        }

        using EphemeralKey key = new(Algorithms.ExchangeCurve, _options.Random);
        if (!key.TryAgree(request.ExchangeData, out byte[]? secret))
        {
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        uint id = DrawSessionId(request.RequesterSessionId);
        MessageContext context = Algorithms.Context with { SummaryRequested = summary.Length > 0 };
        byte[] response = new KeyExchangeResponse
        {
            HeartbeatPeriod = BothHave(SpdmCapabilities.Heartbeat) ? _options.HeartbeatPeriod : (byte)0,
            ResponderSessionId = (ushort)(id >> 16),
            RandomData = Draw(SpdmLimits.RandomSize),
            ExchangeData = key.PublicPoint,
            SummaryHash = summary,
            OpaqueData = SecuredMessageVersions.EncodeSelected(SecuredMessageVersions.Version11),
            Signature = new byte[context.SignatureSize],
            VerifyData = new byte[context.HashSize],
        }.Encode(context);

        // Verify data and signature come last; each covers what is before it.
        Span<byte> verifyData = response.AsSpan(response.Length - context.HashSize);
        Span<byte> signature = response.AsSpan(response.Length - context.HashSize - context.SignatureSize, context.SignatureSize);
        Transcript th = new();
        th.Append(_vca.Bytes);
        th.Append(Algorithms.Hash(_chain!.Bytes));
        th.Append(raw);
        th.Append(response.AsSpan(0, response.Length - verifyData.Length - signature.Length));
        Sign(SigningContext.KeyExchangeResponse, th.Bytes).CopyTo(signature);
        th.Append(signature);
        byte[] th1 = Algorithms.Hash(th.Bytes);
        SessionKeys keys = new(Algorithms, secret, th1);
        keys.ResponderVerifyData(th1).CopyTo(verifyData);
        th.Append(verifyData);
        _sessions.Add(id, new ResponderSession(id, keys, th) { LastHeard = _options.Time.GetTimestamp() });
        return response;
    }

    private byte[] OnFinish(Finish request, byte[] raw, ResponderSession session)
    {
        session.Th.Append(raw.AsSpan(0, SpdmMessage.HeaderSize));
        byte[] expected = session.Handshake.RequesterVerifyData(Algorithms.Hash(session.Th.Bytes));
        if (!CryptographicOperations.FixedTimeEquals(expected, request.VerifyData))
        {
            // The answer still goes out under the handshake's keys; then the session is gone.
            return Refuse(SpdmErrorCode.DecryptError);
        }

        byte[] response = new FinishResponse().Encode();
        session.Th.Append(request.VerifyData);
        session.Th.Append(response);
        return response;
    }

    private byte[] OnKeyUpdate(KeyUpdate request, ResponderSession session)
    {
        // VerifyNewKey follows an update, and nothing else does (DSP0274, "KEY_UPDATE request and KEY_UPDATE_ACK response messages").
        bool verify = request.Operation == KeyUpdateOperation.VerifyNewKey;
        if (verify != session.IsUpdatePending)
        {
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        session.IsUpdatePending = !verify;
        if (request.Operation == KeyUpdateOperation.UpdateAllKeys)
        {
            session.ResponderKeys.Update();
        }

        return new KeyUpdateAck { Operation = request.Operation, Tag = request.Tag }.Encode();
    }

    // What an answered request changes once its answer is sealed.
    private void AfterAnswer(ResponderSession session, ReadOnlyMemory<byte> request, byte[] response)
    {
        SpdmCode code = (SpdmCode)response[1];
        if (code == SpdmCode.FinishRsp)
        {
            session.Establish(Algorithms.Hash(session.Th.Bytes));
        }
        else if (code == SpdmCode.KeyUpdateAck && (KeyUpdateOperation)response[2] != KeyUpdateOperation.VerifyNewKey)
        {
            session.RequesterKeys.Update();
        }
        else if (code == SpdmCode.EndSessionAck || (code == SpdmCode.Error && (SpdmErrorCode)response[2] == SpdmErrorCode.DecryptError))
        {
            End(session.Id);
        }
    }

    private uint DrawSessionId(ushort requesterHalf)
    {
        uint id;
        do
        {
            id = ((uint)_nextSessionId++ << 16) | requesterHalf;
        }
        while (_sessions.ContainsKey(id));
        return id;
    }

    // DSP0274, "Heartbeat": a session ends after twice the period without a message.
    private void EndSilentSessions()
    {
        if (_options.HeartbeatPeriod == 0)
        {
            return;
        }

        TimeSpan limit = TimeSpan.FromSeconds(2 * _options.HeartbeatPeriod);
        foreach (ResponderSession session in _sessions.Values.Where(s => _options.Time.GetElapsedTime(s.LastHeard) > limit).ToArray())
        {
            End(session.Id);
        }
    }

    private void End(uint id)
    {
        if (!_sessions.Remove(id, out ResponderSession? session))
        {
            return;
        }

        session.Dispose();
        foreach (IVendorDefinedHandler handler in _options.Handlers)
        {
            handler.OnSessionEnded(id);
        }
    }
}
