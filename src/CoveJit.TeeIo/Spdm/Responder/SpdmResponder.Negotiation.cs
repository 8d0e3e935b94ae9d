using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Session;

namespace CoveJit.TeeIo.Spdm.Responder;

// GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS.
public sealed partial class SpdmResponder
{
    private const ushort Version12Entry = 0x1200;

    private byte[] OnGetVersion(byte[] raw)
    {
        Reset();
        byte[] response = new VersionResponse { Entries = [Version12Entry] }.Encode();
        Append(_vca, raw, response);
        _stage = Stage.AfterVersion;
        return response;
    }

    private byte[] OnGetCapabilities(GetCapabilities request, byte[] raw)
    {
        _peerCapabilities = request.Flags;
        _peerLimit = (int)Math.Min(request.DataTransferSize, RecordKeys.MaxMessage);
        byte[] response = new CapabilitiesResponse
        {
            Flags = _options.Capabilities,
            CryptoTimeoutExponent = _options.CryptoTimeoutExponent,
            DataTransferSize = (uint)_options.DataTransferSize,
            MaxMessageSize = (uint)_options.DataTransferSize,
        }.Encode();
        Append(_vca, raw, response);
        _stage = Stage.AfterCapabilities;
        return response;
    }

    private byte[] OnNegotiateAlgorithms(NegotiateAlgorithms request, byte[] raw)
    {
        BaseHashAlgorithms hash = Highest(request.BaseHash & _options.Hashes, BaseHashAlgorithms.Sha384, BaseHashAlgorithms.Sha256);
        bool measure = Has(SpdmCapabilities.MeasurementSigned | SpdmCapabilities.MeasurementUnsigned) && (request.MeasurementSpecification & 1) != 0;
        AlgorithmsResponse selection = new()
        {
            MeasurementSpecification = (byte)(measure ? 1 : 0),
            OpaqueDataFormat = request.OpaqueDataFormats & OpaqueDataFormats.Format1,
            MeasurementHash = !measure ? MeasurementHashAlgorithms.None
                : hash == BaseHashAlgorithms.Sha384 ? MeasurementHashAlgorithms.Sha384 : MeasurementHashAlgorithms.Sha256,
            BaseAsymmetric = request.BaseAsymmetric & SignatureAlgorithm,
            BaseHash = hash,
            Structures = [.. request.Structures.Select(Select)],
        };
        _algorithms = SpdmAlgorithms.From(selection);
        if (_algorithms is null)
        {
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        _chain = CertificateChain.Create(_algorithms, _options.Certificates);
        byte[] response = selection.Encode();
        Append(_vca, raw, response);
        _stage = Stage.Negotiated;
        return response;
    }

    private BaseAsymmetricAlgorithms SignatureAlgorithm =>
        _options.Signer.Curve == PrimeCurve.P384 ? BaseAsymmetricAlgorithms.EcdsaP384 : BaseAsymmetricAlgorithms.EcdsaP256;

    private AlgorithmStructure Select(AlgorithmStructure offered) => new(offered.Type, offered.Type switch
    {
        AlgorithmType.Dhe => (ushort)Highest((DheGroups)offered.Bits & _options.Groups, DheGroups.Secp384r1, DheGroups.Secp256r1),
        AlgorithmType.Aead => (ushort)((AeadCipherSuites)offered.Bits & AeadCipherSuites.Aes256Gcm),
        AlgorithmType.KeySchedule => (ushort)((KeySchedules)offered.Bits & KeySchedules.Spdm),

        // Signatures of requesters are for mutual authentication, which is not supported.
        _ => (ushort)0,
    });

    private static T Highest<T>(T common, params ReadOnlySpan<T> byPreference)
        where T : struct, Enum
    {
        foreach (T algorithm in byPreference)
        {
            if (common.HasFlag(algorithm))
            {
                return algorithm;
            }
        }

        return default;
    }
}
