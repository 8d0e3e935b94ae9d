namespace CoveJit.EndToEnd.Tests;

/// <summary>A test that boots the disk guest. It is skipped, saying why, where the guest is not built or a needed file is absent.</summary>
public sealed class DiskGuestFactAttribute : FileFactAttribute
{
    /// <param name="files">Further files of the host that the test needs, as in <see cref="FileFactAttribute"/>.</param>
    public DiskGuestFactAttribute(params string[] files)
        : base(files) => Skip = DefaultGuest.WhyAbsent(DiskGuestTests.DescriptionFile, "covejit guest build disk") ?? Skip;
}
