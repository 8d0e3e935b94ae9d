namespace CoveJit.Devices.Virtio.Net;

/// <summary>A bounded queue of frames in one fixed block of memory; a frame that does not fit is dropped, as on a wire. Not thread-safe.</summary>
internal sealed class FrameQueue(int frames, int frameSize)
{
    private readonly byte[] _data = new byte[frames * frameSize];
    private readonly int[] _lengths = new int[frames];
    private int _first;

    public int Count { get; private set; }

    public bool TryAdd(ReadOnlySpan<byte> frame)
    {
        if (Count == frames || frame.Length > frameSize)
        {
            return false;
        }

        int slot = (_first + Count++) % frames;
        frame.CopyTo(_data.AsSpan(slot * frameSize));
        _lengths[slot] = frame.Length;
        return true;
    }

    /// <summary>The oldest frame; valid until it is removed.</summary>
    public ReadOnlySpan<byte> Peek() => _data.AsSpan(_first * frameSize, _lengths[_first]);

    public void Remove()
    {
        _first = (_first + 1) % frames;
        Count--;
    }

    public void Clear() => Count = 0;
}
