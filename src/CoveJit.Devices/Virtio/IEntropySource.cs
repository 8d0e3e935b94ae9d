namespace CoveJit.Devices.Virtio;

/// <summary>Where a guest's random bytes come from.</summary>
public interface IEntropySource
{
    /// <summary>Fills the buffer.</summary>
    void Fill(Span<byte> destination);
}
