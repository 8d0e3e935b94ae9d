using CoveJit.TeeIo.Cryptography;

namespace CoveJit.TeeIo.Provisioning;

/// <summary>How certificates are made. With a seeded random source every byte of them repeats.</summary>
public sealed record CertificateOptions
{
    /// <summary>The curve of all keys; certificates are signed with the hash of its strength.</summary>
    public PrimeCurve Curve { get; init; } = PrimeCurve.P384;

    /// <summary>Where keys and serial numbers come from.</summary>
    public IRandomSource Random { get; init; } = SystemRandomSource.Instance;

    /// <summary>When certificates begin to be valid.</summary>
    public DateTimeOffset NotBefore { get; init; } = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>When certificates cease to be valid. The default is RFC 5280's value for devices: no well-defined end.</summary>
    public DateTimeOffset NotAfter { get; init; } = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);
}
