using System.Security.Cryptography;
using CoveJit.TeeIo.Cryptography;

namespace CoveJit.TeeIo.Spdm.Certificates;

/// <summary>The leaf of a chain that has been verified.</summary>
public sealed class DeviceCertificate : IDisposable
{
    private readonly ECDsa _key;

    internal DeviceCertificate(CertificateChain chain, ECDsa key, string subject, string? deviceInfo)
    {
        Chain = chain;
        Subject = subject;
        DeviceInfo = deviceInfo;
        _key = key;
    }

    /// <summary>The chain.</summary>
    public CertificateChain Chain { get; }

    /// <summary>The subject's distinguished name.</summary>
    public string Subject { get; }

    /// <summary>manufacturer:product:serial, if the certificate has it.</summary>
    public string? DeviceInfo { get; }

    /// <summary>Checks a signature of the device.</summary>
    /// <param name="message">What was signed; it is hashed first.</param>
    /// <param name="signature">r then s.</param>
    /// <param name="hash">The hash.</param>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, HashAlgorithmName hash) =>
        _key.VerifyData(message, signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    internal bool IsOn(PrimeCurve curve) => _key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == curve.Curve.Oid.Value;
}
