namespace CoveJit.Guests.Cpio;

/// <summary>One file of an archive in the "new ASCII" cpio format. Owner and group are 0 and times are 0, so that equal contents make equal archives.</summary>
/// <param name="Path">Path inside the archive, without a leading slash.</param>
/// <param name="Mode">File type and permissions, as in <c>st_mode</c>.</param>
/// <param name="Content">Content of a regular file, target of a symbolic link; empty otherwise.</param>
/// <param name="DeviceMajor">Major number of a device node.</param>
/// <param name="DeviceMinor">Minor number of a device node.</param>
public sealed record CpioEntry(string Path, uint Mode, ReadOnlyMemory<byte> Content, uint DeviceMajor = 0, uint DeviceMinor = 0)
{
    /// <summary>Mask of the file type in <see cref="Mode"/>, <c>S_IFMT</c>.</summary>
    public const uint TypeMask = 0xF000;

    /// <summary>Type of a directory, <c>S_IFDIR</c>.</summary>
    public const uint TypeDirectory = 0x4000;

    /// <summary>Type of a character device, <c>S_IFCHR</c>.</summary>
    public const uint TypeCharacterDevice = 0x2000;

    /// <summary>Type of a regular file, <c>S_IFREG</c>.</summary>
    public const uint TypeRegular = 0x8000;

    /// <summary>Type of a symbolic link, <c>S_IFLNK</c>.</summary>
    public const uint TypeSymbolicLink = 0xA000;
}
