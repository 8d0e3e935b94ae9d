namespace CoveJit.Attestation.Verification;

/// <summary>What a TVM has to be.</summary>
/// <param name="Initial">Initial registers.</param>
/// <param name="Runtime">Runtime registers; those that are not named are not checked.</param>
/// <param name="Identity">What the host has to have bound to it; not checked if null.</param>
public sealed record TvmReference(IReadOnlyList<RegisterReference> Initial, IReadOnlyList<RegisterReference>? Runtime = null, ReadOnlyMemory<byte>? Identity = null);
