using System.Security.Cryptography;

namespace CoveJit.Devices.Virtio;

/// <summary>The host's cryptographic generator.</summary>
public sealed class HostEntropy : IEntropySource
{
    /// <inheritdoc/>
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
