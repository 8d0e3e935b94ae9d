using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;

namespace CoveJit.Attestation.Tests;

/// <summary>Evidence read without this library's parsers: COSE by hand, X.509 by OpenSSL and by the host's library.</summary>
public sealed class IndependentParserTests
{
    [Fact]
    public void Each_token_verifies_by_RFC_9052_alone()
    {
        TestPlatform platform = new();
        CborReader reader = new(platform.Evidence());
        Assert.Equal(1, reader.ReadStartMap());
        Assert.Equal(266, reader.ReadInt32());
        Assert.Equal(3, reader.ReadStartMap());
        Dictionary<string, ReadOnlyMemory<byte>> tokens = [];
        for (int i = 0; i < 3; i++)
        {
            tokens.Add(reader.ReadTextString(), reader.ReadEncodedValue().ToArray());
        }

        Dictionary<int, ReadOnlyMemory<byte>> platformClaims = VerifyToken(tokens["platform"], platform.Root.PublicKey.ToCose());
        Dictionary<int, ReadOnlyMemory<byte>> tsmClaims = VerifyToken(tokens["tsm"], Bytes(platformClaims[-75001]));
        Dictionary<int, ReadOnlyMemory<byte>> tvmClaims = VerifyToken(tokens["tvm"], Bytes(tsmClaims[-75011]));
        Assert.Equal([-75004, -75003, -75002, -75001, 265], platformClaims.Keys.Order());
        Assert.Equal([-75013, -75012, -75011], tsmClaims.Keys.Order());
        Assert.Equal([-75024, -75023, -75022, 10], tvmClaims.Keys.Order());
        Assert.Equal("https://riscv.org/TBD", new CborReader(platformClaims[265]).ReadTextString());
        Assert.Equal(2, new CborReader(platformClaims[-75003]).ReadInt32());
        Assert.Equal(TestPlatform.Challenge, Bytes(tvmClaims[10]));
        Assert.Equal(platform.TvmPublicKey.ToCose(), Bytes(tvmClaims[-75022]));
    }

    [Fact]
    public void The_CBOR_certificate_verifies_by_RFC_9052_alone()
    {
        TestPlatform platform = new();
        P384PublicKey tsm = platform.Start().PublicKey;
        Dictionary<int, ReadOnlyMemory<byte>> claims = VerifyToken(platform.Certificate(CertificateFormats.Cbor), tsm.ToCose());
        Assert.Equal(tsm.KeyId.ToString(), new CborReader(claims[1]).ReadTextString());
        Assert.Equal(platform.TvmPublicKey.KeyId.ToString(), new CborReader(claims[2]).ReadTextString());
        Assert.Equal(266, EvidenceLabel(claims[-75031]));
    }

    [Fact]
    public void The_X509_certificate_has_the_fields_of_the_specification()
    {
        TestPlatform platform = new();
        TsmAttestation tsm = platform.Start();
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(platform.Certificate(CertificateFormats.X509));
        Assert.Equal(3, certificate.Version);
        Assert.Equal(tsm.PublicKey.KeyId.ToString(), certificate.SerialNumber.ToLowerInvariant());
        Assert.Equal($"CN={tsm.PublicKey.KeyId}", certificate.Issuer);
        Assert.Equal($"CN={platform.TvmPublicKey.KeyId}", certificate.Subject);
        Assert.Equal("1.2.840.10045.4.3.3", certificate.SignatureAlgorithm.Value);
        Assert.Equal(new DateTime(9999, 12, 31, 23, 59, 59, DateTimeKind.Utc), certificate.NotAfter.ToUniversalTime());
        Assert.Equal(platform.TvmPublicKey.ToSubjectPublicKeyInfo(), certificate.PublicKey.ExportSubjectPublicKeyInfo());
        X509Extension evidence = certificate.Extensions["2.23.133.5.4.6"]!;
        Assert.True(evidence.Critical);
        CborReader reader = new(evidence.RawData);
        Assert.Equal(601UL, (ulong)reader.ReadTag());
        Assert.Equal(266, EvidenceLabel(reader.ReadEncodedValue()));
    }

