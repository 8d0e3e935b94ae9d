using System.Buffers.Binary;

namespace CoveJit.Devices.Virtio;

/// <summary>The same bytes for the same seed (SplitMix64), for repeatable runs under <c>--icount</c>; of no cryptographic worth.</summary>
/// <param name="seed">Any value.</param>
public sealed class SeededEntropy(ulong seed) : IEntropySource
{
    private ulong _state = seed;

    /// <inheritdoc/>
    public void Fill(Span<byte> destination)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        while (!destination.IsEmpty)
        {
            _state += 0x9e37_79b9_7f4a_7c15;
            ulong z = _state;
            z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9;
            z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11eb;
            BinaryPrimitives.WriteUInt64LittleEndian(word, z ^ (z >> 31));
            int part = Math.Min(destination.Length, word.Length);
            word[..part].CopyTo(destination);
            destination = destination[part..];
        }
    }
}
