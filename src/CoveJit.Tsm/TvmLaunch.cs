using CoveJit.Attestation.Launch;

namespace CoveJit.Tsm;

/// <summary>What a TVM was launched with, for whoever computes what its evidence has to say.</summary>
/// <param name="GuestId">tvm_guest_id.</param>
/// <param name="Plan">Everything that its initial measurements depend on.</param>
/// <param name="Evidence">A CBOR certificate as the TVM would have got it at its first instruction, for a key that nobody has and a challenge of zeroes.</param>
public sealed record TvmLaunch(uint GuestId, LaunchPlan Plan, ReadOnlyMemory<byte> Evidence);
