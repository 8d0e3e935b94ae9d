using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Certificates;

/// <summary>
/// A certificate chain as it lies in a slot (DSP0274, "Certificates and certificate chains"): length, reserved, digest of the root
/// certificate, then DER certificates from the root, or the one the root signed, to the leaf.
/// </summary>
public sealed class CertificateChain
{
    /// <summary>More certificates than this are refused.</summary>
    public const int MaxCertificates = 10;

    private const int HeaderSize = 4;

    private CertificateChain(byte[] bytes, int hashSize, IReadOnlyList<ReadOnlyMemory<byte>> certificates)
    {
        Bytes = bytes;
        RootHash = bytes.AsMemory(HeaderSize, hashSize);
        Certificates = certificates;
    }

    /// <summary>The whole object.</summary>
    public byte[] Bytes { get; }

    /// <summary>RootHash.</summary>
    public ReadOnlyMemory<byte> RootHash { get; }

    /// <summary>The certificates in DER, the leaf last.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Certificates { get; }

    /// <summary>Makes the object of a slot.</summary>
    /// <param name="algorithms">The connection's algorithms: the base hash matters.</param>
    /// <param name="certificates">The certificates in DER, the root first, the leaf last.</param>
    /// <exception cref="ArgumentException">They are none, too many or too large, or are not DER.</exception>
    public static CertificateChain Create(SpdmAlgorithms algorithms, IReadOnlyList<byte[]> certificates)
    {
        ArgumentNullException.ThrowIfNull(algorithms);
        ArgumentNullException.ThrowIfNull(certificates);
        ArgumentOutOfRangeException.ThrowIfZero(certificates.Count);
        byte[] bytes = [0, 0, 0, 0, .. algorithms.Hash(certificates[0]), .. certificates.SelectMany(static c => c)];
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, SpdmLimits.CertificateChainSize);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)bytes.Length);
        return TryParse(bytes, algorithms.HashSize, out CertificateChain? chain, out MessageFault? fault)
            ? chain
            : throw new ArgumentException(fault.ToString(), nameof(certificates));
    }

    /// <summary>Reads the object of a slot; the certificates' contents are not looked at.</summary>
    /// <param name="bytes">The object.</param>
    /// <param name="hashSize">H, in bytes.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    public static bool TryParse(
        byte[] bytes, int hashSize, [NotNullWhen(true)] out CertificateChain? chain, [NotNullWhen(false)] out MessageFault? fault)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        chain = null;
        if (bytes.Length < HeaderSize + hashSize || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != bytes.Length)
        {
            fault = new MessageFault("Length", "is not the size of the chain");
            return false;
        }

        List<ReadOnlyMemory<byte>> certificates = [];
        for (ReadOnlyMemory<byte> rest = bytes.AsMemory(HeaderSize + hashSize); !rest.IsEmpty; rest = rest[certificates[^1].Length..])
        {
            if (certificates.Count == MaxCertificates
                || !AsnDecoder.TryReadEncodedValue(rest.Span, AsnEncodingRules.DER, out Asn1Tag tag, out _, out _, out int size)
                || tag != Asn1Tag.Sequence)
            {
                fault = new MessageFault("Certificates", $"certificate {certificates.Count} is no DER sequence, or one too many");
                return false;
            }

            certificates.Add(rest[..size]);
        }

        fault = certificates.Count == 0 ? new MessageFault("Certificates", "there is none") : null;
        if (fault is not null)
        {
            return false;
        }

        chain = new CertificateChain(bytes, hashSize, certificates);
        return true;
    }
}
