using CoveJit.Attestation.Certificates;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;

namespace CoveJit.Attestation.Verification;

/// <summary>
/// Verifies evidence: every signature from a trusted root down to the TVM's key, then what the claims say against reference values.
/// All checks are made and reported, whatever the others say.
/// </summary>
public static class EvidenceVerifier
{
    /// <summary>Verifies evidence.</summary>
    /// <param name="presented">The evidence.</param>
    /// <param name="reference">What it is compared with.</param>
    /// <param name="expectations">What else is expected this time.</param>
    public static VerificationReport Verify(PresentedEvidence presented, ReferenceValues reference, Expectations expectations)
    {
        ArgumentNullException.ThrowIfNull(presented);
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(expectations);
        reference.Validated();
        CheckList checks = new();
        EvidenceToken evidence = presented.Token;
        CheckSignatures(checks, evidence, [.. reference.ParseRoots(), .. expectations.Roots]);
        CheckCertificate(checks, presented);
        CheckPlatform(checks, evidence.Platform, reference.Platform);
        CheckComponents(checks, "TSM component", [evidence.Tsm.Driver, evidence.Tsm.Tsm], reference.Tsm?.Components);
        CheckInitialRegisters(checks, evidence.Tvm.Initial, reference.Tvm.Initial);
        foreach (RegisterReference expected in reference.Tvm.Runtime ?? [])
        {
            CheckRegister(checks, evidence.Tvm.Runtime, expected);
        }

        CheckBytes(checks, "TVM identity", evidence.Tvm.Identity, reference.Tvm.Identity, "the reference names none");
        CheckBytes(checks, "challenge", evidence.Tvm.Challenge, expectations.Challenge, "none was given, so the evidence may be an old one");
        CheckBytes(
            checks, "public key", evidence.Tvm.PublicKey.Point.ToArray(), expectations.PublicKey?.Point.ToArray(), "none was given; whoever has its private half is the TVM");
        return new VerificationReport(evidence, checks.Items);
    }

    private static void CheckSignatures(CheckList checks, EvidenceToken evidence, List<P384PublicKey> roots)
    {
        P384PublicKey? root = roots.Find(key => key.KeyId == evidence.PlatformToken.KeyId);
        checks.Add(
            "platform token",
            root is not null && evidence.PlatformToken.IsSignedBy(root),
            "signed by a trusted root",
            root is null ? $"signed by root {evidence.PlatformToken.KeyId?.ToString() ?? "(not named)"}, which is not trusted" : "its signature is wrong");
        checks.Add("TSM token", evidence.TsmToken.IsSignedBy(evidence.Platform.PublicKey), "signed by the platform", "not signed by the platform");
        checks.Add("TVM token", evidence.TvmToken.IsSignedBy(evidence.Tsm.PublicKey), "signed by the TSM", "not signed by the TSM");
    }

    private static void CheckCertificate(CheckList checks, PresentedEvidence presented)
    {
        TsmClaims tsm = presented.Token.Tsm;
        P384PublicKey subject = presented.Token.Tvm.PublicKey;
        if (presented.Cbor is { } cbor)
        {
            checks.Add(
                "certificate",
                cbor.Issuer == tsm.PublicKey.KeyId.ToString() && cbor.Subject == subject.KeyId.ToString() && cbor.Token.IsSignedBy(tsm.PublicKey),
                "issued by the TSM to the TVM's key",
                "not issued by the TSM to the TVM's key");
        }

        if (presented.Chain is [DiceCertificate leaf, ..])
        {
            checks.Add(
                "certificate",
                leaf.IsIssuedBy(tsm.PublicKey) && leaf.IsNamedAfterItsKey && leaf.PublicKey.Equals(subject) && leaf.PathLength == DiceCertificateProfile.TvmPathLength,
                "issued by the TSM to the TVM's key",
                "not issued by the TSM to the TVM's key");
        }

        if (presented.Chain.Count > 1)
        {
            checks.Add(
                "certificate chain",
                IsChain(presented.Chain) && presented.Chain[1].PublicKey.Equals(tsm.PublicKey)
                    && (presented.Chain.Count <= 2 || presented.Chain[2].PublicKey.Equals(presented.Token.Platform.PublicKey))
                    && (presented.Chain.Count <= 3 || presented.Chain[3].PublicKey.KeyId == presented.Token.PlatformToken.KeyId),
                "certificates of the same keys as the tokens",
                "a certificate is not issued by the next one, or is for another key than the tokens name");
        }
    }

