using System.Security.Cryptography;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm;

/// <summary>The algorithms of a connection, as ALGORITHMS selected them.</summary>
public sealed record SpdmAlgorithms
{
    /// <summary>The hash of transcripts, certificates and the key schedule.</summary>
    public required BaseHashAlgorithms BaseHash { get; init; }

    /// <summary>The responder's signatures.</summary>
    public required BaseAsymmetricAlgorithms BaseAsymmetric { get; init; }

    /// <summary>The group of the key exchange; none if there are no sessions.</summary>
    public DheGroups Dhe { get; init; }

    /// <summary>The cipher of sessions; none if there are no sessions.</summary>
    public AeadCipherSuites Aead { get; init; }

    /// <summary>The key schedule; none if there are no sessions.</summary>
    public KeySchedules KeySchedule { get; init; }

    /// <summary>The hash of measurements.</summary>
    public MeasurementHashAlgorithms MeasurementHash { get; init; }

    /// <summary>The layout of opaque data.</summary>
    public OpaqueDataFormats OpaqueDataFormat { get; init; }

    /// <summary>The base hash, as the platform calls it.</summary>
    public HashAlgorithmName HashName => BaseHash == BaseHashAlgorithms.Sha384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;

    /// <summary>H, in bytes.</summary>
    public int HashSize => BaseHash == BaseHashAlgorithms.Sha384 ? SHA384.HashSizeInBytes : SHA256.HashSizeInBytes;

    /// <summary>The curve of the responder's signatures.</summary>
    public PrimeCurve SignatureCurve => BaseAsymmetric == BaseAsymmetricAlgorithms.EcdsaP384 ? PrimeCurve.P384 : PrimeCurve.P256;

    /// <summary>The curve of the key exchange.</summary>
    public PrimeCurve ExchangeCurve => Dhe == DheGroups.Secp384r1 ? PrimeCurve.P384 : PrimeCurve.P256;

    /// <summary>Whether a session can be made with these.</summary>
    public bool SupportSessions =>
        Dhe != DheGroups.None && Aead == AeadCipherSuites.Aes256Gcm && KeySchedule == KeySchedules.Spdm && OpaqueDataFormat == OpaqueDataFormats.Format1;

    /// <summary>The sizes that messages depend on.</summary>
    internal MessageContext Context => new()
    {
        HashSize = HashSize,
        SignatureSize = 2 * SignatureCurve.CoordinateSize,
        ExchangeSize = Dhe == DheGroups.None ? 0 : 2 * ExchangeCurve.CoordinateSize,
    };

    /// <summary>Reads the selection of a responder.</summary>
    /// <param name="response">ALGORITHMS.</param>
    /// <returns>The algorithms, or null if one that is always needed is missing or unknown.</returns>
    public static SpdmAlgorithms? From(AlgorithmsResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        SpdmAlgorithms algorithms = new()
        {
            BaseHash = response.BaseHash,
            BaseAsymmetric = response.BaseAsymmetric,
            Dhe = (DheGroups)response.Selected(AlgorithmType.Dhe),
            Aead = (AeadCipherSuites)response.Selected(AlgorithmType.Aead),
            KeySchedule = (KeySchedules)response.Selected(AlgorithmType.KeySchedule),
            MeasurementHash = response.MeasurementHash,
            OpaqueDataFormat = response.OpaqueDataFormat,
        };
        bool known = algorithms.BaseHash is BaseHashAlgorithms.Sha256 or BaseHashAlgorithms.Sha384
            && algorithms.BaseAsymmetric is BaseAsymmetricAlgorithms.EcdsaP256 or BaseAsymmetricAlgorithms.EcdsaP384
            && Enum.IsDefined(algorithms.Dhe) && Enum.IsDefined(algorithms.Aead) && Enum.IsDefined(algorithms.KeySchedule)
            && Enum.IsDefined(algorithms.OpaqueDataFormat);
        return known ? algorithms : null;
    }

    /// <summary>A digest of the base hash.</summary>
    /// <param name="data">What is hashed.</param>
    public byte[] Hash(ReadOnlySpan<byte> data) => CryptographicOperations.HashData(HashName, data);

    /// <summary>A digest of the measurement hash.</summary>
    /// <param name="data">What is hashed.</param>
    internal byte[] HashMeasurement(ReadOnlySpan<byte> data) =>
        MeasurementHash == MeasurementHashAlgorithms.Sha384 ? SHA384.HashData(data) : SHA256.HashData(data);
}
