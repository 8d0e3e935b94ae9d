namespace CoveJit.Machines.Options;

/// <summary>One <c>--accelerator</c>.</summary>
/// <param name="Tee">Whether it is a TEE device interface.</param>
public sealed record AcceleratorOptions(bool Tee = false);
