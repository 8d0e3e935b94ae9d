using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Tests;
using CoveJit.Translator.Tests.Support;

namespace CoveJit.Translator.X64.Tests;

/// <summary>Native code of what is come to so often; with regions behind it, of native code that has run so often.</summary>
internal sealed unsafe class NativeTier : TestTier
{
    private readonly RegionTranslator? _regions;

    public NativeTier(TestMachine machine, uint threshold = 2, int regionThreshold = 0, bool synchronous = true)
    {
        _regions = regionThreshold == 0 ? null : new RegionTranslator(machine.Code, machine.Harts, synchronous: synchronous);
        Translator = new NativeTranslator(machine.Code, threshold, _regions, regionThreshold);
    }

    public NativeTranslator Translator { get; }

    public override int Translations => (int)Translator.BlocksTranslated;

    public int Regions => _regions?.RegionsCompiled ?? 0;

    public int RegionsInstalled => _regions?.RegionsInstalled ?? 0;

    public int RegionsDropped => _regions?.RegionsDropped ?? 0;

    // Any block with native code, from the address to the end of the page.
    public override bool Translates(Hart hart, ulong pc, Op op)
    {
        if (!TlbBank.TryHit(hart.State->FetchBank, pc, AccessType.Execute, out byte* host))
        {
            return false;
        }

        uint* table = hart.Code.Tables[(host - hart.State->Ram) >> 12];
        for (ulong at = pc & 0xFFF; at < 0x1000; at += 2)
        {
            if (table != null && table[at >> 1] != 0 && HasNative(hart.Code, hart.Code.BlockAt(table[at >> 1]), op))
            {
                return true;
            }
        }

        return false;
    }

    public override void Dispose() => _regions?.Dispose();

    private static bool HasNative(CodeCache code, Block* block, Op op)
    {
        for (int i = 0; i < block->Count; i++)
        {
            if (Block.Instructions(block)[i].Op == op)
            {
                return block->Native != code.NativeMiss;
            }
        }

        return false;
    }
}

public sealed class NativeInstructionTests : InstructionTests
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine);
}

public sealed class NativeFloatTests : FloatTests
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine);
}

public sealed class NativeRandomProgramTests : RandomProgramTests
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine);
}

public sealed class NativeInvalidationTests : InvalidationTests
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine);
}

public sealed class NativeProtectionTests : ProtectionTests
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine);
}

public sealed class NativeConcurrencyTests : ConcurrencyTests
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine);
}

/// <summary>All three tiers: some blocks are interpreted, some native, some of those become regions.</summary>
public sealed class TieredRandomProgramTests : RandomProgramTests
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine, regionThreshold: 6);
}

public sealed class TieredInvalidationTests : InvalidationTests
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine, regionThreshold: 4);
}

public sealed class TieredConcurrencyTests : ConcurrencyTests
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine, regionThreshold: 20, synchronous: false);
}
