namespace CoveJit.Isa.Generator.Model;

/// <summary>A parameter of a semantic method.</summary>
/// <param name="Name">Its name: an operand, or value, memory, pc, machine, context.</param>
/// <param name="Type">Its type, fully qualified (keywords for built-in types).</param>
/// <param name="ByReference">Whether it is passed by ref.</param>
internal sealed record ParameterModel(string Name, string Type, bool ByReference);
