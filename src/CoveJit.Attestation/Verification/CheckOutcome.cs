namespace CoveJit.Attestation.Verification;

/// <summary>How a check ended.</summary>
public enum CheckOutcome
{
    /// <summary>As it has to be.</summary>
    Passed,

    /// <summary>Not as it has to be: the evidence is refused.</summary>
    Failed,

    /// <summary>There was nothing to compare with.</summary>
    NotChecked,
}
