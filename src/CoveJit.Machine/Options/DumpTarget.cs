namespace CoveJit.Machines.Options;

/// <summary>Which translated code <c>--dump-asm</c> writes down.</summary>
/// <param name="Address">Virtual address of an instruction in it; null for the hottest.</param>
public readonly record struct DumpTarget(ulong? Address);
