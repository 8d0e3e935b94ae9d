namespace CoveJit.TeeIo.Spdm;

/// <summary>BaseHashAlgo and BaseHashSel: hash algorithms this library knows.</summary>
[Flags]
public enum BaseHashAlgorithms : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>TPM_ALG_SHA_256.</summary>
    Sha256 = 1,

    /// <summary>TPM_ALG_SHA_384.</summary>
    Sha384 = 2,
}
