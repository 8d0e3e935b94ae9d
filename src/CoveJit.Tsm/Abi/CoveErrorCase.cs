using CoveJit.Monitor.Sbi;

namespace CoveJit.Tsm.Abi;

/// <summary>An error and when it is returned.</summary>
/// <param name="Error">The error.</param>
/// <param name="When">The condition.</param>
public readonly record struct CoveErrorCase(SbiError Error, string When);
