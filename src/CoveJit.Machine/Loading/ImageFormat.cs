namespace CoveJit.Machines.Loading;

/// <summary>What a loaded image was found to be, after unpacking.</summary>
public enum ImageFormat
{
    /// <summary>An ELF executable.</summary>
    Elf,

    /// <summary>A Linux Image.</summary>
    LinuxImage,

    /// <summary>Plain machine code, run from its first byte.</summary>
    Raw,
}
