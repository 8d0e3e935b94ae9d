namespace CoveJit.EndToEnd.Tests;

/// <summary>A test that boots the nested guest. It is skipped, saying why, where the guest is not built.</summary>
public sealed class NestedGuestFactAttribute : FactAttribute
{
    public NestedGuestFactAttribute() => Skip = DefaultGuest.WhyAbsent(DescriptionFile, "covejit guest build nested") ?? Skip;

    /// <summary>The guest's description.</summary>
    public static string DescriptionFile { get; } = Path.Combine(DefaultGuest.Directory, "nested.json");
}
