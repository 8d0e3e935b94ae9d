using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Spdm.Certificates;

namespace CoveJit.TeeIo.Spdm.Requester;

/// <summary>How a requester behaves.</summary>
public sealed record SpdmRequesterOptions
{
    /// <summary>Which responders are trusted.</summary>
    public required CertificateVerifier Verifier { get; init; }

    /// <summary>Where nonces and keys come from.</summary>
    public IRandomSource Random { get; init; } = SystemRandomSource.Instance;

    /// <summary>What the requester says it can do.</summary>
    public SpdmCapabilities Capabilities { get; init; } =
        SpdmCapabilities.Encrypt | SpdmCapabilities.Mac | SpdmCapabilities.KeyExchange | SpdmCapabilities.Heartbeat | SpdmCapabilities.KeyUpdate;

    /// <summary>Hashes offered.</summary>
    public BaseHashAlgorithms Hashes { get; init; } = BaseHashAlgorithms.Sha256 | BaseHashAlgorithms.Sha384;

    /// <summary>Signature algorithms offered.</summary>
    public BaseAsymmetricAlgorithms Signatures { get; init; } = BaseAsymmetricAlgorithms.EcdsaP256 | BaseAsymmetricAlgorithms.EcdsaP384;

    /// <summary>Groups offered.</summary>
    public DheGroups Groups { get; init; } = DheGroups.Secp256r1 | DheGroups.Secp384r1;

    /// <summary>The largest message that the requester takes, in bytes.</summary>
    public int DataTransferSize { get; init; } = 4608;

    /// <summary>How much of a certificate chain is asked for at a time, in bytes.</summary>
    public int CertificatePortion { get; init; } = 1024;

    /// <summary>How often a request is repeated while the responder is busy or not ready.</summary>
    public int MaxRetries { get; init; } = 8;

    /// <summary>How many records a session's keys protect, each way, before KEY_UPDATE is required.</summary>
    public ulong MaxRecords { get; init; } = ulong.MaxValue - 1;

    /// <summary>Sees every exchange, or null.</summary>
    public IExchangeObserver? Observer { get; init; }
}
