using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Session;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Responder;

/// <summary>
/// An SPDM 1.2 responder (DSP0274). <see cref="Respond"/> answers every packet, whatever is in it, and never throws: what is wrong is
/// answered with ERROR. Not thread-safe.
/// </summary>
public sealed partial class SpdmResponder : IDisposable
{
    private const SpdmCapabilities Implemented =
        SpdmCapabilities.Certificate | SpdmCapabilities.Challenge | SpdmCapabilities.MeasurementUnsigned | SpdmCapabilities.MeasurementSigned
        | SpdmCapabilities.MeasurementFresh | SpdmCapabilities.Encrypt | SpdmCapabilities.Mac | SpdmCapabilities.KeyExchange
        | SpdmCapabilities.Heartbeat | SpdmCapabilities.KeyUpdate;

    private const byte Slot0 = 0;
    private const byte Slot0Mask = 1;

    private readonly SpdmResponderOptions _options;
    private readonly Dictionary<uint, ResponderSession> _sessions = [];

    // VCA: the negotiation. B: digests and certificates since the last GET_DIGESTS. L: measurements in the clear.
    private readonly Transcript _vca = new();
    private readonly Transcript _b = new();
    private readonly Transcript _l = new();

    private Stage _stage;
    private SpdmCapabilities _peerCapabilities;
    private int _peerLimit = CapabilitiesMessage.MinDataTransferSize;
    private SpdmAlgorithms? _algorithms;
    private CertificateChain? _chain;
    private bool _challenged;
    private ushort _nextSessionId = 1;
    private Deferred? _deferred;
    private byte _nextToken;
    private volatile ResponderLie? _lie;

    /// <summary>Makes a responder.</summary>
    /// <param name="options">What it is and how it behaves.</param>
    public SpdmResponder(SpdmResponderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (SpdmCapabilityRules.FindContradiction(options.Capabilities, responder: true) is { } contradiction)
        {
            throw new ArgumentException(contradiction, nameof(options));
        }

        if ((options.Capabilities & ~Implemented) != 0)
        {
            throw new ArgumentException($"{options.Capabilities & ~Implemented} is not implemented", nameof(options));
        }

        _options = options;

        // Throws now, rather than when a requester comes, if the certificates make no chain.
        CertificateChain.Create(new SpdmAlgorithms { BaseHash = BaseHashAlgorithms.Sha384, BaseAsymmetric = SignatureAlgorithm }, options.Certificates);
    }

    // How far the negotiation has come.
    private enum Stage
    {
        Start,
        AfterVersion,
        AfterCapabilities,
        Negotiated,
    }

    /// <summary>What it says in place of the truth; null for nothing. Any thread may set it.</summary>
    public ResponderLie? Lie
    {
        get => _lie;
        set => _lie = value;
    }

    /// <summary>How many sessions there are, those in the handshake included.</summary>
    public int SessionCount => _sessions.Count;

    private SpdmAlgorithms Algorithms => _algorithms!;

    /// <summary>Answers a packet.</summary>
    /// <param name="request">The packet.</param>
    /// <returns>The answer, always one.</returns>
    public SpdmPacket Respond(SpdmPacket request)
    {
        EndSilentSessions();
        if (request.Secured)
        {
            return RespondSecured(request.Bytes);
        }

        byte[] response = AnswerObserved(request.Bytes, null, SpdmPacket.MaxPadding);
        return new SpdmPacket(false, LieAbout(request.Bytes)?.Reword(response) ?? response);
    }

    /// <summary>Ends all sessions and forgets the connection, as a reset of the device does.</summary>
    public void Reset()
    {
        foreach (uint id in _sessions.Keys.ToArray())
        {
            End(id);
        }

        _stage = Stage.Start;
        _algorithms = null;
        _chain = null;
        _challenged = false;
        _deferred = null;
        _peerCapabilities = SpdmCapabilities.None;
        _peerLimit = CapabilitiesMessage.MinDataTransferSize;
        _vca.Clear();
        _b.Clear();
        _l.Clear();
    }

    /// <summary>Ends all sessions and forgets the connection.</summary>
    public void Dispose() => Reset();

    // Until the requester has shown with GET_CAPABILITIES which version it speaks, answers are of SPDM 1.0.
    private byte[] Refuse(SpdmErrorCode code, byte data = 0) => new ErrorResponse
    {
        Version = _stage < Stage.AfterCapabilities ? SpdmMessage.Version10 : SpdmMessage.Version12,
        ErrorCode = code,
        ErrorData = data,
    }.Encode();

