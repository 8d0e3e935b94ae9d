using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CoveJit.TeeIo.Cryptography;

namespace CoveJit.TeeIo.Provisioning;

/// <summary>Lets a certificate be signed by an <see cref="ISigner"/>.</summary>
internal sealed class SignatureGenerator(ISigner signer) : X509SignatureGenerator
{
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private const string EcdsaWithSha384 = "1.2.840.10045.4.3.3";

    public static HashAlgorithmName HashOf(PrimeCurve curve) => curve == PrimeCurve.P384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;

    public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(hashAlgorithm == HashAlgorithmName.SHA384 ? EcdsaWithSha384 : EcdsaWithSha256);
        }

        return writer.Encode();
    }

    public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm)
    {
        // X.509 wants the two numbers in a sequence.
        byte[] signature = signer.Sign(data, hashAlgorithm);
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            int half = signature.Length / 2;
            writer.WriteInteger(new System.Numerics.BigInteger(signature.AsSpan(0, half), isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(new System.Numerics.BigInteger(signature.AsSpan(half), isUnsigned: true, isBigEndian: true));
        }

        return writer.Encode();
    }

    protected override PublicKey BuildPublicKey() => PublicKeyOf(signer);

    internal static PublicKey PublicKeyOf(ISigner signer)
    {
        using ECDsa key = ECDsa.Create(new ECParameters { Curve = signer.Curve.Curve, Q = signer.PublicPoint });
        return new PublicKey(key);
    }
}
