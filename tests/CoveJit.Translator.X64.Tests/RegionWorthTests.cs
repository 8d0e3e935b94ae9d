using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Translator.Tests.Support;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.X64.Tests;

/// <summary>Behind native code a region stays only if control stays in it long enough to pay for coming and going.</summary>
public sealed unsafe class RegionWorthTests
{
    private const int Rounds = 20_000;

    // A loop of so many turns within a loop that leaves translated code each time.
    [Theory]
    [InlineData(4, false)]
    [InlineData(1000, true)]
    public void A_region_that_control_leaves_at_once_is_let_go(int turns, bool stays)
    {
        using TestMachine machine = new();
        using NativeTier tier = new(machine, threshold: 2, regionThreshold: 100);
        Code code = new(Program);
        Code.Label outer = code.Mark();
        code.Add(Asm.Addi(9, 0, turns));
        Code.Label inner = code.Mark();
        code.Add(Asm.Addi(10, 10, 1));
        code.Add(Asm.Addi(9, 9, -1));
        code.Go(Op.Bne, inner, 9);
        code.Add(Asm.Csrrs(11, 0x340, 0)); // mscratch
        code.Add(Asm.Addi(8, 8, -1));
        code.Go(Op.Bne, outer, 8);
        ulong end = code.AddEnd();
        code.Write(machine);
        int rounds = stays ? Rounds / 100 : Rounds;
        machine.Hart.WriteRegister(8, (ulong)rounds);
        for (int slices = 0; machine.Hart.State->Pc != end && slices < 1000; slices++)
        {
            machine.Hart.RunSlice(100_000);
        }

        Assert.Equal(end, machine.Hart.State->Pc);
        Assert.Equal((ulong)(rounds * turns), machine.Hart.ReadRegister(10));
        Assert.True(tier.Regions > 0);
        Assert.Equal(stays, tier.RegionsDropped == 0);
        if (!stays)
        {
            Assert.InRange(tier.RegionsInstalled, 0, 1); // the jump to itself at the end
        }

        // Let go means for good: it does not become hot again.
        int regions = tier.Regions;
        machine.Hart.State->Pc = Program;
        machine.Hart.WriteRegister(8, (ulong)rounds);
        machine.Hart.RunSlice(100_000);
        Assert.Equal(regions, tier.Regions);
    }
}
