namespace CoveJit.Attestation.Evidence;

/// <summary>
/// CBOR labels and tags of evidence. Labels that the specification has yet to assign are private-use numbers below -65536
/// (IANA CWT Claims registry).
/// </summary>
internal static class ClaimLabel
{
    public const int Issuer = 1;
    public const int Subject = 2;
    public const int Nonce = 10;
    public const int EatProfile = 265;
    public const int Submodules = 266;

    public const int PlatformPublicKey = -75001;
    public const int PlatformManufacturer = -75002;
    public const int PlatformState = -75003;
    public const int PlatformSoftware = -75004;
    public const int TsmPublicKey = -75011;
    public const int TsmSoftware = -75012;

    /// <summary>Not in the specification: the key that secrets for local attestation are encrypted to.</summary>
    public const int TsmSealingKey = -75013;
    public const int TvmIdentity = -75021;
    public const int TvmPublicKey = -75022;
    public const int TvmInitialMeasurements = -75023;
    public const int TvmRuntimeMeasurements = -75024;
    public const int Evidence = -75031;

    public const ulong TagCoseSign1 = 18;
    public const ulong TagCwt = 61;
    public const ulong TagUccs = 601;
}
