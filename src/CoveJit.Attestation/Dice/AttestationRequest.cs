using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;

namespace CoveJit.Attestation.Dice;

/// <summary>What goes into a TVM's evidence (<c>sbi_covg_get_evidence</c>).</summary>
/// <param name="Registers">The TVM's registers, frozen.</param>
/// <param name="PublicKey">The key that the TVM wants certified.</param>
/// <param name="Challenge"><see cref="TvmClaims.ChallengeSize"/> bytes.</param>
/// <param name="Identity">What the host bound at finalization: <see cref="TvmClaims.IdentitySize"/> bytes, or null.</param>
public sealed record AttestationRequest(
    MeasurementRegisters Registers, P384PublicKey PublicKey, ReadOnlyMemory<byte> Challenge, ReadOnlyMemory<byte>? Identity = null);
