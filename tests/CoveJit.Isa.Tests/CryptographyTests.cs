using System.Buffers.Binary;
using System.Security.Cryptography;
using CoveJit.Isa.Extensions;

namespace CoveJit.Isa.Tests;

/// <summary>Whole ciphers and hashes built from the instructions, against the standards' vectors and the platform's implementation.</summary>
public class CryptographyTests
{
    [Fact]
    public void Aes128_matches_the_example_of_FIPS_197()
    {
        byte[] key = Convert.FromHexString("000102030405060708090a0b0c0d0e0f");
        byte[] plain = Convert.FromHexString("00112233445566778899aabbccddeeff");
        Assert.Equal("69C4E0D86A7B0430D8CDB78070B4C55A", Convert.ToHexString(Encrypt(ExpandKey(key), plain)));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    public void Aes_agrees_with_the_platform(int keySize)
    {
        Random random = new(keySize);
        for (int i = 0; i < 200; i++)
        {
            byte[] key = new byte[keySize];
            byte[] plain = new byte[16];
            random.NextBytes(key);
            random.NextBytes(plain);
            using Aes aes = Aes.Create();
            aes.Key = key;
            byte[] expected = aes.EncryptEcb(plain, PaddingMode.None);
            (ulong, ulong)[] schedule = ExpandKey(key);
            Assert.Equal(expected, Encrypt(schedule, plain));
            Assert.Equal(plain, Decrypt(schedule, expected));
        }
    }

    [Fact]
    public void Sha256_of_abc()
    {
        // One padded block; the constants are the fractional parts of cube and square roots (FIPS 180-4).
        uint[] w = new uint[64];
        w[0] = 0x61626380;
        w[15] = 24;
        for (int t = 16; t < 64; t++)
        {
            w[t] = (uint)Zknh.Sha256sig1(w[t - 2]) + w[t - 7] + (uint)Zknh.Sha256sig0(w[t - 15]) + w[t - 16];
        }

        uint[] initial = [.. Primes(8).Select(prime => (uint)(Root(prime, 2) >> 32))];
        uint[] k = [.. Primes(64).Select(prime => (uint)(Root(prime, 3) >> 32))];
        uint[] s = [.. initial];
        for (int t = 0; t < 64; t++)
        {
            uint t1 = s[7] + (uint)Zknh.Sha256sum1(s[4]) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[t] + w[t];
            uint t2 = (uint)Zknh.Sha256sum0(s[0]) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            s = [t1 + t2, s[0], s[1], s[2], s[3] + t1, s[4], s[5], s[6]];
        }

        string hash = string.Concat(s.Zip(initial, (a, b) => (a + b).ToString("X8", null)));
        Assert.Equal(Convert.ToHexString(SHA256.HashData("abc"u8)), hash);
    }

    [Fact]
    public void Sha512_of_abc()
    {
        ulong[] w = new ulong[80];
        w[0] = 0x6162638000000000;
        w[15] = 24;
        for (int t = 16; t < 80; t++)
        {
            w[t] = Zknh.Sha512sig1(w[t - 2]) + w[t - 7] + Zknh.Sha512sig0(w[t - 15]) + w[t - 16];
        }

        ulong[] initial = [.. Primes(8).Select(prime => Root(prime, 2))];
        ulong[] k = [.. Primes(80).Select(prime => Root(prime, 3))];
        ulong[] s = [.. initial];
        for (int t = 0; t < 80; t++)
        {
            ulong t1 = s[7] + Zknh.Sha512sum1(s[4]) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[t] + w[t];
            ulong t2 = Zknh.Sha512sum0(s[0]) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            s = [t1 + t2, s[0], s[1], s[2], s[3] + t1, s[4], s[5], s[6]];
        }

        string hash = string.Concat(s.Zip(initial, (a, b) => (a + b).ToString("X16", null)));
        Assert.Equal(Convert.ToHexString(SHA512.HashData("abc"u8)), hash);
    }

    private static IEnumerable<int> Primes(int count) => Enumerable.Range(2, 500).Where(n => Enumerable.Range(2, n - 2).All(d => n % d != 0)).Take(count);

    /// <summary>The first 64 fractional bits of the root, by bisection.</summary>
    private static ulong Root(int value, int degree)
    {
        System.Numerics.BigInteger target = (System.Numerics.BigInteger)value << (64 * degree);
        System.Numerics.BigInteger root = 0;
        for (int bit = 70; bit >= 0; bit--)
        {
            System.Numerics.BigInteger candidate = root + (System.Numerics.BigInteger.One << bit);
            root = System.Numerics.BigInteger.Pow(candidate, degree) <= target ? candidate : root;
        }

        return (ulong)(root & ulong.MaxValue);
    }

    private static (ulong Low, ulong High)[] ExpandKey(byte[] key)
    {
        List<ulong> words = [];
        for (int i = 0; i < key.Length; i += 8)
        {
            words.Add(BinaryPrimitives.ReadUInt64LittleEndian(key.AsSpan(i)));
        }

        int rounds = key.Length == 16 ? 10 : 14;
        int step = key.Length / 8;
        for (int round = 0; words.Count < (rounds + 1) * 2; round++)
        {
            ulong transformed = Zkne.Aes64ks1i(words[^1], round);
            words.Add(Zkne.Aes64ks2(transformed, words[^step]));
            words.Add(Zkne.Aes64ks2(words[^1], words[^step]));
            if (step == 4)
            {
                // AES-256 substitutes without rotation in between: round number 10.
                words.Add(Zkne.Aes64ks2(Zkne.Aes64ks1i(words[^1], 10), words[^step]));
                words.Add(Zkne.Aes64ks2(words[^1], words[^step]));
            }
        }

        return [.. Enumerable.Range(0, rounds + 1).Select(i => (words[2 * i], words[(2 * i) + 1]))];
    }

    private static byte[] Encrypt((ulong Low, ulong High)[] keys, byte[] block)
    {
        (ulong low, ulong high) = Read(block);
        for (int round = 0; round < keys.Length - 1; round++)
        {
            low ^= keys[round].Low;
            high ^= keys[round].High;
            (low, high) = round < keys.Length - 2
                ? (Zkne.Aes64esm(low, high), Zkne.Aes64esm(high, low))
                : (Zkne.Aes64es(low, high), Zkne.Aes64es(high, low));
        }

        return Write(low ^ keys[^1].Low, high ^ keys[^1].High);
    }

    private static byte[] Decrypt((ulong Low, ulong High)[] keys, byte[] block)
    {
        (ulong low, ulong high) = Read(block);
        low ^= keys[^1].Low;
        high ^= keys[^1].High;
        for (int round = keys.Length - 2; round > 0; round--)
        {
            (low, high) = (Zknd.Aes64dsm(low, high), Zknd.Aes64dsm(high, low));
            low ^= Zknd.Aes64im(keys[round].Low);
            high ^= Zknd.Aes64im(keys[round].High);
        }

        return Write(Zknd.Aes64ds(low, high) ^ keys[0].Low, Zknd.Aes64ds(high, low) ^ keys[0].High);
    }

    private static (ulong Low, ulong High) Read(byte[] block) => (BinaryPrimitives.ReadUInt64LittleEndian(block), BinaryPrimitives.ReadUInt64LittleEndian(block.AsSpan(8)));

    private static byte[] Write(ulong low, ulong high)
    {
        byte[] block = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(block, low);
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(8), high);
        return block;
    }
}