    private SpdmPacket RespondSecured(ReadOnlyMemory<byte> record)
    {
        if (RecordKeys.SessionOf(record.Span) is not { } id || !_sessions.TryGetValue(id, out ResponderSession? session))
        {
            return new SpdmPacket(false, Refuse(SpdmErrorCode.InvalidRequest));
        }

        if (!session.RequesterKeys.TryOpen(id, record.Span, SpdmPacket.MaxPadding, out byte[]? message))
        {
            // What does not open may have been forged, repeated or reordered: the session is not worth its name any more.
            End(id);
            return new SpdmPacket(false, Refuse(SpdmErrorCode.DecryptError));
        }

        session.LastHeard = _options.Time.GetTimestamp();

        // FINISH and END_SESSION change or wipe the keys that the answer is sealed with, so they do so afterwards.
        byte[] response = AnswerObserved(message, session, padding: 0);
        ResponderLie? lie = LieAbout(message);
        byte[] sealedResponse = session.ResponderKeys.Seal(id, lie?.Reword(response) ?? response, lie?.Form ?? default);
        AfterAnswer(session, message, response);
        return lie is { Kind: ResponderLieKind.Clear } ? new SpdmPacket(false, response) : new SpdmPacket(true, sealedResponse);
    }

    private ResponderLie? LieAbout(ReadOnlyMemory<byte> request) => _lie is { } lie && lie.IsAbout(request.Span) ? lie : null;

    private byte[] AnswerObserved(ReadOnlyMemory<byte> bytes, ResponderSession? session, int padding)
    {
        byte[] response = Answer(bytes, session, padding);
        if (response.Length > _peerLimit)
        {
            response = Refuse(SpdmErrorCode.ResponseTooLarge);
        }

        _options.Observer?.OnExchange(session?.Id, bytes.Span, response);
        return response;
    }

