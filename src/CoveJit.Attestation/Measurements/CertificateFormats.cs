namespace CoveJit.Attestation.Measurements;

/// <summary>Formats of the certificate that <c>sbi_covg_get_evidence</c> returns, <c>ATTESTATION_CERTIFICATE_*</c> of the CoVE ABI.</summary>
[Flags]
public enum CertificateFormats : uint
{
    /// <summary>No format.</summary>
    None = 0,

    /// <summary>A CWT in a COSE_Sign1 envelope.</summary>
    Cbor = 1 << 0,

    /// <summary>An X.509 certificate with the evidence in an extension.</summary>
    X509 = 1 << 1,
}
