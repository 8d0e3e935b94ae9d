namespace CoveJit.Devices.Serial;

/// <summary>A bounded first-in, first-out queue of bytes. Not thread-safe.</summary>
/// <param name="capacity">Most bytes held; a power of two.</param>
internal sealed class ByteRing(int capacity)
{
    private readonly byte[] _bytes = new byte[capacity];
    private int _head;

    /// <summary>Bytes held.</summary>
    public int Count { get; private set; }

    /// <summary>Appends as many bytes as fit and returns their number.</summary>
    public int Push(ReadOnlySpan<byte> bytes)
    {
        int accepted = Math.Min(bytes.Length, _bytes.Length - Count);
        int tail = (_head + Count) & (_bytes.Length - 1);
        int first = Math.Min(accepted, _bytes.Length - tail);
        bytes[..first].CopyTo(_bytes.AsSpan(tail));
        bytes[first..accepted].CopyTo(_bytes);
        Count += accepted;
        return accepted;
    }

    /// <summary>Takes the oldest byte; 0 if there is none.</summary>
    public byte Pop()
    {
        if (Count == 0)
        {
            return 0;
        }

        byte value = _bytes[_head];
        _head = (_head + 1) & (_bytes.Length - 1);
        Count--;
        return value;
    }

    /// <summary>Forgets everything held.</summary>
    public void Clear() => Count = 0;
}
