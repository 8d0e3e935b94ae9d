using System.Reflection.Emit;
using CoveJit.Translator.Planning;

namespace CoveJit.Translator.Tier;

/// <summary>Translated code that was installed. The method object keeps the machine code alive.</summary>
internal sealed class Region(RegionPlan plan, DynamicMethod method)
{
    /// <summary>What it was made from.</summary>
    public RegionPlan Plan { get; } = plan;

    /// <summary>The compiled method.</summary>
    public DynamicMethod Method { get; } = method;

    /// <summary>Whether nobody can enter it any more.</summary>
    public bool IsRetired { get; set; }
}
