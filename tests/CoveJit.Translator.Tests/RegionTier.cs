using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Translator.Planning;
using CoveJit.Translator.Tests.Support;

namespace CoveJit.Translator.Tests;

/// <summary>Regions alone, of what is come to so often.</summary>
internal sealed class RegionTier(TestMachine machine, uint threshold = 2, bool synchronous = true) : TestTier
{
    private readonly RegionTranslator _translator = new(machine.Code, machine.Harts, threshold, synchronous);

    public override int Translations => _translator.RegionsCompiled;

    public override bool Translates(Hart hart, ulong pc, Op op) =>
        RegionPlanner.Plan(hart, pc, resets: 0, loopsOnly: false) is RegionPlan plan && plan.Blocks.Any(block => block.Instructions.Any(instruction => instruction.Op == op));

    public override void Dispose() => _translator.Dispose();
}

public sealed class RegionInstructionTests : InstructionTests
{
    private protected override TestTier Attach(TestMachine machine) => new RegionTier(machine);
}

public sealed class RegionFloatTests : FloatTests
{
    private protected override TestTier Attach(TestMachine machine) => new RegionTier(machine);
}

public sealed class RegionRandomProgramTests : RandomProgramTests
{
    private protected override TestTier Attach(TestMachine machine) => new RegionTier(machine);
}

public sealed class RegionProtectionTests : ProtectionTests
{
    private protected override TestTier Attach(TestMachine machine) => new RegionTier(machine);
}

public sealed class InterpretedProtectionTests : ProtectionTests
{
    private protected override TestTier? Attach(TestMachine machine) => null;
}

public sealed class RegionConcurrencyTests : ConcurrencyTests
{
    private protected override TestTier Attach(TestMachine machine) => new RegionTier(machine, threshold: 10, synchronous: false);
}
