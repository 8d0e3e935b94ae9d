using System.CommandLine;
using System.Globalization;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Verification;
using CoveJit.Cli.Parsing;

namespace CoveJit.Cli.Commands;

/// <summary><c>covejit verify</c>: a relying party's view of a TVM's evidence. Exit code 0 if it is accepted, 1 if not.</summary>
internal static class VerifyCommand
{
    private const int Accepted = 0;
    private const int Refused = 1;

    public static Command Build()
    {
        Argument<string> evidence = new("evidence") { HelpName = "EVIDENCE", Description = "Evidence of a TVM: CBOR, a CBOR certificate, or X.509 (DER, or PEM with the chain)" };
        Option<string> reference = new("--reference") { HelpName = "FILE", Description = "Reference values, as 'covejit measure' writes them", Required = true };
        Option<string?> challenge = new("--challenge") { HelpName = "HEX", Description = $"The challenge that the TVM was given: {2 * TvmClaims.ChallengeSize} hexadecimal digits" };
        Option<string?> publicKey = new("--public-key") { HelpName = "FILE", Description = "The public key that the TVM is known by (PEM, DER or COSE_Key)" };
        Option<string[]> roots = new("--root") { HelpName = "FILE", Description = "A platform root to trust, beside those of the reference file: certificate or public key; may be repeated" };
        Command command = new("verify", "Verify the evidence of a confidential VM") { evidence, reference, challenge, publicKey, roots };
        command.SetAction(result =>
        {
            ReferenceValues values = ReferenceValues.Load(result.GetValue(reference)!);
            List<P384PublicKey> trusted = [.. (result.GetValue(roots) ?? []).Select(TrustAnchor.Load)];
            if (trusted.Count == 0 && values.ParseRoots().Count == 0)
            {
                throw new UsageException("verify: no root is trusted, so nothing can be", "add --root FILE, or root_public_keys to the reference file");
            }

            Expectations expectations = new(
                trusted, ParseChallenge(result.GetValue(challenge)), result.GetValue(publicKey) is { } path ? TrustAnchor.Load(path) : null);
            PresentedEvidence presented = PresentedEvidence.Load(result.GetValue(evidence)!);
            VerificationReport report = EvidenceVerifier.Verify(presented, values, expectations);
            Print(result.InvocationConfiguration.Output, presented, report);
            return report.IsAccepted ? Accepted : Refused;
        });
        return command;
    }

    private static ReadOnlyMemory<byte>? ParseChallenge(string? text)
    {
        if (text is null)
        {
            return null;
        }

        byte[] challenge = new byte[TvmClaims.ChallengeSize];
        return text.Length == 2 * challenge.Length && Convert.FromHexString(text, challenge, out _, out _) == System.Buffers.OperationStatus.Done
            ? challenge
            : throw new UsageException("--challenge is no challenge", $"give {2 * challenge.Length} hexadecimal digits");
    }

    private static void Print(TextWriter output, PresentedEvidence presented, VerificationReport report)
    {
        output.WriteLine($"{presented.Form} of TVM {presented.Token.Tvm.PublicKey.KeyId}");
        int width = report.Checks.Max(check => check.Name.Length);
        foreach (VerificationCheck check in report.Checks)
        {
            string outcome = check.Outcome switch
            {
                CheckOutcome.Passed => "pass",
                CheckOutcome.Failed => "FAIL",
                _ => "-",
            };
            output.WriteLine($"  {outcome,-4}  {check.Name.PadRight(width)}  {check.Reason}");
        }

        int failed = report.Checks.Count(check => check.Outcome == CheckOutcome.Failed);
        string open = report.NotChecked == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $", {report.NotChecked} not checked");
        output.WriteLine(report.IsAccepted ? $"accepted{open}" : string.Create(CultureInfo.InvariantCulture, $"REFUSED: {failed} failed{open}"));
    }
}
