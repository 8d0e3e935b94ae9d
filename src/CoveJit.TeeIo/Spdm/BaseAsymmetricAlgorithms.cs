namespace CoveJit.TeeIo.Spdm;

/// <summary>BaseAsymAlgo and BaseAsymSel: signature algorithms this library knows (DSP0274, "NEGOTIATE_ALGORITHMS request message").</summary>
[Flags]
public enum BaseAsymmetricAlgorithms : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>TPM_ALG_ECDSA_ECC_NIST_P256.</summary>
    EcdsaP256 = 0x10,

    /// <summary>TPM_ALG_ECDSA_ECC_NIST_P384.</summary>
    EcdsaP384 = 0x80,
}
