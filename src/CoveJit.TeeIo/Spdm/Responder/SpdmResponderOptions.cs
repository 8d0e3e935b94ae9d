using CoveJit.TeeIo.Cryptography;

namespace CoveJit.TeeIo.Spdm.Responder;

/// <summary>What a responder is and how it behaves.</summary>
public sealed record SpdmResponderOptions
{
    /// <summary>The device's key; the signature algorithm follows from its curve.</summary>
    public required ISigner Signer { get; init; }

    /// <summary>The certificates of slot 0 in DER, the root first, the leaf last.</summary>
    public required IReadOnlyList<byte[]> Certificates { get; init; }

    /// <summary>What the device measured of itself.</summary>
    public required IMeasurementSource Measurements { get; init; }

    /// <summary>Protocols in vendor-defined messages.</summary>
    public IReadOnlyList<IVendorDefinedHandler> Handlers { get; init; } = [];

    /// <summary>Where nonces and keys come from.</summary>
    public IRandomSource Random { get; init; } = SystemRandomSource.Instance;

    /// <summary>The clock that heartbeats are counted by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the responder says it can do.</summary>
    public SpdmCapabilities Capabilities { get; init; } =
        SpdmCapabilities.Certificate | SpdmCapabilities.Challenge | SpdmCapabilities.MeasurementSigned | SpdmCapabilities.MeasurementFresh
        | SpdmCapabilities.Encrypt | SpdmCapabilities.Mac | SpdmCapabilities.KeyExchange | SpdmCapabilities.Heartbeat | SpdmCapabilities.KeyUpdate;

    /// <summary>Hashes supported; the longest in common is selected.</summary>
    public BaseHashAlgorithms Hashes { get; init; } = BaseHashAlgorithms.Sha256 | BaseHashAlgorithms.Sha384;

    /// <summary>Groups supported; the largest in common is selected.</summary>
    public DheGroups Groups { get; init; } = DheGroups.Secp256r1 | DheGroups.Secp384r1;

    /// <summary>The largest message that the responder takes, in bytes.</summary>
    public int DataTransferSize { get; init; } = 4608;

    /// <summary>CTExponent: signing takes up to 2 to the power of this, in microseconds.</summary>
    public byte CryptoTimeoutExponent { get; init; } = 20;

    /// <summary>HeartbeatPeriod in seconds; a session ends after twice as long without a message. 0 is without heartbeat.</summary>
    public byte HeartbeatPeriod { get; init; }

    /// <summary>How many sessions there may be at a time.</summary>
    public int MaxSessions { get; init; } = 4;

    /// <summary>
    /// Asked before a request is answered that may take time: true answers ResponseNotReady, and the requester comes back with
    /// RESPOND_IF_READY, when it is asked again.
    /// </summary>
    public Func<SpdmCode, bool>? IsNotReady { get; init; }

    /// <summary>Sees every request and its answer, or null.</summary>
    public IExchangeObserver? Observer { get; init; }
}
