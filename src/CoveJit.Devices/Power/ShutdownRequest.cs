namespace CoveJit.Devices.Power;

/// <summary>The guest's request to end or restart the machine.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="Code">The guest's exit code; meaningful for <see cref="ShutdownKind.Fail"/>, else 0.</param>
public readonly record struct ShutdownRequest(ShutdownKind Kind, ushort Code);
