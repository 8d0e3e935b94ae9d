namespace CoveJit.Guests;

/// <summary>A suite that could not be used.</summary>
/// <param name="Suite">Debian suite.</param>
/// <param name="Reason">What apt said, one line.</param>
public sealed record RejectedSuite(string Suite, string Reason);
