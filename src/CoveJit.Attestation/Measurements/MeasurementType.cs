namespace CoveJit.Attestation.Measurements;

/// <summary>When a measurement register may be extended, <c>enum MeasurementType</c> of the CoVE ABI.</summary>
public enum MeasurementType : uint
{
    /// <summary>While the TVM is being built; frozen when it is finalized.</summary>
    Initial = 0,

    /// <summary>By the TVM itself, once it runs.</summary>
    Runtime = 1,
}
