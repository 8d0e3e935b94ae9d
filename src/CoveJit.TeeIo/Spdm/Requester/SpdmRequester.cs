using System.Security.Cryptography;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Session;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Requester;

/// <summary>
/// An SPDM 1.2 requester (DSP0274). In order: <see cref="ConnectAsync"/>, <see cref="GetCertificateAsync"/>, then as wanted
/// <see cref="ChallengeAsync"/>, <see cref="GetMeasurementsAsync"/> and <see cref="StartSessionAsync"/>. It does one thing at a time, and
/// throws <see cref="SpdmException"/> whenever the responder, or whoever is in between, does not do what SPDM says.
/// </summary>
public sealed class SpdmRequester : IDisposable
{
    private const ushort Version12Entry = 0x1200;

    private const SpdmCapabilities Session = SpdmCapabilities.KeyExchange | SpdmCapabilities.Encrypt | SpdmCapabilities.Mac;
    private const SpdmCapabilities Implemented = Session | SpdmCapabilities.Heartbeat | SpdmCapabilities.KeyUpdate;

    private readonly SpdmRequesterOptions _options;
    private readonly RequestSender _sender;

    // VCA: the negotiation. B: digests and certificates since the last GET_DIGESTS. L: measurements in the clear.
    private readonly Transcript _vca = new();
    private readonly Transcript _b = new();
    private readonly Transcript _l = new();

    private SpdmAlgorithms? _algorithms;
    private DeviceCertificate? _certificate;
    private byte _slot;
    private bool _challenged;
    private ushort _nextSessionId = 0xFFFF;

    /// <summary>Makes a requester.</summary>
    /// <param name="transport">The way to the responder.</param>
    /// <param name="options">How it behaves.</param>
    public SpdmRequester(ISpdmTransport transport, SpdmRequesterOptions options)
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentNullException.ThrowIfNull(options);
        if (SpdmCapabilityRules.FindContradiction(options.Capabilities, responder: false) is { } contradiction)
        {
            throw new ArgumentException(contradiction, nameof(options));
        }

        if ((options.Capabilities & ~Implemented) != 0)
        {
            throw new ArgumentException($"{options.Capabilities & ~Implemented} is not implemented", nameof(options));
        }

