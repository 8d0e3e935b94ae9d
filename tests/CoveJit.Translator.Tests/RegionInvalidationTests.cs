using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Translator.Tests.Support;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.Tests;

/// <summary>What concerns regions alone.</summary>
public sealed class RegionInvalidationTests : InvalidationTests
{
    // After the reset the first page's table lies where it lay before: a region compiled meanwhile must not pass for one of the new code.
    [Fact]
    public void A_region_that_was_being_compiled_when_the_cache_was_emptied_is_not_installed()
    {
        using TestMachine machine = new();
        using RegionTranslator translator = new(machine.Code, machine.Harts, threshold: 2);
        Hart hart = machine.Hart;
        for (int n = 1; n <= 1500; n++)
        {
            machine.Code.Reset();
            machine.Write(Program, Asm.Addi(10, 10, n), Asm.Addi(8, 8, -1), Asm.Bne(8, 0, -8), Asm.Jal(0, 0));
            hart.Reset(Program);
            hart.WriteRegister(8, 20_000);
            hart.RunSlice(70_000);
            Assert.Equal(20_000UL * (ulong)n, hart.ReadRegister(10));
        }

        Assert.InRange(translator.RegionsCompiled, 10, int.MaxValue);
    }

    [Fact]
    public void Regions_make_room_for_others()
    {
        using TestMachine machine = new();
        using RegionTranslator translator = new(machine.Code, machine.Harts, threshold: 2, synchronous: true) { MaximumRegions = 4 };
        const int Loops = 20;
        Code code = new(Program);
        for (int i = 0; i < Loops; i++)
        {
            code.Add(Asm.Addi(8, 0, 10));
            Code.Label loop = code.Mark();
            code.Add(Asm.Addi(10, 10, 1));
            code.Add(Asm.Addi(8, 8, -1));
            code.Go(Op.Bne, loop, 8);
            code.Add(Asm.FenceI); // ends the region
        }

        code.Add(Asm.Ecall);
        code.Write(machine);
        for (int run = 1; run <= 5; run++)
        {
            machine.Restart(machine.Hart, Program);
            machine.RunToIdle();
            Assert.Equal((ulong)(run * Loops * 10), machine.Hart.ReadRegister(10));
            Assert.InRange(translator.RegionsInstalled, 1, 4);
        }

        Assert.InRange(translator.RegionsCompiled, Loops, int.MaxValue);
    }

    // Two harts may find a block hot at the same moment.
    [Fact]
    public unsafe void A_block_gets_one_region_even_if_it_is_reported_twice()
    {
        using TestMachine machine = new();
        using RegionTranslator translator = new(machine.Code, machine.Harts, threshold: 1000, synchronous: true);
        machine.Write(Program, Asm.Addi(10, 10, 1), Asm.Jal(0, -4));
        machine.Hart.RunSlice(100);
        Block* block = machine.Code.Find(Program, out _);
        ((ITranslator)translator).OnHot(machine.Hart, Program, block);
        nint entry = block->Entry;
        Assert.NotEqual(0, entry);
        ((ITranslator)translator).OnHot(machine.Hart, Program, block);
        Assert.Equal(entry, block->Entry);
        Assert.Equal(1, translator.RegionsInstalled);
        machine.Write(Program, Asm.Addi(10, 10, 2));
        Assert.Equal(0, block->Entry);
        Assert.Equal(0, translator.RegionsInstalled);
    }

    private protected override TestTier Attach(TestMachine machine) => new RegionTier(machine);
}
