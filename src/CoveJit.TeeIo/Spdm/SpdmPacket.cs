namespace CoveJit.TeeIo.Spdm;

/// <summary>What a transport carries one way: a message in the clear, or a record of a session.</summary>
/// <param name="Secured">Whether it is a record (DSP0277).</param>
/// <param name="Bytes">The bytes; a transport may append zeros up to its unit.</param>
public readonly record struct SpdmPacket(bool Secured, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The most bytes that a transport may append: DOE counts in units of four bytes.</summary>
    public const int MaxPadding = 3;
}
