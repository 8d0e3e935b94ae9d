namespace CoveJit.Attestation.Secrets;

/// <summary>The result of local attestation.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Secret">The secret, if it was released; empty otherwise.</param>
/// <param name="Reason">One line for logs.</param>
public sealed record TapResult(TapOutcome Outcome, ReadOnlyMemory<byte> Secret, string Reason);
