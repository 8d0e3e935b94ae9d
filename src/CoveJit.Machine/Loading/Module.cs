using CoveJit.Machines.Board;

namespace CoveJit.Machines.Loading;

/// <summary>A file in guest memory, for a virtual machine that the kernel, a hypervisor, will run.</summary>
/// <param name="Role">What it is.</param>
/// <param name="Range">Where it lies.</param>
public sealed record Module(ModuleRole Role, AddressRange Range);
