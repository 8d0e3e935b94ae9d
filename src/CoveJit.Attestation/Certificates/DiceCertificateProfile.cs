namespace CoveJit.Attestation.Certificates;

/// <summary>What all X.509 certificates of the chain have in common (CoVE, X.509 Attestation Certificate).</summary>
internal static class DiceCertificateProfile
{
    /// <summary>
    /// tcg-dice-UCCS-evidence of the TCG's DICE attestation architecture: the extension holds a tagged (601) unprotected claim set,
    /// here CoVE's evidence.
    /// </summary>
    public const string UccsEvidence = "2.23.133.5.4.6";

    public const string EcdsaWithSha384 = "1.2.840.10045.4.3.3";
    public const string CommonName = "2.5.4.3";
    public const string SubjectKeyIdentifier = "2.5.29.14";
    public const string KeyUsage = "2.5.29.15";
    public const string BasicConstraints = "2.5.29.19";
    public const string AuthorityKeyIdentifier = "2.5.29.35";

    /// <summary>
    /// Path length of the root's certificate: platform, TSM and TVM follow it, each with one less, and a TVM may sign certificates
    /// of its own, which is all that its pathLen 0 allows.
    /// </summary>
    public const int RootPathLength = 3;

    /// <summary>Path length of a TVM's certificate.</summary>
    public const int TvmPathLength = 0;

    /// <summary>"Any time known to be in the past": DICE layers have no clock.</summary>
    public static readonly DateTimeOffset NotBefore = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>99991231235959Z, "no well-known expiry date" (RFC 5280, 4.1.2.5).</summary>
    public static readonly DateTimeOffset NotAfter = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);
}
