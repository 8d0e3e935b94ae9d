namespace CoveJit.Machines.Options;

/// <summary>One <c>--accelerator</c>.</summary>
/// <param name="Function">What is said of it as a PCIe function.</param>
public sealed record AcceleratorOptions(FunctionOptions Function);