    private byte[] Answer(ReadOnlyMemory<byte> bytes, ResponderSession? session, int padding)
    {
        if (bytes.Length < SpdmMessage.HeaderSize)
        {
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        if (bytes.Length > _options.DataTransferSize + padding)
        {
            return Refuse(SpdmErrorCode.RequestTooLarge);
        }

        SpdmCode code = (SpdmCode)bytes.Span[1];
        byte version = code == SpdmCode.GetVersion ? SpdmMessage.Version10 : SpdmMessage.Version12;
        if (bytes.Span[0] != version)
        {
            return Refuse(SpdmErrorCode.VersionMismatch);
        }

        if (!IsSupported(code))
        {
            return Refuse(SpdmErrorCode.UnsupportedRequest, (byte)code);
        }

        if (!IsExpected(code, session))
        {
            return Refuse(SpdmErrorCode.UnexpectedRequest);
        }

        MessageContext context = _algorithms?.Context ?? default;
        if (!SpdmMessage.TryDecode(bytes, context, out SpdmMessage? request, out int size, out _, padding))
        {
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        ForgetOnRequest(code, session);
        return request is RespondIfReady again
            ? AnswerDeferred(again, session)
            : AnswerOrDefer(request, bytes[..size].ToArray(), session);
    }

    // A request whose answer takes time is kept, and answered on RESPOND_IF_READY.
    private byte[] AnswerOrDefer(SpdmMessage request, byte[] raw, ResponderSession? session)
    {
        bool deferrable = request.Code is SpdmCode.GetDigests or SpdmCode.GetCertificate or SpdmCode.Challenge or SpdmCode.GetMeasurements
            or SpdmCode.KeyExchange or SpdmCode.Finish or SpdmCode.VendorDefinedRequest;
        if (deferrable && _options.IsNotReady?.Invoke(request.Code) == true)
        {
            _deferred = new Deferred(request, raw, session?.Id, _nextToken++);
            return NotReady(_deferred);
        }

        _deferred = null;
        return Dispatch(request, raw, session);
    }

    private byte[] AnswerDeferred(RespondIfReady again, ResponderSession? session)
    {
        if (_deferred is not { } waiting || waiting.Request.Code != again.RequestCode || waiting.Token != again.Token || waiting.Session != session?.Id)
        {
            return Refuse(SpdmErrorCode.UnexpectedRequest);
        }

        if (_options.IsNotReady?.Invoke(waiting.Request.Code) == true)
        {
            return NotReady(waiting);
        }

        _deferred = null;
        return Dispatch(waiting.Request, waiting.Raw, session);
    }

    private static byte[] NotReady(Deferred waiting)
    {
        // A millisecond, and the answer is kept for as long as 255 of them.
        const byte DelayExponent = 10;
        return new ErrorResponse
        {
            ErrorCode = SpdmErrorCode.ResponseNotReady,
            NotReady = new ResponseNotReady(DelayExponent, waiting.Request.Code, waiting.Token, byte.MaxValue),
        }.Encode();
    }

    private byte[] Dispatch(SpdmMessage request, byte[] raw, ResponderSession? session) => request switch
    {
        GetVersion => OnGetVersion(raw),
        GetCapabilities r => OnGetCapabilities(r, raw),
        NegotiateAlgorithms r => OnNegotiateAlgorithms(r, raw),
        GetDigests => OnGetDigests(raw, session),
        GetCertificate r => OnGetCertificate(r, raw, session),
        Challenge r => OnChallenge(r, raw),
        GetMeasurements r => OnGetMeasurements(r, raw, session),
        KeyExchange r => OnKeyExchange(r, raw),
        Finish r => OnFinish(r, raw, session!),
        Heartbeat => new HeartbeatAck().Encode(),
        KeyUpdate r => OnKeyUpdate(r, session!),
        EndSession => new EndSessionAck().Encode(),
        VendorDefinedRequest r => OnVendorDefined(r, session),
        _ => Refuse(SpdmErrorCode.UnsupportedRequest, (byte)request.Code),
    };

    private bool IsSupported(SpdmCode code) => code switch
    {
        SpdmCode.GetVersion or SpdmCode.GetCapabilities or SpdmCode.NegotiateAlgorithms or SpdmCode.RespondIfReady => true,
        SpdmCode.GetDigests or SpdmCode.GetCertificate => Has(SpdmCapabilities.Certificate),
        SpdmCode.Challenge => Has(SpdmCapabilities.Challenge),
        SpdmCode.GetMeasurements => Has(SpdmCapabilities.MeasurementSigned | SpdmCapabilities.MeasurementUnsigned),
        SpdmCode.KeyExchange or SpdmCode.Finish or SpdmCode.EndSession =>
            BothHave(SpdmCapabilities.KeyExchange) && BothHave(SpdmCapabilities.Encrypt) && BothHave(SpdmCapabilities.Mac),
        SpdmCode.Heartbeat => BothHave(SpdmCapabilities.Heartbeat),
        SpdmCode.KeyUpdate => BothHave(SpdmCapabilities.KeyUpdate),
        SpdmCode.VendorDefinedRequest => _options.Handlers.Count > 0,
        _ => false,
    };

    // The order of requests (DSP0274, "SPDM messages" and "Session"): negotiation first and in the clear; a handshake has FINISH only.
    private bool IsExpected(SpdmCode code, ResponderSession? session)
    {
        if (session is null)
        {
            return code switch
            {
                SpdmCode.GetVersion => true,
                SpdmCode.GetCapabilities => _stage == Stage.AfterVersion,
                SpdmCode.NegotiateAlgorithms => _stage == Stage.AfterCapabilities,
                SpdmCode.Finish or SpdmCode.Heartbeat or SpdmCode.KeyUpdate or SpdmCode.EndSession => false,
                _ => _stage == Stage.Negotiated,
            };
        }

        return code switch
        {
            SpdmCode.Finish => !session.IsEstablished,
            SpdmCode.RespondIfReady => true,
            SpdmCode.KeyUpdate or SpdmCode.Heartbeat or SpdmCode.EndSession or SpdmCode.VendorDefinedRequest
                or SpdmCode.GetDigests or SpdmCode.GetCertificate or SpdmCode.GetMeasurements => session.IsEstablished,
            _ => false,
        };
    }

    // DSP0274, "M1/M2" and "L1/L2": what a request drops of the transcripts that signatures cover.
    private void ForgetOnRequest(SpdmCode code, ResponderSession? session)
    {
        if (code is SpdmCode.RespondIfReady)
        {
            return;
        }

        if (code is not SpdmCode.GetMeasurements)
        {
            (session?.Measurements ?? _l).Clear();
        }

        if (session is null && (code == SpdmCode.GetDigests || (!_challenged && code is SpdmCode.GetMeasurements or SpdmCode.KeyExchange)))
        {
            _b.Clear();
        }
    }

    private byte[] OnVendorDefined(VendorDefinedRequest request, ResponderSession? session)
    {
        IVendorDefinedHandler? handler = _options.Handlers.FirstOrDefault(
            h => h.StandardId == request.StandardId && h.VendorId.SequenceEqual(request.VendorId));
        if (handler is null)
        {
            return Refuse(SpdmErrorCode.UnsupportedRequest, (byte)request.Code);
        }

        if (handler.NeedsSession && session is null && _lie is null)
        {
            return Refuse(SpdmErrorCode.SessionRequired);
        }

        const uint Nobody = 0; // no session's
        if (!handler.TryHandle(session?.Id ?? (handler.NeedsSession ? Nobody : null), request.Payload, out byte[]? payload))
        {
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        return payload.Length > _peerLimit
            ? Refuse(SpdmErrorCode.ResponseTooLarge)
            : new VendorDefinedResponse { StandardId = request.StandardId, VendorId = request.VendorId, Payload = payload }.Encode();
    }

    private byte[] Draw(int size)
    {
        byte[] bytes = new byte[size];
        _options.Random.Fill(bytes);
        return bytes;
    }

    private byte[] Sign(string context, byte[] transcript) =>
        _options.Signer.Sign(SigningContext.Message(context, Algorithms, transcript), Algorithms.HashName);

    private bool Has(SpdmCapabilities any) => (_options.Capabilities & any) != 0;

    private bool BothHave(SpdmCapabilities any) => (_options.Capabilities & _peerCapabilities & any) != 0;

    private static void Append(Transcript transcript, byte[] request, byte[] response)
    {
        transcript.Append(request);
        transcript.Append(response);
    }

    private sealed record Deferred(SpdmMessage Request, byte[] Raw, uint? Session, byte Token);
}
