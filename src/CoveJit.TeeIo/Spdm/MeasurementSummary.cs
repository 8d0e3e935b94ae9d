namespace CoveJit.TeeIo.Spdm;

/// <summary>MeasurementSummaryHashType of CHALLENGE and KEY_EXCHANGE.</summary>
public enum MeasurementSummary : byte
{
    /// <summary>No summary.</summary>
    None = 0,

    /// <summary>Of the components of the trusted computing base.</summary>
    TrustedComputingBase = 1,

    /// <summary>Of all measurements.</summary>
    All = 0xFF,
}
