using System.Security.Cryptography;
using System.Text;
using CoveJit.Attestation.Certificates;
using CoveJit.Attestation.Evidence;

namespace CoveJit.Attestation.Verification;

/// <summary>Evidence as a TVM presents it: by itself, in a CBOR certificate, in an X.509 certificate, or at the head of an X.509 chain.</summary>
/// <param name="Token">The evidence.</param>
/// <param name="Cbor">The CBOR certificate around it, if that is what was presented.</param>
/// <param name="Chain">X.509 certificates, the TVM's first; empty if none were presented.</param>
public sealed record PresentedEvidence(EvidenceToken Token, CborCertificate? Cbor, IReadOnlyList<DiceCertificate> Chain)
{
    /// <summary>Most bytes of a file: a chain in PEM.</summary>
    public const int MaxFile = 8 * EvidenceToken.MaxSize;

    private const int MaxChain = 4;
    private const byte DerSequence = 0x30;
    private const byte CborTag18 = 0xD2;
    private const string What = "the evidence";
    private const string PemStart = "-----BEGIN ";

    /// <summary>What was presented, in words.</summary>
    public string Form => Cbor is not null ? "CBOR certificate" : Chain.Count switch
    {
        0 => "evidence without certificate",
        1 => "X.509 certificate",
        _ => $"X.509 chain of {Chain.Count} certificates",
    };

    /// <summary>Reads evidence from a file, whatever its form.</summary>
    /// <exception cref="AttestationException">It cannot be read, or is none.</exception>
    public static PresentedEvidence Load(string path) => Decode(HostFiles.Read(path, "evidence", MaxFile));

    /// <summary>Reads evidence, whatever its form.</summary>
    /// <param name="bytes">The bytes, hostile.</param>
    /// <exception cref="AttestationException">It is none.</exception>
    public static PresentedEvidence Decode(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.StartsWith(Encoding.ASCII.GetBytes(PemStart)))
        {
            return OfChain([.. ReadPem(bytes.Span, "CERTIFICATE", MaxChain).Select(der => DiceCertificate.Decode(der))]);
        }

        switch (bytes.Span)
        {
            case [DerSequence, ..]:
                return OfChain([DiceCertificate.Decode(bytes)]);
            case [CborTag18, ..]:
                CborCertificate certificate = CborCertificate.Decode(bytes);
                return new PresentedEvidence(certificate.Evidence, certificate, []);
            default:
                return new PresentedEvidence(EvidenceToken.Decode(bytes), null, []);
        }
    }

    /// <summary>Reads the blocks of a PEM file.</summary>
    internal static List<byte[]> ReadPem(ReadOnlySpan<byte> bytes, string label, int maximum)
    {
        if (bytes.Length > MaxFile)
        {
            throw AttestationException.Malformed(What, $"has more than {MaxFile} bytes");
        }

        ReadOnlySpan<char> text = Encoding.Latin1.GetString(bytes);
        List<byte[]> blocks = [];
        while (PemEncoding.TryFind(text, out PemFields fields) && blocks.Count < maximum && text[fields.Label].SequenceEqual(label))
        {
            byte[] block = new byte[fields.DecodedDataLength];
            Convert.TryFromBase64Chars(text[fields.Base64Data], block, out _);
            blocks.Add(block);
            text = text[fields.Location.End..];
        }

        return blocks.Count > 0 && !text.Contains(PemStart, StringComparison.Ordinal)
            ? blocks
            : throw AttestationException.Malformed("the PEM file", $"holds something else than 1 to {maximum} blocks '{label}'");
    }

    private static PresentedEvidence OfChain(List<DiceCertificate> chain)
    {
        EvidenceToken token = chain[0].Evidence ?? throw AttestationException.Malformed("the first certificate", "carries no evidence (extension 2.23.133.5.4.6)");
        return chain.Skip(1).All(certificate => certificate.Evidence is null)
            ? new PresentedEvidence(token, null, chain)
            : throw AttestationException.Malformed("the chain", "has more than one certificate with evidence");
    }
}