        _options = options;
        _sender = new RequestSender(transport, options);
    }

    /// <summary>What the responder says it can do.</summary>
    public SpdmCapabilities Capabilities { get; private set; }

    /// <summary>The algorithms of the connection.</summary>
    public SpdmAlgorithms Algorithms => _algorithms ?? throw new InvalidOperationException("not connected");

    /// <summary>The responder's verified certificate, once it has been read.</summary>
    public DeviceCertificate? Certificate => _certificate;

    /// <summary>VCA: the negotiation's messages.</summary>
    public byte[] NegotiationTranscript => _vca.Bytes;

    /// <summary>Negotiates version, capabilities and algorithms; everything earlier is forgotten.</summary>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask ConnectAsync(CancellationToken cancellation = default)
    {
        Forget();
        SpdmExchange<VersionResponse> version = await _sender.SendAsync<VersionResponse>(new GetVersion(), default, null, cancellation).ConfigureAwait(false);
        if (!version.Message.Entries.Any(static e => e >> 8 == Version12Entry >> 8))
        {
            throw new SpdmException(SpdmFailure.Unsupported, "the responder does not speak SPDM 1.2");
        }

        GetCapabilities getCapabilities = new()
        {
            Flags = _options.Capabilities,
            DataTransferSize = (uint)_options.DataTransferSize,
            MaxMessageSize = (uint)_options.DataTransferSize,
        };
        SpdmExchange<CapabilitiesResponse> capabilities =
            await _sender.SendAsync<CapabilitiesResponse>(getCapabilities, default, null, cancellation).ConfigureAwait(false);
        Capabilities = capabilities.Message.Flags;
        _sender.PeerLimit = (int)Math.Min(capabilities.Message.DataTransferSize, RecordKeys.MaxMessage);

        NegotiateAlgorithms negotiate = new()
        {
            OpaqueDataFormats = OpaqueDataFormats.Format1,
            BaseAsymmetric = _options.Signatures,
            BaseHash = _options.Hashes,
            Structures =
            [
                new AlgorithmStructure(AlgorithmType.Dhe, (ushort)_options.Groups),
                new AlgorithmStructure(AlgorithmType.Aead, (ushort)AeadCipherSuites.Aes256Gcm),
                new AlgorithmStructure(AlgorithmType.KeySchedule, (ushort)KeySchedules.Spdm),
            ],
        };
        SpdmExchange<AlgorithmsResponse> selected =
            await _sender.SendAsync<AlgorithmsResponse>(negotiate, default, null, cancellation).ConfigureAwait(false);
        _algorithms = CheckSelection(selected.Message);
        Append(_vca, version);
        Append(_vca, capabilities);
        Append(_vca, selected);
    }

    /// <summary>Reads the digests of the responder's certificate chains.</summary>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<DigestsResponse> GetDigestsAsync(CancellationToken cancellation = default)
    {
        Require(SpdmCapabilities.Certificate);
        _l.Clear();
        _b.Clear();
        SpdmExchange<DigestsResponse> digests =
            await _sender.SendAsync<DigestsResponse>(new GetDigests(), Algorithms.Context, null, cancellation).ConfigureAwait(false);
        Append(_b, digests);
        return digests.Message;
    }

    /// <summary>Reads and verifies the certificate chain of a slot; later signatures are checked with its key.</summary>
    /// <param name="slot">The slot, 0 to 7.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<DeviceCertificate> GetCertificateAsync(byte slot = 0, CancellationToken cancellation = default)
    {
        Require(SpdmCapabilities.Certificate);
        _l.Clear();
        List<byte> bytes = [];
        int remainder;
        int? total = null; // every part has to say the same
        do
        {
            ushort portion = (ushort)Math.Min(_options.CertificatePortion, SpdmLimits.CertificateChainSize - bytes.Count);
            GetCertificate request = new() { Slot = slot, Offset = (ushort)bytes.Count, Length = portion };
            SpdmExchange<CertificateResponse> part =
                await _sender.SendAsync<CertificateResponse>(request, Algorithms.Context, null, cancellation).ConfigureAwait(false);
            int length = part.Message.Portion.Length;
            remainder = part.Message.RemainderLength;
            if (part.Message.Slot != slot || length == 0 || length > portion || bytes.Count + length + remainder > SpdmLimits.CertificateChainSize
                || bytes.Count + length + remainder != (total ??= bytes.Count + length + remainder))
            {
                throw new SpdmException(SpdmFailure.Malformed, "CERTIFICATE does not fit the request");
            }

            Append(_b, part);
            bytes.AddRange(part.Message.Portion);
        }
        while (remainder > 0);

        if (!CertificateChain.TryParse([.. bytes], Algorithms.HashSize, out CertificateChain? chain, out MessageFault? fault))
        {
            throw new SpdmException(SpdmFailure.Certificate, fault.ToString());
        }

        if (!_options.Verifier.TryVerify(chain, Algorithms, out DeviceCertificate? certificate, out string? reason))
        {
            throw new SpdmException(SpdmFailure.Certificate, reason);
        }

        _certificate?.Dispose();
        _certificate = certificate;
        _slot = slot;
        return certificate;
    }

    /// <summary>Lets the responder prove that it has the certificate's key, over everything exchanged so far.</summary>
    /// <param name="summary">Which measurement summary hash is asked for.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<ChallengeAuth> ChallengeAsync(MeasurementSummary summary = MeasurementSummary.None, CancellationToken cancellation = default)
    {
        Require(SpdmCapabilities.Challenge);
        DeviceCertificate certificate = RequireCertificate();
        _l.Clear();
        Challenge request = new() { Slot = _slot, Summary = summary, Nonce = Draw(SpdmLimits.NonceSize) };
        MessageContext context = Algorithms.Context with { SummaryRequested = summary != MeasurementSummary.None };
        SpdmExchange<ChallengeAuth> answer = await _sender.SendAsync<ChallengeAuth>(request, context, null, cancellation).ConfigureAwait(false);
        byte[] m1 = [.. _vca.Bytes, .. _b.Bytes, .. answer.Request, .. answer.Response.AsSpan(0, answer.Response.Length - context.SignatureSize)];
        _b.Clear();
        if (answer.Message.Slot != _slot || !answer.Message.CertificateChainHash.AsSpan().SequenceEqual(Algorithms.Hash(certificate.Chain.Bytes)))
        {
            throw new SpdmException(SpdmFailure.Certificate, "CHALLENGE_AUTH is of another certificate");
        }

        Verify(SigningContext.ChallengeAuth, m1, answer.Message.Signature, "CHALLENGE_AUTH");
        _challenged = true;
        return answer.Message;
    }

    /// <summary>Reads measurements. A signature covers all measurements read, in the same session or in the clear, since the last one.</summary>
    /// <param name="operation">GetMeasurements.CountOnly, an index, or GetMeasurements.All.</param>
    /// <param name="signed">Whether the responder shall sign.</param>
    /// <param name="raw">Whether raw bit streams are wanted rather than digests.</param>
    /// <param name="session">The session, or null for in the clear.</param>
    /// <param name="nonce">The nonce of a signature, 32 bytes; null draws one.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<MeasurementsResponse> GetMeasurementsAsync(
        byte operation, bool signed, bool raw = false, SpdmSession? session = null, byte[]? nonce = null, CancellationToken cancellation = default)
    {
        Require(signed ? SpdmCapabilities.MeasurementSigned : SpdmCapabilities.MeasurementSigned | SpdmCapabilities.MeasurementUnsigned);
        if (signed)
        {
            RequireCertificate();
        }

        ForgetUnfinishedChallenge();
        Transcript log = session?.Measurements ?? _l;
        GetMeasurements request = new()
        {
            Operation = operation,
            SignatureRequested = signed,
            RawBitStreamRequested = raw,
            Nonce = signed ? nonce ?? Draw(SpdmLimits.NonceSize) : [],
            Slot = _slot,
        };
        MessageContext context = Algorithms.Context with { SignatureRequested = signed };
        SpdmExchange<MeasurementsResponse> answer;
        try
        {
            answer = await _sender.SendAsync<MeasurementsResponse>(request, context, session, cancellation).ConfigureAwait(false);
        }
        catch (SpdmException)
        {
            log.Clear();
            throw;
        }

        if (operation is not GetMeasurements.CountOnly and not GetMeasurements.All && answer.Message.Blocks.Any(b => b.Index != operation))
        {
            throw new SpdmException(SpdmFailure.Measurement, "MEASUREMENTS has an index that was not asked for");
        }

        if (!signed)
        {
            Append(log, answer);
            return answer.Message;
        }

        byte[] l1 = [.. _vca.Bytes, .. log.Bytes, .. answer.Request, .. answer.Response.AsSpan(0, answer.Response.Length - context.SignatureSize)];
        log.Clear();
        Verify(SigningContext.Measurements, l1, answer.Message.Signature, "MEASUREMENTS");
        return answer.Message;
    }

    /// <summary>Exchanges keys and establishes a session.</summary>
    /// <param name="summary">Which measurement summary hash is asked for.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<SpdmSession> StartSessionAsync(MeasurementSummary summary = MeasurementSummary.None, CancellationToken cancellation = default)
    {
        if (!(Capabilities & _options.Capabilities).HasFlag(Session) || !Algorithms.SupportSessions)
        {
            throw new SpdmException(SpdmFailure.Unsupported, "the responder supports no encrypted sessions");
        }

        DeviceCertificate certificate = RequireCertificate();
        ForgetUnfinishedChallenge();
        _l.Clear();
        using EphemeralKey key = new(Algorithms.ExchangeCurve, _options.Random);
        KeyExchange request = new()
        {
            Summary = summary,
            Slot = _slot,
            RequesterSessionId = _nextSessionId--,
            RandomData = Draw(SpdmLimits.RandomSize),
            ExchangeData = key.PublicPoint,
            OpaqueData = SecuredMessageVersions.EncodeSupported(SecuredMessageVersions.Version11),
        };
        MessageContext context = Algorithms.Context with { SummaryRequested = summary != MeasurementSummary.None };
        SpdmExchange<KeyExchangeResponse> answer =
            await _sender.SendAsync<KeyExchangeResponse>(request, context, null, cancellation).ConfigureAwait(false);
        KeyExchangeResponse response = answer.Message;
        if (response.MutualAuthentication != 0)
        {
            throw new SpdmException(SpdmFailure.Unsupported, "the responder asks for mutual authentication");
        }

        if (!SecuredMessageVersions.Selects(response.OpaqueData, SecuredMessageVersions.Version11))
        {
            throw new SpdmException(SpdmFailure.Unsupported, "the responder did not select secured messages 1.1");
        }

        int unsigned = answer.Response.Length - context.SignatureSize - context.HashSize;
        Transcript th = new();
        th.Append(_vca.Bytes);
        th.Append(Algorithms.Hash(certificate.Chain.Bytes));
        th.Append(answer.Request);
        th.Append(answer.Response.AsSpan(0, unsigned));
        Verify(SigningContext.KeyExchangeResponse, th.Bytes, response.Signature, "KEY_EXCHANGE_RSP");
        if (!key.TryAgree(response.ExchangeData, out byte[]? secret))
        {
            throw new SpdmException(SpdmFailure.Malformed, "ExchangeData is no point of the curve");
        }

        th.Append(response.Signature);
        byte[] th1 = Algorithms.Hash(th.Bytes);
        using SessionKeys keys = new(Algorithms, secret, th1);
        if (!CryptographicOperations.FixedTimeEquals(keys.ResponderVerifyData(th1), response.VerifyData))
        {
            throw new SpdmException(SpdmFailure.VerifyData, "ResponderVerifyData is wrong");
        }

        th.Append(response.VerifyData);
        uint id = ((uint)response.ResponderSessionId << 16) | request.RequesterSessionId;
        SpdmSession session = new(_sender, this, id, response, keys);
        try
        {
            await session.FinishAsync(keys, th, Algorithms, cancellation).ConfigureAwait(false);
        }
        catch
        {
            session.Dispose();
            throw;
        }

        return session;
    }

    /// <summary>Forgets the connection.</summary>
    public void Dispose() => Forget();

    internal bool CanUpdateKeys => (Capabilities & _options.Capabilities).HasFlag(SpdmCapabilities.KeyUpdate);

    internal byte[] Draw(int size)
    {
        byte[] bytes = new byte[size];
        _options.Random.Fill(bytes);
        return bytes;
    }

    private static void Append<T>(Transcript transcript, SpdmExchange<T> exchange)
        where T : SpdmMessage
    {
        transcript.Append(exchange.Request);
        transcript.Append(exchange.Response);
    }

    private SpdmAlgorithms CheckSelection(AlgorithmsResponse response)
    {
        SpdmAlgorithms? algorithms = SpdmAlgorithms.From(response);
        bool offered = algorithms is not null
            && (algorithms.BaseHash & _options.Hashes) != 0
            && (algorithms.BaseAsymmetric & _options.Signatures) != 0
            && (algorithms.Dhe == DheGroups.None || (algorithms.Dhe & _options.Groups) != 0)
            && algorithms.OpaqueDataFormat is OpaqueDataFormats.None or OpaqueDataFormats.Format1;
        return offered ? algorithms! : throw new SpdmException(SpdmFailure.Unsupported, "the responder selected an algorithm that was not offered, or none");
    }

    private void Require(SpdmCapabilities any)
    {
        if ((Capabilities & any) == 0)
        {
            throw new SpdmException(SpdmFailure.Unsupported, $"the responder has no {any}");
        }
    }

    private DeviceCertificate RequireCertificate() =>
        _certificate ?? throw new InvalidOperationException("the responder's certificate has not been read");

    // DSP0274, "M1/M2": requests other than for digests, certificates and the challenge drop what a challenge would have covered.
    private void ForgetUnfinishedChallenge()
    {
        if (!_challenged)
        {
            _b.Clear();
        }
    }

    private void Verify(string context, byte[] transcript, byte[] signature, string message)
    {
        if (!RequireCertificate().Verify(SigningContext.Message(context, Algorithms, transcript), signature, Algorithms.HashName))
        {
            throw new SpdmException(SpdmFailure.Signature, $"the signature of {message} is wrong");
        }
    }

    private void Forget()
    {
        _certificate?.Dispose();
        _certificate = null;
        _algorithms = null;
        _challenged = false;
        _sender.PeerLimit = CapabilitiesMessage.MinDataTransferSize;
        Capabilities = SpdmCapabilities.None;
        _vca.Clear();
        _b.Clear();
        _l.Clear();
    }
}
