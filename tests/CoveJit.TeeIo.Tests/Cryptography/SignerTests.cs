using System.Security.Cryptography;
using System.Text;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Cryptography;

public sealed class SignerTests
{
    private const string Key256 = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
    private const string Key384 = "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5";

    /// <summary>RFC 6979, appendices A.2.5 and A.2.6.</summary>
    [Theory]
    [InlineData(
        "P-256", "SHA256", "sample",
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8")]
    [InlineData(
        "P-256", "SHA256", "test",
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083")]
    [InlineData(
        "P-256", "SHA384", "sample",
        "0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719",
        "4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954")]
    [InlineData(
        "P-384", "SHA384", "sample",
        "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
        "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8")]
    [InlineData(
        "P-384", "SHA256", "sample",
        "21B13D1E013C7FA1392D03C5F99AF8B30C570C6F98D4EA8E354B63A21D3DAA33BDE1E888E63355D92FA2B3C36D8FB2CD",
        "F3AA443FB107745BF4BD77CB3891674632068A10CA67E3D45DB2266FA7D1FEEBEFDC63ECCD1AC42EC0CB8668A4FA0AB0")]
    public void Deterministic_signatures_are_those_of_RFC_6979(string curve, string hash, string message, string r, string s)
    {
        bool p256 = curve == "P-256";
        DeterministicSigner signer = new(p256 ? PrimeCurve.P256 : PrimeCurve.P384, Convert.FromHexString(p256 ? Key256 : Key384));

        byte[] signature = signer.Sign(Encoding.ASCII.GetBytes(message), new HashAlgorithmName(hash));

        Assert.Equal(r + s, Convert.ToHexString(signature));
    }

    [Fact]
    public void Both_signers_make_signatures_that_the_platform_accepts()
    {
        byte[] scalar = PrimeCurve.P384.DrawScalar(TestDevice.Random("signer"));
        using EcdsaSigner platform = new(PrimeCurve.P384, scalar);
        DeterministicSigner deterministic = new(PrimeCurve.P384, scalar);
        using ECDsa key = ECDsa.Create(new ECParameters { Curve = PrimeCurve.P384.Curve, Q = platform.PublicPoint });

        for (int i = 0; i < 20; i++)
        {
            byte[] message = [(byte)i];
            Assert.True(key.VerifyData(message, platform.Sign(message, HashAlgorithmName.SHA384), HashAlgorithmName.SHA384));
            Assert.True(key.VerifyData(message, deterministic.Sign(message, HashAlgorithmName.SHA384), HashAlgorithmName.SHA384));
        }
    }

    [Fact]
    public void Two_ephemeral_keys_agree_and_points_off_the_curve_are_refused()
    {
        using EphemeralKey a = new(PrimeCurve.P384, TestDevice.Random("a"));
        using EphemeralKey b = new(PrimeCurve.P384, TestDevice.Random("b"));

        Assert.True(a.TryAgree(b.PublicPoint, out byte[]? ab));
        Assert.True(b.TryAgree(a.PublicPoint, out byte[]? ba));
        Assert.Equal(ab, ba);
        byte[] off = [.. b.PublicPoint];
        off[^1] ^= 1;
        Assert.False(a.TryAgree(off, out _));
        Assert.False(a.TryAgree(new byte[96], out _));
        Assert.False(a.TryAgree(b.PublicPoint.AsSpan(1), out _));
    }
}