    // The last certificate is the root's own, or one that a root issued: the tokens lead to the root in any case.
    private static bool IsChain(IReadOnlyList<DiceCertificate> chain)
    {
        for (int i = 0; i < chain.Count; i++)
        {
            bool isIssued = i + 1 < chain.Count
                ? chain[i].IsIssuedBy(chain[i + 1].PublicKey)
                : chain.Count <= DiceCertificateProfile.RootPathLength || chain[i].IsIssuedBy(chain[i].PublicKey);
            if (!isIssued || !chain[i].IsNamedAfterItsKey || chain[i].PathLength != i)
            {
                return false;
            }
        }

        return true;
    }

    private static void CheckPlatform(CheckList checks, PlatformClaims platform, PlatformReference? reference)
    {
        IReadOnlyList<PlatformState> allowed = reference?.AllowedStates ?? [PlatformState.Secured];
        checks.Add(
            "platform state", allowed.Contains(platform.State), platform.State.ToString(), $"{platform.State}; {string.Join(" or ", allowed)} is required");
        CheckBytes(checks, "manufacturer", platform.Manufacturer, reference?.Manufacturer, "the reference names none");
        CheckComponents(checks, "platform component", platform.Components, reference?.Components);
    }

    private static void CheckComponents(CheckList checks, string name, IReadOnlyList<SoftwareComponent> actual, IReadOnlyList<ComponentReference>? reference)
    {
        if (reference is null)
        {
            checks.Skip($"{name}s", "the reference names none");
            return;
        }

        foreach (ComponentReference expected in reference)
        {
            SoftwareComponent[] found = [.. actual.Where(component => component.Type == expected.Type)];
            string problem = found is [SoftwareComponent component] ? Compare(component, expected) : $"evidence has {found.Length} of them";
            checks.Add($"{name} {expected.Type}", problem.Length == 0, found.Length == 1 ? $"as expected, SVN {found[0].Svn}" : string.Empty, problem);
        }

        foreach (SoftwareComponent component in actual.Where(component => !reference.Any(expected => expected.Type == component.Type)))
        {
            checks.Add($"{name} {Printable(component.Type)}", false, string.Empty, "the reference does not know it");
        }
    }

    private static string Compare(SoftwareComponent component, ComponentReference expected)
    {
        if (expected.Measurement is { } measurement && component.Measurement != measurement)
        {
            return $"its measurement is {Short(component.Measurement)}, not {Short(measurement)}";
        }

        if (expected.MinimumSvn is { } minimum && (component.SecurityVersion is not { } version || version < minimum))
        {
            return $"its SVN is {Printable(component.Svn)}, at least {minimum} is required";
        }

        return expected.Signer is { } signer && component.Signer != signer ? $"its signer is {Short(component.Signer)}, not {Short(signer)}" : string.Empty;
    }

    private static void CheckInitialRegisters(CheckList checks, IReadOnlyList<RegisterValue> actual, IReadOnlyList<RegisterReference> reference)
    {
        foreach (RegisterReference expected in reference)
        {
            CheckRegister(checks, actual, expected);
        }

        foreach (RegisterValue register in actual.Where(register => !reference.Any(expected => expected.Index == register.Index)))
        {
            checks.Skip(RegisterName(register.Index), "the reference names no value");
        }
    }

    private static void CheckRegister(CheckList checks, IReadOnlyList<RegisterValue> actual, RegisterReference expected)
    {
        RegisterValue? register = actual.FirstOrDefault(candidate => candidate.Index == expected.Index);
        checks.Add(
            RegisterName(expected.Index),
            register?.Value == expected.Value,
            Short(expected.Value),
            register is null ? "evidence does not have it" : $"{Short(register.Value)}, not {Short(expected.Value)}");
    }

    private static void CheckBytes(CheckList checks, string name, ReadOnlyMemory<byte>? actual, ReadOnlyMemory<byte>? expected, string whyNot)
    {
        if (expected is not { } wanted)
        {
            checks.Skip(name, whyNot);
            return;
        }

        checks.Add(name, actual is { } bytes && bytes.Span.SequenceEqual(wanted.Span), "as expected", actual is null ? "evidence has none" : "another one than expected");
    }

    private static string RegisterName(int index) => $"register {index} ({RegisterLayout.NameOf(index)})";

    private static string Short(Digest digest) => $"{digest.ToString()[..16]}...";

    // What evidence says is shown on a terminal.
    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));

    private sealed class CheckList
    {
        public List<VerificationCheck> Items { get; } = [];

        public void Add(string name, bool passed, string whyPassed, string whyFailed) =>
            Items.Add(new VerificationCheck(name, passed ? CheckOutcome.Passed : CheckOutcome.Failed, passed ? whyPassed : whyFailed));

        public void Skip(string name, string reason) => Items.Add(new VerificationCheck(name, CheckOutcome.NotChecked, reason));
    }
}
