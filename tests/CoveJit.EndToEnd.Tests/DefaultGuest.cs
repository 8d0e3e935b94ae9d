using CoveJit.Guests;

namespace CoveJit.EndToEnd.Tests;

/// <summary>The guest that the tests boot: that of <c>covejit guest build</c>, in COVEJIT_GUEST_DIR or where builds go.</summary>
internal static class DefaultGuest
{
    public const string ReadyMarker = "CoveJit guest ready";

    public static string DescriptionFile { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("COVEJIT_GUEST_DIR") is { Length: > 0 } directory ? directory : GuestBuilderOptions.DefaultOutputDirectory,
        "default.json");

    public static string Kernel => GuestDescription.Load(DescriptionFile).Kernel;

    public static string Initrd => GuestDescription.Load(DescriptionFile).Initrd!;
}
