using CoveJit.Devices.Virtio.Block;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Machines;

/// <summary>Opens drives' image files.</summary>
internal static class Storage
{
    /// <summary>Opens an image.</summary>
    /// <exception cref="LoadException">The file is no image that can be used as asked.</exception>
    public static IBlockBackend Open(DriveOptions drive) =>
        drive.ErrorPeriod == 0 ? OpenImage(drive) : new FailingImage(OpenImage(drive), drive.ErrorPeriod);

    private static IBlockBackend OpenImage(DriveOptions drive)
    {
        if (Directory.Exists(drive.Path))
        {
            throw new LoadException($"--drive {drive.Path} is a directory", "name an image file");
        }

        try
        {
            return drive.Format switch
            {
                DriveFormat.Raw => Devices.Virtio.Block.RawImage.Open(drive.Path, drive.ReadOnly),
                DriveFormat.Qcow2 when !QcowImage.IsQcow(drive.Path) =>
                    throw new LoadException($"--drive {drive.Path} is not a qcow2 image", "leave format=qcow2 out, or check how the file was made"),
                _ => DiskImage.Open(drive.Path, drive.ReadOnly),
            };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new LoadException($"--drive {drive.Path} does not exist", "check the path, or make an image: truncate -s 4G FILE", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw LoadException.FromOneLine("--drive", e, "check the path, its permissions and its size");
        }
    }
}
