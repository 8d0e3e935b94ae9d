namespace CoveJit.Machines.Options;

/// <summary>How a drive's image file is to be read.</summary>
public enum DriveFormat
{
    /// <summary>Decided by the file's content.</summary>
    Detect,

    /// <summary>The file is the disk, byte for byte.</summary>
    Raw,

    /// <summary>QEMU's copy-on-write format.</summary>
    Qcow2,
}
