namespace CoveJit.Attestation.Evidence;

/// <summary>Life-cycle state of a platform: the platform-state claim (CoVE, Platform State Claim).</summary>
public enum PlatformState
{
    /// <summary>The platform needs additional information to operate.</summary>
    NotConfigured = 1,

    /// <summary>Regular operation.</summary>
    Secured = 2,

    /// <summary>The platform can be debugged: what runs on it keeps no secrets.</summary>
    Debug = 3,

    /// <summary>The platform is recovering from a failure.</summary>
    Recovery = 4,
}
