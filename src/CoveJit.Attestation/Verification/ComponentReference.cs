namespace CoveJit.Attestation.Verification;

/// <summary>What a component has to be. Members that are left out are not checked.</summary>
/// <param name="Type">Its type, as evidence names it.</param>
/// <param name="Measurement">Its hash.</param>
/// <param name="MinimumSvn">The lowest security version that is accepted.</param>
/// <param name="Signer">Hash of its signer's key.</param>
public sealed record ComponentReference(string Type, Digest? Measurement = null, ulong? MinimumSvn = null, Digest? Signer = null);
