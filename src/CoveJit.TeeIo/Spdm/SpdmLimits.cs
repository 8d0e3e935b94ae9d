namespace CoveJit.TeeIo.Spdm;

/// <summary>Sizes that SPDM 1.2 fixes, in bytes.</summary>
public static class SpdmLimits
{
    /// <summary>A nonce.</summary>
    public const int NonceSize = 32;

    /// <summary>RandomData of a key exchange.</summary>
    public const int RandomSize = 32;

    /// <summary>The most opaque data.</summary>
    public const int OpaqueDataSize = 1024;

    /// <summary>The largest certificate chain.</summary>
    public const int CertificateChainSize = ushort.MaxValue;

    /// <summary>Certificate slots.</summary>
    public const int SlotCount = 8;
}
