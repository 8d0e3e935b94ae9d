namespace CoveJit.Machines.Board;

/// <summary>Content of the <c>/chosen</c> node: what the boot loader tells the kernel.</summary>
/// <param name="BootArguments">The kernel command line; null or empty for none.</param>
/// <param name="StandardOutputPath">Path of the console's node, for example <c>/soc/serial@10000000</c>; null for none.</param>
/// <param name="Initrd">Range of the initrd, or null.</param>
/// <param name="RandomSeed">Entropy for the kernel's random number generator; null under <c>--icount</c>, where runs repeat exactly.</param>
public sealed record ChosenNode(string? BootArguments = null, string? StandardOutputPath = null, AddressRange? Initrd = null, ReadOnlyMemory<byte>? RandomSeed = null);
