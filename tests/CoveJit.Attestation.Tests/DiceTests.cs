using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;

namespace CoveJit.Attestation.Tests;

public sealed class DiceTests
{
    // RFC 6979, A.2.6: P-384 with SHA-384.
    private const string Scalar = "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5";
    private const string PublicX = "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC13";

    [Theory]
    [InlineData(
        "sample",
        "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
        "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8")]
    [InlineData(
        "test",
        "8203B63D3C853E8D77227FB377BCF7B7B772E97892A80F36AB775D509D7A5FEB0542A7F0812998DA8F1DD3CA3CF023DB",
        "DDD0760448D42D8A43AF45AF836FCE4DE8BE06B485E9B61B827C2F13173923E06A739F040649A667BF3B828246BAA5A5")]
    public void Signatures_are_those_of_RFC_6979(string message, string r, string s)
    {
        using DeterministicEcdsa key = new(P384.ToInteger(Convert.FromHexString(Scalar)));
        Assert.Equal(PublicX, Convert.ToHexString(key.PublicKey.Point[..48]));
        byte[] data = System.Text.Encoding.ASCII.GetBytes(message);
        byte[] signature = key.SignData(data, HashAlgorithmName.SHA384);
        Assert.Equal(r + s, Convert.ToHexString(signature));
        Assert.True(key.VerifyData(data, signature, HashAlgorithmName.SHA384));
    }

    [Fact]
    public void Scalars_of_extreme_seeds_are_in_range()
    {
        Assert.Equal(1, P384.ScalarFromSeed(new byte[P384.SeedSize]));
        Assert.InRange(P384.ScalarFromSeed(Enumerable.Repeat((byte)0xFF, P384.SeedSize).ToArray()), 1, P384.Order - 1);
        byte[] multiple = new byte[P384.SeedSize];
        P384.ToBytes(P384.Order - 1).CopyTo(multiple, 8);
        Assert.Equal(1, P384.ScalarFromSeed(multiple));
    }

    [Fact]
    public void The_same_platform_gives_the_same_bytes()
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        TestPlatform platform = new() { TvmKey = key };
        Assert.Equal(platform.Certificate(CertificateFormats.Cbor), platform.Certificate(CertificateFormats.Cbor));
        Assert.Equal(platform.Certificate(CertificateFormats.X509), platform.Certificate(CertificateFormats.X509));
    }

    [Fact]
    public void Every_layer_depends_on_everything_below_it()
    {
        TestPlatform original = new();
        TestPlatform[] others =
        [
            original with { DeviceSecret = 2 },
            original with { State = PlatformState.Debug },
            original with { FirmwareVersion = "firmware 2" },
            original with { TsmVersion = "tsm 2" },
            original with { TsmConfiguration = "other" },
        ];
        TestPlatform[] platforms = [original, .. others];
        Assert.Equal(platforms.Length, platforms.Select(platform => platform.Start().PublicKey.KeyId).Distinct().Count());
        Assert.Equal(platforms.Length, platforms.Select(platform => platform.Start().SealingKey.KeyId).Distinct().Count());
        Assert.NotEqual(original.Start().PublicKey, original.Start().SealingKey);

        // The platform's own key does not depend on what runs above it; the TVM's secret depends on the TVM.
        Assert.Equal(PlatformKey(original), PlatformKey(others[3]));
        Assert.NotEqual(PlatformKey(original), PlatformKey(others[2]));
        TestPlatform[] tenants = [.. platforms, original with { CommandLine = "other" }, original with { EntryPc = 0 }];
        Assert.Equal(tenants.Length, tenants.Select(tenant => Convert.ToHexString(tenant.Start().DeriveTvmSecret(tenant.Launch(tenant.Start())))).Distinct().Count());
        static P384PublicKey PlatformKey(TestPlatform platform) => EvidenceToken.Decode(platform.Evidence()).Platform.PublicKey;
    }

    [Fact]
    public void Identifiers_are_positive_20_byte_integers()
    {
        for (byte secret = 0; secret < 40; secret++)
        {
            Assert.Equal(0x40, new RootOfTrust(Enumerable.Repeat(secret, 32).ToArray()).PublicKey.KeyId.Bytes[0] & 0xC0);
        }
    }

    [Fact]
    public void Only_finalized_TVMs_are_attested()
    {
        TestPlatform platform = new();
        TsmAttestation tsm = platform.Start();
        AttestationRequest request = new(tsm.CreateRegisters(), platform.TvmPublicKey, TestPlatform.Challenge);
        Assert.Throws<InvalidOperationException>(() => tsm.CreateEvidence(request));
        Assert.Throws<InvalidOperationException>(() => tsm.DeriveTvmSecret(request.Registers));
    }
}
