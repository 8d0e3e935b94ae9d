namespace CoveJit.Machines.Inspection;

/// <summary>A piece of state in which the two machines of a <see cref="Lockstep"/> differ.</summary>
/// <param name="Name">Where: a register, a CSR, an address.</param>
/// <param name="Translated">What the translator made of it.</param>
/// <param name="Interpreted">What the interpreter made of it.</param>
internal readonly record struct StateDifference(string Name, ulong Translated, ulong Interpreted);
