using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CoveJit.TeeIo.Cryptography;

/// <summary>Random numbers that repeat: SHA-256 of a seed and a counter. For tests and reproducible emulation, never for secrets that matter.</summary>
public sealed class SeededRandomSource : IRandomSource
{
    private readonly byte[] _input;
    private ulong _counter;

    /// <summary>Makes a source.</summary>
    /// <param name="seed">The seed.</param>
    public SeededRandomSource(ReadOnlySpan<byte> seed)
    {
        _input = new byte[seed.Length + sizeof(ulong)];
        seed.CopyTo(_input);
    }

    /// <inheritdoc/>
    public void Fill(Span<byte> buffer)
    {
        Span<byte> block = stackalloc byte[SHA256.HashSizeInBytes];
        while (!buffer.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_input.AsSpan(_input.Length - sizeof(ulong)), _counter++);
            SHA256.HashData(_input, block);
            int taken = Math.Min(block.Length, buffer.Length);
            block[..taken].CopyTo(buffer);
            buffer = buffer[taken..];
        }
    }
}
