using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;
using CoveJit.Attestation.Verification;

namespace CoveJit.Attestation.Tests;

public sealed class VerifierTests
{
    private static readonly TestPlatform Original = new() { Identity = Enumerable.Repeat((byte)5, 64).ToArray() };

    private static readonly Dictionary<string, (TestPlatform Platform, string[] Failed)> Changes = new()
    {
        ["one kernel byte"] = (Original with { Kernel = [.. Original.Kernel[..5000], (byte)(Original.Kernel[5000] ^ 1), .. Original.Kernel[5001..]] }, ["register 4 (TVM pages)"]),
        ["a longer kernel"] = (Original with { Kernel = [.. Original.Kernel, 1] }, ["register 4 (TVM pages)"]),
        ["the kernel's place"] = (Original with { KernelGpa = 0x8040_0000 }, ["register 4 (TVM pages)"]),
        ["the command line"] = (Original with { CommandLine = "console=hvc0 init=/bin/sh" }, ["register 4 (TVM pages)"]),
        ["the entry point"] = (Original with { EntryPc = Original.EntryPc + 4 }, ["register 5 (TVM configuration)"]),
        ["the argument"] = (Original with { EntryArgument = 0 }, ["register 5 (TVM configuration)"]),
        ["a vCPU more"] = (Original with { Vcpus = [0, 1, 2] }, ["register 5 (TVM configuration)"]),
        ["the TSM"] = (Original with { TsmVersion = "tsm 0" }, ["TSM component tsm", "register 2 (TSM software)"]),
        ["the TSM's security version"] = (Original with { TsmSvn = "6" }, ["TSM component tsm"]),
        ["a security version that is no number"] = (Original with { TsmSvn = "8a" }, ["TSM component tsm"]),
        ["the TSM's configuration"] = (Original with { TsmConfiguration = "other" }, ["register 3 (TSM configuration)"]),
        ["the firmware"] = (Original with { FirmwareVersion = "firmware 0" }, ["platform component firmware", "register 0 (platform firmware)"]),
        ["a platform in debug state"] = (Original with { State = PlatformState.Debug }, ["platform state", "register 1 (platform configuration)"]),
        ["a platform in recovery"] = (Original with { State = PlatformState.Recovery }, ["platform state", "register 1 (platform configuration)"]),
        ["another root"] = (Original with { DeviceSecret = 2 }, ["platform token"]),
        ["the host's identity"] = (Original with { Identity = new byte[64] }, ["TVM identity"]),
        ["no identity"] = (Original with { Identity = null }, ["TVM identity"]),
        ["a runtime measurement"] = (Original with { RuntimeMeasurement = 1 }, ["register 6 (runtime)"]),
        ["another TVM key"] = (Original with { TvmKey = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384) }, ["public key"]),
    };

    public static TheoryData<string> ChangeNames => [.. Changes.Keys];

    [Fact]
    public void The_right_TVM_is_accepted_in_every_form()
    {
        foreach (byte[] evidence in Forms(Original))
        {
            VerificationReport report = Verify(evidence);
            Assert.True(report.IsAccepted, string.Join('\n', report.Checks));
            Assert.Equal(0, report.NotChecked);
        }
    }

    [Fact]
    public void A_newer_security_version_of_the_same_TSM_is_accepted() => Assert.True(Verify((Original with { TsmSvn = "8" }).Evidence()).IsAccepted);

    [Theory]
    [MemberData(nameof(ChangeNames))]
    public void Each_single_change_is_refused(string change)
    {
        (TestPlatform platform, string[] failed) = Changes[change];
        foreach (byte[] evidence in Forms(platform))
        {
            VerificationReport report = Verify(evidence);
            Assert.False(report.IsAccepted);
            Assert.Equal(failed, report.Checks.Where(check => check.Outcome == CheckOutcome.Failed && check.Name != "certificate chain").Select(check => check.Name));
        }
    }

    [Fact]
    public void An_old_answer_to_another_challenge_is_refused()
    {
        Expectations fresh = Expected with { Challenge = new byte[TvmClaims.ChallengeSize] };
        VerificationReport report = EvidenceVerifier.Verify(PresentedEvidence.Decode(Original.Evidence()), Reference, fresh);
        Assert.Equal(["challenge"], Failed(report));
    }

    [Fact]
    public void Tokens_of_different_platforms_do_not_make_evidence()
    {
        EvidenceToken good = EvidenceToken.Decode(Original.Evidence());
        EvidenceToken other = EvidenceToken.Decode((Original with { DeviceSecret = 3 }).Evidence());
        Assert.Equal(["TSM token"], Failed(Verify(EvidenceToken.Encode(good.PlatformToken, other.TsmToken, other.TvmToken, tagged: false))));
        Assert.Equal(["TVM token"], Failed(Verify(EvidenceToken.Encode(good.PlatformToken, good.TsmToken, other.TvmToken, tagged: false))));
        Assert.Equal(["TSM token", "TVM token"], Failed(Verify(EvidenceToken.Encode(good.PlatformToken, other.TsmToken, good.TvmToken, tagged: true))));
    }

    [Fact]
    public void A_certificate_around_someone_elses_evidence_is_refused()
    {
        using DeterministicEcdsa attacker = new(12345);
        byte[] evidence = Original.Evidence();
        byte[] cbor = Certificates.CborCertificate.Encode(attacker, Original.Start().PublicKey.KeyId, Original.TvmPublicKey.KeyId, evidence);
        Assert.Equal(["certificate"], Failed(Verify(cbor)));

        EvidenceToken token = EvidenceToken.Decode(evidence);
        byte[] tagged = EvidenceToken.Encode(token.PlatformToken, token.TsmToken, token.TvmToken, tagged: true);
        byte[] x509 = Certificates.DiceCertificateBuilder.Build(attacker, Original.TvmPublicKey, 0, tagged);
        Assert.Equal(["certificate"], Failed(Verify(x509)));
    }

    [Fact]
    public void A_chain_of_other_certificates_is_refused()
    {
        string own = Original.CertificateChainPem();
        string other = (Original with { DeviceSecret = 4 }).CertificateChainPem();
        int leafEnd = own.IndexOf("-----BEGIN", 1, StringComparison.Ordinal);
        int otherLeafEnd = other.IndexOf("-----BEGIN", 1, StringComparison.Ordinal);
        byte[] mixed = System.Text.Encoding.ASCII.GetBytes(own[..leafEnd] + other[otherLeafEnd..]);
        Assert.Equal(["certificate chain"], Failed(Verify(mixed)));
    }

    [Fact]
    public void What_the_reference_does_not_say_is_reported_as_not_checked()
    {
        ReferenceValues bare = new(1, new TvmReference([.. Reference.Tvm.Initial.Where(register => register.Index >= 4)]));
        VerificationReport report = EvidenceVerifier.Verify(PresentedEvidence.Decode(Original.Evidence()), bare, new Expectations([Original.Root.PublicKey]));
        Assert.True(report.IsAccepted);
        Assert.Equal(
            ["manufacturer", "platform components", "TSM components", "register 0 (platform firmware)", "register 1 (platform configuration)",
                "register 2 (TSM software)", "register 3 (TSM configuration)", "TVM identity", "challenge", "public key"],
            report.Checks.Where(check => check.Outcome == CheckOutcome.NotChecked).Select(check => check.Name));
        report = EvidenceVerifier.Verify(PresentedEvidence.Decode((Original with { State = PlatformState.Debug }).Evidence()), bare, new Expectations([Original.Root.PublicKey]));
        Assert.Equal(["platform state"], Failed(report));
        report = EvidenceVerifier.Verify(PresentedEvidence.Decode(Original.Evidence()), bare, new Expectations([]));
        Assert.Equal(["platform token"], Failed(report));
    }

    private static ReferenceValues Reference
    {
        get
        {
            ReferenceValues values = Original.Reference();
            return values with { Tvm = values.Tvm with { Identity = Original.Identity, Runtime = [new RegisterReference(6, Digest.Zero)] } };
        }
    }

    private static Expectations Expected => new([], TestPlatform.Challenge, Original.TvmPublicKey);

    private static VerificationReport Verify(byte[] evidence) => EvidenceVerifier.Verify(PresentedEvidence.Decode(evidence), Reference, Expected);

    private static string[] Failed(VerificationReport report) => [.. report.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => check.Name)];

    private static byte[][] Forms(TestPlatform platform) =>
    [
        platform.Evidence(),
        platform.Certificate(CertificateFormats.Cbor),
        platform.Certificate(CertificateFormats.X509),
        System.Text.Encoding.ASCII.GetBytes(platform.CertificateChainPem()),
    ];
}
