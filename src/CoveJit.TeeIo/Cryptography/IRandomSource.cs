namespace CoveJit.TeeIo.Cryptography;

/// <summary>Where nonces, ephemeral keys and identifiers come from. A reproducible run gives a seeded one.</summary>
public interface IRandomSource
{
    /// <summary>Fills a buffer with random bytes.</summary>
    /// <param name="buffer">The buffer.</param>
    void Fill(Span<byte> buffer);
}
