namespace CoveJit.Machines.Options;

/// <summary>What a virtual machine is to give back of its memory from a time on.</summary>
/// <param name="Size">Bytes, whole pages.</param>
/// <param name="Seconds">Seconds since the start of the virtual machine.</param>
public readonly record struct BalloonStep(ulong Size, uint Seconds);
