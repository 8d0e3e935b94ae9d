namespace CoveJit.Attestation.Measurements;

/// <summary>Hash functions of measurement registers, <c>enum HashAlgorithm</c> of the CoVE ABI. CoveJit measures with SHA-384 only.</summary>
public enum MeasurementAlgorithm : uint
{
    /// <summary>SHA-384.</summary>
    Sha384 = 0,

    /// <summary>SHA-512.</summary>
    Sha512 = 1,

    /// <summary>SHA3-384.</summary>
    Sha3With384 = 2,

    /// <summary>SHA3-512.</summary>
    Sha3With512 = 3,
}
