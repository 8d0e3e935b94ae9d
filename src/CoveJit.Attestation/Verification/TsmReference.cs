namespace CoveJit.Attestation.Verification;

/// <summary>What a TSM has to be.</summary>
/// <param name="Components">TSM driver and TSM.</param>
public sealed record TsmReference(IReadOnlyList<ComponentReference> Components);
