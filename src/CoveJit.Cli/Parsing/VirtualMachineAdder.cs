using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>Makes of the options of a machine with a guest those of a machine with virtual machines.</summary>
/// <param name="options">The machine with the guest.</param>
/// <param name="requests">The virtual machines asked for.</param>
/// <param name="hypervisor">Path of the hypervisor, or null for the usual one.</param>
/// <param name="choosesMemory">Whether the machine's memory is to be made large enough.</param>
internal delegate MachineOptions VirtualMachineAdder(MachineOptions options, IReadOnlyList<VirtualMachineRequest> requests, string? hypervisor, bool choosesMemory);
