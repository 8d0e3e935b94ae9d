using System.Buffers.Binary;

namespace CoveJit.Cli.Comparison.Peer;

/// <summary>The memory of a network peer, which <c>/bench/io</c> reads and writes by requests as <c>guest/io/peer.h</c> has them; one object for each connection.</summary>
/// <param name="content">The memory, which connections have in common.</param>
internal sealed class PeerMemory(byte[] content) : IByteService
{
    private const int HeaderSize = 24;
    private const int MostAnswers = 64;
    private const ulong Read = 0;
    private const ulong Write = 1;

    private readonly byte[] _header = new byte[HeaderSize];
    private readonly Queue<(byte[] Source, int Offset, int Size)> _answers = [];
    private int _headerBytes;
    private int _writeOffset;
    private int _writeLeft;
    private int _sent;

    /// <inheritdoc/>
    public bool TryReceive(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_writeLeft > 0)
            {
                int size = Math.Min(bytes.Length, _writeLeft);
                bytes[..size].CopyTo(content.AsSpan(_writeOffset));
                bytes = bytes[size..];
                _writeOffset += size;
                _writeLeft -= size;
                continue;
            }

            int part = Math.Min(bytes.Length, HeaderSize - _headerBytes);
            bytes[..part].CopyTo(_header.AsSpan(_headerBytes));
            bytes = bytes[part..];
            _headerBytes += part;
            if (_headerBytes == HeaderSize)
            {
                _headerBytes = 0;
                if (!TryBegin())
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public int Send(Span<byte> destination)
    {
        // The last answer may be of a write whose data are still to come.
        if (!_answers.TryPeek(out (byte[] Source, int Offset, int Size) answer) || (_writeLeft > 0 && _answers.Count == 1))
        {
            return 0;
        }

        int size = Math.Min(destination.Length, answer.Size - _sent);
        answer.Source.AsSpan(answer.Offset + _sent, size).CopyTo(destination);
        _sent += size;
        if (_sent == answer.Size)
        {
            _answers.Dequeue();
            _sent = 0;
        }

        return size;
    }

    private bool TryBegin()
    {
        ulong kind = BinaryPrimitives.ReadUInt64LittleEndian(_header);
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(_header.AsSpan(8));
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(_header.AsSpan(16));
        if (kind is not (Read or Write) || size == 0 || size > (ulong)content.Length || offset > (ulong)content.Length - size || _answers.Count == MostAnswers)
        {
            return false;
        }

        if (kind == Read)
        {
            _answers.Enqueue((content, (int)offset, (int)size));
        }
        else
        {
            _writeOffset = (int)offset;
            _writeLeft = (int)size;
            _answers.Enqueue((BitConverter.GetBytes(offset), 0, sizeof(ulong)));
        }

        return true;
    }
}
