using CoveJit.Guests;

namespace CoveJit.EndToEnd.Tests;

/// <summary>The guest that the tests boot: that of <c>covejit guest build</c>, in COVEJIT_GUEST_DIR or where builds go.</summary>
internal static class DefaultGuest
{
    public const string ReadyMarker = "CoveJit guest ready";

    /// <summary>Where the guests are.</summary>
    public static string Directory { get; } =
        Environment.GetEnvironmentVariable("COVEJIT_GUEST_DIR") is { Length: > 0 } directory ? directory : GuestBuilderOptions.DefaultOutputDirectory;

    public static string DescriptionFile { get; } = Path.Combine(Directory, "default.json");

    public static string Kernel => GuestDescription.Load(DescriptionFile).Kernel;

    public static string Initrd => GuestDescription.Load(DescriptionFile).Initrd!;

    /// <summary>Why tests of a guest are skipped; null where it is there.</summary>
    public static string? WhyAbsent(string descriptionFile, string command) => File.Exists(descriptionFile)
        ? null
        : $"there is no {descriptionFile}: make the guest with '{command}', or point COVEJIT_GUEST_DIR to it";
}
