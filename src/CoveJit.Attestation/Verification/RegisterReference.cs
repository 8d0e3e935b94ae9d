namespace CoveJit.Attestation.Verification;

/// <summary>The value that a register has to have.</summary>
/// <param name="Index">The register.</param>
/// <param name="Value">Its value.</param>
/// <param name="Name">What it is, for people.</param>
public sealed record RegisterReference(int Index, Digest Value, string? Name = null);
