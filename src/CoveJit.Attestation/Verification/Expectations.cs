using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Verification;

/// <summary>What one verification expects beyond the reference values, which hold for all.</summary>
/// <param name="Roots">Roots that are trusted in addition to those of the reference values.</param>
/// <param name="Challenge">The challenge that the TVM was given; freshness is not checked if null.</param>
/// <param name="PublicKey">The key that the TVM is known by, for example the peer's in a TLS connection; not checked if null.</param>
public sealed record Expectations(IReadOnlyList<P384PublicKey> Roots, ReadOnlyMemory<byte>? Challenge = null, P384PublicKey? PublicKey = null);
