namespace CoveJit.Machines.Loading;

/// <summary>What a file is to the virtual machine it is loaded for.</summary>
public enum ModuleRole
{
    /// <summary>A Linux Image.</summary>
    Kernel,

    /// <summary>The initial RAM disk.</summary>
    Initrd,

    /// <summary>The content of a disk.</summary>
    Disk,

    /// <summary>The shim that a confidential virtual machine begins with.</summary>
    Shim,
}
