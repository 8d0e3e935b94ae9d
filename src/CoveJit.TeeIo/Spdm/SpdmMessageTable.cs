using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm;

/// <summary>The messages of SPDM 1.2 that this library speaks. What is not here is refused as unsupported.</summary>
public static class SpdmMessageTable
{
    private static readonly FrozenDictionary<SpdmCode, Func<SpdmMessage>> Factories;

    static SpdmMessageTable()
    {
        Dictionary<SpdmCode, Func<SpdmMessage>> factories = [];
        List<MessageDeclaration> all = [];
        void Declare(string name, Func<SpdmMessage> create)
        {
            SpdmCode code = create().Code;
            factories.Add(code, create);
            all.Add(new MessageDeclaration(name, (byte)code, create));
        }

        Declare("GET_VERSION", static () => new GetVersion());
        Declare("VERSION", static () => new VersionResponse());
        Declare("GET_CAPABILITIES", static () => new GetCapabilities());
        Declare("CAPABILITIES", static () => new CapabilitiesResponse());
        Declare("NEGOTIATE_ALGORITHMS", static () => new NegotiateAlgorithms());
        Declare("ALGORITHMS", static () => new AlgorithmsResponse());
        Declare("GET_DIGESTS", static () => new GetDigests());
        Declare("DIGESTS", static () => new DigestsResponse());
        Declare("GET_CERTIFICATE", static () => new GetCertificate());
        Declare("CERTIFICATE", static () => new CertificateResponse());
        Declare("CHALLENGE", static () => new Challenge());
        Declare("CHALLENGE_AUTH", static () => new ChallengeAuth());
        Declare("GET_MEASUREMENTS", static () => new GetMeasurements());
        Declare("MEASUREMENTS", static () => new MeasurementsResponse());
        Declare("KEY_EXCHANGE", static () => new KeyExchange());
        Declare("KEY_EXCHANGE_RSP", static () => new KeyExchangeResponse());
        Declare("FINISH", static () => new Finish());
        Declare("FINISH_RSP", static () => new FinishResponse());
        Declare("HEARTBEAT", static () => new Heartbeat());
        Declare("HEARTBEAT_ACK", static () => new HeartbeatAck());
        Declare("KEY_UPDATE", static () => new KeyUpdate());
        Declare("KEY_UPDATE_ACK", static () => new KeyUpdateAck());
        Declare("END_SESSION", static () => new EndSession());
        Declare("END_SESSION_ACK", static () => new EndSessionAck());
        Declare("VENDOR_DEFINED_REQUEST", static () => new VendorDefinedRequest());
        Declare("VENDOR_DEFINED_RESPONSE", static () => new VendorDefinedResponse());
        Declare("RESPOND_IF_READY", static () => new RespondIfReady());
        Declare("ERROR", static () => new ErrorResponse());
        Factories = factories.ToFrozenDictionary();
        All = all;
    }

    /// <summary>All messages, requests before their responses.</summary>
    public static IReadOnlyList<MessageDeclaration> All { get; }

    /// <summary>Makes an empty message.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="message">The message.</param>
    /// <returns>False if the code is not declared.</returns>
    public static bool TryCreate(SpdmCode code, [NotNullWhen(true)] out SpdmMessage? message)
    {
        message = Factories.TryGetValue(code, out Func<SpdmMessage>? create) ? create() : null;
        return message is not null;
    }
}
