using CoveJit.Attestation.Evidence;

namespace CoveJit.Attestation.Verification;

/// <summary>What a platform has to be.</summary>
/// <param name="Manufacturer">Identifier of its manufacturer; not checked if null.</param>
/// <param name="AllowedStates">States that are accepted; secured alone if null.</param>
/// <param name="Components">All of its components; not checked if null.</param>
public sealed record PlatformReference(
    ReadOnlyMemory<byte>? Manufacturer = null, IReadOnlyList<PlatformState>? AllowedStates = null, IReadOnlyList<ComponentReference>? Components = null);
