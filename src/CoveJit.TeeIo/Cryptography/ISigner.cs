using System.Security.Cryptography;

namespace CoveJit.TeeIo.Cryptography;

/// <summary>A private key for ECDSA. Signatures are r then s, big-endian, each as long as a coordinate.</summary>
public interface ISigner
{
    /// <summary>The key's curve.</summary>
    PrimeCurve Curve { get; }

    /// <summary>The public point.</summary>
    ECPoint PublicPoint { get; }

    /// <summary>Signs.</summary>
    /// <param name="message">The message; it is hashed first.</param>
    /// <param name="hash">The hash.</param>
    byte[] Sign(ReadOnlySpan<byte> message, HashAlgorithmName hash);
}
