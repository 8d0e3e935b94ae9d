using CoveJit.Machines.Board;

namespace CoveJit.Machines.Loading;

/// <summary>A file in guest memory, for a virtual machine that the kernel, a hypervisor, will run.</summary>
/// <param name="Role">What it is.</param>
/// <param name="Range">Where it lies.</param>
/// <param name="Sha384">Digest of what is in it, lower-case hexadecimal, if it is for a confidential virtual machine; otherwise null.</param>
public sealed record Module(ModuleRole Role, AddressRange Range, string? Sha384 = null);
