using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;
using CoveJit.Attestation.Secrets;
using CoveJit.Attestation.Verification;

namespace CoveJit.Attestation.Tests;

public sealed class SecretTests
{
    private static readonly byte[] Secret = "the disk's key"u8.ToArray();
    private static readonly TestPlatform Original = new();
    private static readonly ECDsa Owner = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    private static readonly Dictionary<string, (TestPlatform Platform, TapOutcome Outcome)> Changes = new()
    {
        ["nothing"] = (Original, TapOutcome.Released),
        ["the kernel"] = (Original with { Kernel = [1] }, TapOutcome.WrongMeasurements),
        ["the command line"] = (Original with { CommandLine = "init=/bin/sh" }, TapOutcome.WrongMeasurements),
        ["the entry point"] = (Original with { EntryPc = 0 }, TapOutcome.WrongMeasurements),
        ["the TSM"] = (Original with { TsmVersion = "tsm 2" }, TapOutcome.WrongTsm),
        ["the TSM's configuration"] = (Original with { TsmConfiguration = "other" }, TapOutcome.WrongTsm),
        ["the platform"] = (Original with { DeviceSecret = 2 }, TapOutcome.WrongTsm),
        ["the state"] = (Original with { State = PlatformState.Debug }, TapOutcome.NotSecured),
    };

    public static TheoryData<string> ChangeNames => [.. Changes.Keys];

    [Theory]
    [MemberData(nameof(ChangeNames))]
    public void A_payload_opens_for_its_TVM_on_its_TSM_alone(string change)
    {
        (TestPlatform platform, TapOutcome outcome) = Changes[change];
        TapResult result = Open(platform, Payload(), P384PublicKey.FromKey(Owner));
        Assert.Equal(outcome, result.Outcome);
        Assert.Equal(outcome == TapOutcome.Released ? Secret : [], result.Secret.ToArray());
    }

    [Fact]
    public void A_payload_of_an_unknown_owner_is_refused()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Equal(TapOutcome.NotAuthorised, Open(Original, Payload(), P384PublicKey.FromKey(other)).Outcome);
        Assert.Equal(TapOutcome.NotAuthorised, Open(Original, Payload()).Outcome);
    }

    [Fact]
    public void A_payload_that_would_open_for_any_TVM_cannot_be_made() =>
        Assert.Throws<ArgumentException>(() => TvmAttestationPayload.Create(Owner, Original.Start().SealingKey, [new RegisterValue(4, Digest.Zero)], Secret));

    [Fact]
    public void Changed_payloads_release_nothing()
    {
        byte[] good = Payload();
        TsmAttestation tsm = Original.Start();
        MeasurementRegisters registers = Original.Launch(tsm);
        P384PublicKey[] keys = [P384PublicKey.FromKey(Owner)];
        Assert.True(TvmAttestationPayload.TryReadLength(good, out int length));
        Assert.Equal(good.Length, length);
        Random random = new(7);
        for (int i = 0; i < 150; i++)
        {
            byte[] bad = [.. good];
            bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            TapResult result = tsm.OpenPayload(bad, registers, keys);
            Assert.NotEqual(TapOutcome.Released, result.Outcome);
            Assert.True(result.Secret.IsEmpty);
            Assert.NotEqual(TapOutcome.Released, tsm.OpenPayload(good.AsMemory(0, random.Next(good.Length)), registers, keys).Outcome);
            random.NextBytes(bad);
            Assert.Equal(TapOutcome.Malformed, tsm.OpenPayload(bad, registers, keys).Outcome);
        }

        // A page that begins with a payload is a payload.
        Assert.Equal(TapOutcome.Released, tsm.OpenPayload((byte[])[.. good, .. new byte[100]], registers, keys).Outcome);
    }

    [Fact]
    public void An_envelope_opens_for_its_recipient_purpose_and_context_alone()
    {
        using ECDiffieHellman recipient = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        using ECDiffieHellman other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        byte[] envelope = SecretEnvelope.Seal(P384PublicKey.FromKey(recipient), SecretEnvelope.RemotePurpose, "context"u8, Secret);
        Assert.Equal(Secret, SecretEnvelope.Open(envelope, recipient, SecretEnvelope.RemotePurpose, "context"u8));
        Assert.Null(SecretEnvelope.Open(envelope, other, SecretEnvelope.RemotePurpose, "context"u8));
        Assert.Null(SecretEnvelope.Open(envelope, recipient, SecretEnvelope.LocalPurpose, "context"u8));
        Assert.Null(SecretEnvelope.Open(envelope, recipient, SecretEnvelope.RemotePurpose, "contexT"u8));
        envelope[^1] ^= 1;
        Assert.Null(SecretEnvelope.Open(envelope, recipient, SecretEnvelope.RemotePurpose, "context"u8));
        Assert.Throws<AttestationException>(() => SecretEnvelope.Open(envelope.AsMemory(1), recipient, SecretEnvelope.RemotePurpose, default));
        byte[] empty = SecretEnvelope.Seal(P384PublicKey.FromKey(recipient), SecretEnvelope.RemotePurpose, default, []);
        Assert.Equal([], SecretEnvelope.Open(empty, recipient, SecretEnvelope.RemotePurpose, default)!);
    }

    [Fact]
    public void A_relying_party_releases_a_secret_once_to_the_right_TVM()
    {
        TsmAttestation tsm = Original.Start();
        RelyingParty party = new(Original.Reference());
        byte[] challenge = party.CreateChallenge();
        byte[] evidence = tsm.CreateCertificate(Original.Request(tsm) with { Challenge = challenge }, CertificateFormats.Cbor);
        (VerificationReport report, byte[]? envelope) = party.Release(evidence, challenge, Secret);
        Assert.True(report.IsAccepted);
        Assert.Equal(Secret, SecretEnvelope.Open(envelope, Original.TvmKey, SecretEnvelope.RemotePurpose, challenge));

        // The same answer again, and an answer to a challenge of the attacker's own.
        Assert.Null(party.Release(evidence, challenge, Secret).Envelope);
        Assert.Null(party.Release(Original.Evidence(), TestPlatform.Challenge, Secret).Envelope);

        byte[] second = party.CreateChallenge();
        TestPlatform changed = Original with { CommandLine = "init=/bin/sh" };
        TsmAttestation other = changed.Start();
        (report, envelope) = party.Release(other.CreateEvidence(changed.Request(other) with { Challenge = second }), second, Secret);
        Assert.False(report.IsAccepted);
        Assert.Null(envelope);
    }

    private static byte[] Payload()
    {
        TsmAttestation tsm = Original.Start();
        RegisterValue[] measurements =
            [.. Original.Reference().Tvm.Initial.Where(register => register.Index >= RegisterLayout.TvmPages).Select(register => new RegisterValue(register.Index, register.Value))];
        return TvmAttestationPayload.Create(Owner, tsm.SealingKey, measurements, Secret);
    }

    private static TapResult Open(TestPlatform platform, byte[] payload, params P384PublicKey[] keys)
    {
        TsmAttestation tsm = platform.Start();
        return tsm.OpenPayload(payload, platform.Launch(tsm), keys);
    }
}
