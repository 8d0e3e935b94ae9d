namespace CoveJit.Devices.DeviceTree;

/// <summary>Constants and name rules of the flattened format (Devicetree Specification 0.4, chapter 5), shared by writer and reader.</summary>
internal static class FdtFormat
{
    public const uint Magic = 0xD00DFEED;
    public const uint Version = 17;
    public const uint LastCompatibleVersion = 16;
    public const int HeaderSize = 40;
    public const int ReservationEntrySize = 16;

    public const uint BeginNode = 1;
    public const uint EndNode = 2;
    public const uint Prop = 3;
    public const uint Nop = 4;
    public const uint End = 9;

    /// <summary>
    /// Longest node or property name. The specification says 31, vendors exceed it; a bound is needed because many properties
    /// may share one name in the strings block, which would let a small blob unfold to any size.
    /// </summary>
    public const int MaximumNameLength = 255;

    /// <summary>Whether a name may stand in a blob: 1 to 255 graphic ASCII characters without a slash.</summary>
    public static bool IsName(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= MaximumNameLength && !name.ContainsAnyExceptInRange('!', '~') && !name.Contains('/');

    /// <inheritdoc cref="IsName(ReadOnlySpan{char})"/>
    public static bool IsName(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= MaximumNameLength && !name.ContainsAnyExceptInRange((byte)'!', (byte)'~') && !name.Contains((byte)'/');

    public static int AlignUp(int value, int alignment) => (value + alignment - 1) & -alignment;
}
