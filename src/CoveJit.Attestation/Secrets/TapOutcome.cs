namespace CoveJit.Attestation.Secrets;

/// <summary>How local attestation ended.</summary>
public enum TapOutcome
{
    /// <summary>The payload is for this TVM: its secret may be given out.</summary>
    Released,

    /// <summary>The payload cannot be read.</summary>
    Malformed,

    /// <summary>No authorised key signed it.</summary>
    NotAuthorised,

    /// <summary>The TVM's measurements are not those it was made for.</summary>
    WrongMeasurements,

    /// <summary>The platform is not in secured state.</summary>
    NotSecured,

    /// <summary>The secret is encrypted to another TSM, or to this one in another version or configuration.</summary>
    WrongTsm,
}
