using System.Reflection.Emit;
using CoveJit.Translator.Planning;

namespace CoveJit.Translator.Tier;

/// <summary>Translated code that is installed. The method object keeps the machine code alive.</summary>
/// <param name="Plan">What it was made from.</param>
/// <param name="Method">The compiled method.</param>
internal sealed record Region(RegionPlan Plan, DynamicMethod Method);
