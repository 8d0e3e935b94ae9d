namespace CoveJit.TeeIo.Spdm;

/// <summary>Messages in the order in which they were sent, as bytes without the transport's filling.</summary>
internal sealed class Transcript
{
    private readonly List<byte> _bytes = [];

    /// <summary>The bytes so far.</summary>
    public byte[] Bytes => [.. _bytes];

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty => _bytes.Count == 0;

    public void Append(ReadOnlySpan<byte> message) => _bytes.AddRange(message);

    public void Clear() => _bytes.Clear();
}
