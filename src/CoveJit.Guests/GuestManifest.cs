namespace CoveJit.Guests;

/// <summary>The file <c>manifest.json</c>: what a guest is made of and where that came from.</summary>
public sealed record GuestManifest
{
    /// <summary>Version of this file's layout.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Name of the guest.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the builder.</summary>
    public required string BuilderVersion { get; init; }

    /// <summary>Debian suite the packages are from.</summary>
    public required string Suite { get; init; }

    /// <summary>Archive the packages are from.</summary>
    public required string Mirror { get; init; }

    /// <summary>How <see cref="Mirror"/> was chosen.</summary>
    public required string MirrorOrigin { get; init; }

    /// <summary>Suites that were tried before, each with the reason for its rejection, in order.</summary>
    public required IReadOnlyList<RejectedSuite> RejectedSuites { get; init; }

    /// <summary>Release of the kernel, as <c>uname -r</c> prints it.</summary>
    public required string KernelRelease { get; init; }

    /// <summary>Kernel modules inside the initramfs, in load order; those after the loaded ones are there for modprobe.</summary>
    public required IReadOnlyList<string> Modules { get; init; }

    /// <summary>Packages the guest is made of, by name.</summary>
    public required IReadOnlyList<ManifestPackage> Packages { get; init; }

    /// <summary>Files made.</summary>
    public required IReadOnlyList<ManifestFile> Files { get; init; }
}
