using System.Formats.Cbor;
using System.Text;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Measurements;
using CoveJit.Attestation.Verification;

namespace CoveJit.Attestation.Tests;

public sealed class HostileInputTests
{
    private const int Seed = 20260;
    private static readonly TestPlatform Platform = new();

    public static TheoryData<string> FormNames => ["evidence", "cbor", "x509", "pem"];

    [Theory]
    [MemberData(nameof(FormNames))]
    public void No_changed_bit_is_accepted(string form)
    {
        byte[] good = Form(form);
        ReferenceValues reference = Platform.Reference();
        Expectations expectations = new([], TestPlatform.Challenge, Platform.TvmPublicKey);
        Assert.True(Accepts(good));
        Random random = new(Seed);
        for (int i = 0; i < 150; i++)
        {
            byte[] bad = [.. good];
            int place = random.Next(bad.Length);
            bad[place] ^= (byte)(1 << random.Next(8));

            // PEM has line ends, and base64 padding bits, that carry nothing: only what decodes differently has to be refused.
            Assert.False(Accepts(bad) && !Decodes(good).SequenceEqual(Decodes(bad)), $"a change at byte {place} is accepted");
        }

        bool Accepts(byte[] bytes)
        {
            try
            {
                return EvidenceVerifier.Verify(PresentedEvidence.Decode(bytes), reference, expectations).IsAccepted;
            }
            catch (AttestationException)
            {
                return false;
            }
        }

        byte[] Decodes(byte[] bytes)
        {
            PresentedEvidence presented = PresentedEvidence.Decode(bytes);
            return presented.Chain.Count == 0 ? bytes : [.. presented.Chain.SelectMany(certificate => certificate.Encoded.ToArray())];
        }
    }

    [Theory]
    [MemberData(nameof(FormNames))]
    public void Mutated_and_cut_input_is_read_or_refused_in_one_line(string form)
    {
        byte[] good = Form(form);
        Random random = new(Seed);
        for (int i = 0; i < 700; i++)
        {
            byte[] bad = Mutate(good, random);
            Survives(() => PresentedEvidence.Decode(bad));
            Survives(() => TrustAnchor.Decode(bad));
            P384PublicKey.TryFromCose(bad, out _);
        }

        for (int length = 0; length < good.Length; length += form == "pem" ? 61 : 7)
        {
            int end = length;
            Survives(() => PresentedEvidence.Decode(good.AsMemory(0, end)));
        }
    }

    [Fact]
    public void Random_bytes_are_refused_in_one_line()
    {
        Random random = new(Seed);
        foreach (byte[] head in (byte[][])[[], [0xD2], [0x30, 0x82], [0xA1, 0x19, 1, 10], [0xD9, 2, 0x59, 0xA1], .. new[] { Encoding.ASCII.GetBytes("-----BEGIN CERTIFICATE-----\n") }])
        {
            for (int i = 0; i < 500; i++)
            {
                byte[] bytes = new byte[random.Next(300)];
                random.NextBytes(bytes);
                byte[] whole = [.. head, .. bytes];
                Assert.Throws<AttestationException>(() => PresentedEvidence.Decode(whole));
            }
        }
    }

    [Fact]
    public void Deep_and_huge_input_is_refused()
    {
        // A thousand nested arrays; an array that claims four billion items; too much of anything.
        Survives(() => PresentedEvidence.Decode((byte[])[0xA1, 0x19, 1, 10, 0xA1, 0x63, (byte)'t', (byte)'s', (byte)'m', .. Enumerable.Repeat((byte)0x81, 60_000)]));
        Survives(() => PresentedEvidence.Decode((byte[])[0xD2, 0x9A, 0xFF, 0xFF, 0xFF, 0xFF]));
        Survives(() => PresentedEvidence.Decode(Enumerable.Repeat((byte)0x30, 60_000).ToArray()));
        Assert.Throws<AttestationException>(() => PresentedEvidence.Decode(new byte[1 << 20]));
        Assert.Throws<AttestationException>(() => PresentedEvidence.Decode((byte[])[0x30, .. new byte[1 << 20]]));
        Assert.Throws<AttestationException>(() => PresentedEvidence.Decode((byte[])[.. "-----BEGIN "u8, .. new byte[1 << 20]]));
    }

    [Theory]
    [InlineData("has an extra entry", true)]
    [InlineData("is as it should be", false)]
    public void A_COSE_key_has_its_four_entries_and_no_other(string _, bool extra)
    {
        byte[] point = Platform.TvmPublicKey.Point.ToArray();
        CborWriter writer = new(CborConformanceMode.Canonical);
        writer.WriteStartMap(extra ? 5 : 4);
        writer.WriteInt32(1);
        writer.WriteInt32(2);
        writer.WriteInt32(-1);
        writer.WriteInt32(2);
        writer.WriteInt32(-2);
        writer.WriteByteString(point.AsSpan(0, 48));
        writer.WriteInt32(-3);
        writer.WriteByteString(point.AsSpan(48));
        if (extra)
        {
            writer.WriteInt32(-4);
            writer.WriteByteString([1]);
        }

        writer.WriteEndMap();
        Assert.Equal(!extra, P384PublicKey.TryFromCose(writer.Encode(), out P384PublicKey? key));
        Assert.True(extra || key!.Equals(Platform.TvmPublicKey));
    }

    [Fact]
    public void A_point_off_the_curve_is_no_key()
    {
        byte[] point = Platform.TvmPublicKey.Point.ToArray();
        point[95] ^= 1;
        Assert.Throws<AttestationException>(() => P384PublicKey.FromPoint(point));
        Assert.Throws<AttestationException>(() => P384PublicKey.FromPoint(new byte[96]));
        Assert.Throws<AttestationException>(() => P384PublicKey.FromPoint(Enumerable.Repeat((byte)0xFF, 96).ToArray()));
    }

    private static byte[] Form(string name) => name switch
    {
        "evidence" => Platform.Evidence(),
        "cbor" => Platform.Certificate(CertificateFormats.Cbor),
        "x509" => Platform.Certificate(CertificateFormats.X509),
        _ => Encoding.ASCII.GetBytes(Platform.CertificateChainPem()),
    };

    private static byte[] Mutate(byte[] good, Random random)
    {
        List<byte> bytes = [.. good];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            // Structure is at the front; signatures and hashes fill most of the rest.
            int place = random.Next(random.Next(2) == 0 ? 80 : bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[place] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.Insert(place, (byte)random.Next(256));
                    break;
                case 2:
                    bytes.RemoveRange(place, Math.Min(random.Next(1, 5), bytes.Count - place));
                    break;
                default:
                    bytes.InsertRange(place, bytes.GetRange(place, Math.Min(random.Next(40), bytes.Count - place)));
                    break;
            }
        }

        return [.. bytes];
    }

    private static void Survives(Func<object> read)
    {
        try
        {
            read();
        }
        catch (AttestationException e)
        {
            Assert.DoesNotContain('\n', e.Message);
        }
    }
}
