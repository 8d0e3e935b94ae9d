namespace CoveJit.Attestation.Verification;

/// <summary>One check of a verification.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">Why, in one line.</param>
public sealed record VerificationCheck(string Name, CheckOutcome Outcome, string Reason);