    [OpenSslFact]
    public void OpenSSL_verifies_the_chain_and_no_other()
    {
        TestPlatform platform = new();
        TsmAttestation tsm = platform.Start();
        using OpenSsl openSsl = new();
        openSsl.WritePem("root.pem", tsm.CertificateChain[2]);
        openSsl.WritePem("other.pem", (platform with { DeviceSecret = 9 }).Root.Certificate);
        openSsl.WritePem("chain.pem", tsm.CertificateChain[0], tsm.CertificateChain[1]);
        openSsl.WritePem("tvm.pem", platform.Certificate(CertificateFormats.X509));

        // The evidence extension is critical, and OpenSSL does not know it.
        string[] verify = ["verify", "-x509_strict", "-ignore_critical", "-untrusted", "chain.pem", "-CAfile"];
        Assert.Equal((0, "tvm.pem: OK"), openSsl.Run([.. verify, "root.pem", "tvm.pem"]));
        Assert.NotEqual(0, openSsl.Run([.. verify, "other.pem", "tvm.pem"]).ExitCode);
        Assert.NotEqual(0, openSsl.Run("verify", "-untrusted", "chain.pem", "-CAfile", "root.pem", "tvm.pem").ExitCode);

        openSsl.WritePem("changed.pem", Changed(platform.Certificate(CertificateFormats.X509)));
        Assert.NotEqual(0, openSsl.Run([.. verify, "root.pem", "changed.pem"]).ExitCode);
        Assert.Contains("pathlen:0", openSsl.Run("x509", "-in", "tvm.pem", "-noout", "-ext", "basicConstraints,keyUsage").Output, StringComparison.Ordinal);
    }

    private static byte[] Changed(byte[] certificate)
    {
        certificate[^1] ^= 1;
        return certificate;
    }

    // Sig_structure = ["Signature1", body_protected, external_aad, payload] (RFC 9052, 4.4), encoded by hand.
    private static Dictionary<int, ReadOnlyMemory<byte>> VerifyToken(ReadOnlyMemory<byte> token, byte[] coseKey)
    {
        CborReader reader = new(token);
        Assert.Equal(18UL, (ulong)reader.ReadTag());
        Assert.Equal(4, reader.ReadStartArray());
        byte[] protectedHeader = reader.ReadByteString();
        Assert.Equal([1, 0x38, 34], protectedHeader[1..4]);
        Assert.Equal(0, reader.ReadStartMap());
        reader.ReadEndMap();
        byte[] payload = reader.ReadByteString();
        byte[] signature = reader.ReadByteString();
        reader.ReadEndArray();
        byte[] signed = [0x84, 0x6A, .. "Signature1"u8, .. ByteString(protectedHeader), 0x40, .. ByteString(payload)];
        using ECDsa key = KeyOf(coseKey);
        Assert.True(key.VerifyData(signed, signature, HashAlgorithmName.SHA384));
        signed[^1] ^= 1;
        Assert.False(key.VerifyData(signed, signature, HashAlgorithmName.SHA384));

        CborReader claims = new(payload);
        Assert.Equal(61UL, (ulong)claims.ReadTag());
        int count = claims.ReadStartMap()!.Value;
        return Enumerable.Range(0, count).Select(_ => (Label: claims.ReadInt32(), Value: (ReadOnlyMemory<byte>)claims.ReadEncodedValue().ToArray())).ToDictionary(claim => claim.Label, claim => claim.Value);
    }

    private static byte[] ByteString(byte[] bytes) => bytes.Length switch
    {
        < 24 => [(byte)(0x40 + bytes.Length), .. bytes],
        < 256 => [0x58, (byte)bytes.Length, .. bytes],
        _ => [0x59, (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes],
    };

    // {1: 2, -1: 2, -2: x, -3: y}: the coordinates are at fixed places.
    private static ECDsa KeyOf(byte[] coseKey) => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP384,
        Q = new ECPoint { X = coseKey[8..56], Y = coseKey[59..107] },
    });

    private static byte[] Bytes(ReadOnlyMemory<byte> encoded) => new CborReader(encoded).ReadByteString();

    private static int EvidenceLabel(ReadOnlyMemory<byte> encoded)
    {
        CborReader reader = new(encoded);
        Assert.Equal(1, reader.ReadStartMap());
        return reader.ReadInt32();
    }
}
