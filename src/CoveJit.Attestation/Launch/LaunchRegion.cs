namespace CoveJit.Attestation.Launch;

/// <summary>Memory of a TVM that the host fills with measured pages before it runs.</summary>
/// <param name="Gpa">Guest physical address of the first byte, aligned to the page type.</param>
/// <param name="Content">The bytes; what follows them is zero.</param>
/// <param name="Size">Bytes of memory, a multiple of the page type's size.</param>
/// <param name="PageType">Size of its mappings.</param>
public sealed record LaunchRegion(ulong Gpa, ReadOnlyMemory<byte> Content, ulong Size, LaunchPageType PageType = LaunchPageType.Page4K)
{
    private const int SmallPageShift = 12;
    private const int BitsPerLevel = 9;

    /// <summary>Bytes of a page of the type.</summary>
    public static ulong PageSize(LaunchPageType type) => 1UL << (SmallPageShift + (BitsPerLevel * (int)type));

    /// <summary>A region that is as large as its content needs.</summary>
    public static LaunchRegion Of(ulong gpa, ReadOnlyMemory<byte> content, LaunchPageType pageType = LaunchPageType.Page4K)
    {
        ulong page = PageSize(pageType);
        return new LaunchRegion(gpa, content, ((ulong)content.Length + page - 1) / page * page, pageType);
    }
}
