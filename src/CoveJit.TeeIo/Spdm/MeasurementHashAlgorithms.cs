namespace CoveJit.TeeIo.Spdm;

/// <summary>MeasurementHashAlgo: how a measurement that is a digest was made. The responder chooses; a requester takes what it gets.</summary>
[Flags]
public enum MeasurementHashAlgorithms : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Measurements are raw bit streams only.</summary>
    RawBitStreamOnly = 1,

    /// <summary>TPM_ALG_SHA_256.</summary>
    Sha256 = 2,

    /// <summary>TPM_ALG_SHA_384.</summary>
    Sha384 = 4,

    /// <summary>TPM_ALG_SHA_512.</summary>
    Sha512 = 8,
}
