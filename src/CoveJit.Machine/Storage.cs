using CoveJit.Devices.Virtio.Block;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Machines;

/// <summary>Opens drives' image files.</summary>
internal static class Storage
{
    private static ReadOnlySpan<byte> QcowMagic => [(byte)'Q', (byte)'F', (byte)'I', 0xFB];

    /// <summary>Opens an image.</summary>
    /// <exception cref="LoadException">The file is no image that can be used as asked.</exception>
    public static IBlockBackend Open(DriveOptions drive)
    {
        if (drive.Format == DriveFormat.Qcow2 || (drive.Format == DriveFormat.Detect && IsQcow(drive.Path)))
        {
            throw new LoadException($"--drive {drive.Path} is a qcow2 image, which is not supported", "convert it: qemu-img convert -O raw IN OUT");
        }

        try
        {
            return Devices.Virtio.Block.RawImage.Open(drive.Path, drive.ReadOnly);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new LoadException($"--drive {drive.Path}: {e.Message.Split('\n')[0].TrimEnd('.')}", "check the path, its permissions and its size");
        }
    }

    private static bool IsQcow(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            Span<byte> magic = stackalloc byte[4];
            return file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual(QcowMagic);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // opening it for use names the cause
        }
    }
}
