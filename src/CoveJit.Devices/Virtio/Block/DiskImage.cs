namespace CoveJit.Devices.Virtio.Block;

/// <summary>Opens a disk image by what it is.</summary>
public static class DiskImage
{
    /// <summary>Opens a raw or a qcow2 image, told apart by the first bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="readOnly">Whether the guest may not write. qcow2 images can only be opened so.</param>
    /// <exception cref="IOException">The image cannot be used; the message is one line with the mend.</exception>
    public static IBlockBackend Open(string path, bool readOnly)
    {
        if (!QcowImage.IsQcow(path))
        {
            return RawImage.Open(path, readOnly, guardFormat: true);
        }

        return readOnly
            ? QcowImage.Open(path)
            : throw new IOException($"disk image {path} is qcow2, which can only be read; add ,ro or convert it: qemu-img convert -O raw {path} {Path.ChangeExtension(path, ".raw")}");
    }
}
