namespace CoveJit.Cli.Terminal;

/// <summary>Takes bytes typed for the guest, without blocking.</summary>
/// <returns>How many were taken; the rest is offered again.</returns>
public delegate int InputSink(ReadOnlySpan<byte> bytes);
