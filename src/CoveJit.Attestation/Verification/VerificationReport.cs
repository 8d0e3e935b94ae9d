using CoveJit.Attestation.Evidence;

namespace CoveJit.Attestation.Verification;

/// <summary>The result of verifying evidence.</summary>
/// <param name="Evidence">What was verified.</param>
/// <param name="Checks">All checks, in order.</param>
public sealed record VerificationReport(EvidenceToken Evidence, IReadOnlyList<VerificationCheck> Checks)
{
    /// <summary>Whether no check failed.</summary>
    public bool IsAccepted => Checks.All(check => check.Outcome != CheckOutcome.Failed);

    /// <summary>Checks that had nothing to compare with.</summary>
    public int NotChecked => Checks.Count(check => check.Outcome == CheckOutcome.NotChecked);
}
