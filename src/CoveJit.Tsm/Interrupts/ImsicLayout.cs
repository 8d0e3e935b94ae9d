namespace CoveJit.Tsm.Interrupts;

/// <summary>Where the supervisor-level and guest interrupt files of a machine's IMSICs are: that of hart h and file n at Base + h * 2^(12 + GuestIndexBits) + n * 4096.</summary>
/// <param name="Base">Physical address of hart 0's supervisor-level file.</param>
/// <param name="GuestIndexBits">Bits that choose among a hart's files.</param>
public readonly record struct ImsicLayout(ulong Base, int GuestIndexBits);
