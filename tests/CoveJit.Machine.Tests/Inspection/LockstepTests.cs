using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.Execution;
using CoveJit.Harts.State;
using CoveJit.Machines.Inspection;
using CoveJit.Machines.Options;

namespace CoveJit.Machines.Tests.Inspection;

public sealed unsafe class LockstepTests : IDisposable
{
    private readonly LoopProgram _program = new();

    public void Dispose() => _program.Dispose();

    [Theory]
    [InlineData(Tiers.Native)]
    [InlineData(Tiers.Regions)]
    [InlineData(Tiers.Native | Tiers.Regions)]
    public void Tiers_that_are_right_run_to_the_end(Tiers tiers)
    {
        using Lockstep lockstep = new(_program.Options with { Tiers = tiers }, _program);
        Assert.Equal(new MachineEnd(MachineEndKind.Exit), lockstep.Run());
        Assert.Null(lockstep.Difference);
        Assert.Empty(_program.Reports);
        Assert.InRange(lockstep.Instructions, 8000UL, 9000UL);
        Assert.True((lockstep.Machine.Translator?.RegionsCompiled ?? 0) + (lockstep.Machine.NativeTranslator?.BlocksTranslated ?? 0) > 0);
    }

    [Fact]
    public void A_wrong_block_is_reported_with_its_address_and_registers()
    {
        string report = Check(&AddFour);
        Assert.Contains("executed the block at 0x80000008 (loop), 4 instructions, by ", report, StringComparison.Ordinal);
        Assert.Contains("-> is the last to write a register that differs: 0x8000000c (loop+0x4)", report, StringComparison.Ordinal);
        Assert.Contains("add a1, a1, a0", report, StringComparison.Ordinal);
        Assert.Matches("(?m)^  a0 +0x[0-9a-f]{16}  0x[0-9a-f]{16}$", report);
        Assert.DoesNotContain("t0 ", report[report.IndexOf("interpreter\n", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_store_is_found_in_memory()
    {
        string report = Check(&StoreAstray);
        Assert.Contains("executed the block at 0x80000008 (loop)", report, StringComparison.Ordinal);
        Assert.Matches("memory at 0x80000800 +0x0000000000000001  0x0000000000000000", report);
    }

    [Fact]
    public void A_mistake_between_blocks_is_reported_with_what_ran()
    {
        string report = Check(&WrongSecondTime);
        Assert.Contains("single blocks make no difference", report, StringComparison.Ordinal);
        Assert.Contains("bne t0, t1, 0x80000008", report, StringComparison.Ordinal);
        Assert.Matches("(?m)^  a0 +0x", report);
    }

    [Fact]
    public void A_machine_outlives_another_one_in_the_process()
    {
        MachineOptions options = _program.Options with { Tiers = Tiers.Native };
        using Machine machine = new(options, _program);
        using (Machine other = new(options, _program))
        {
            other.Run();
        }

        Assert.Equal(new MachineEnd(MachineEndKind.Exit), machine.Run());
    }

    private string Check(delegate*<HartState*, Block*, TranslatedExit> code)
    {
        nint entry = (nint)code;
        using Lockstep lockstep = new(_program.Options, _program, machine => machine.Code.Attach(new WrongTranslator(entry), 4));
        lockstep.Run();
        Assert.NotNull(lockstep.Difference);
        Assert.Contains("running again to find where", Assert.Single(_program.Reports), StringComparison.Ordinal);
        return lockstep.Difference;
    }

    private static TranslatedExit AddFour(HartState* state, Block* block) => RunLoop(state, block, 4);

    private static TranslatedExit StoreAstray(HartState* state, Block* block)
    {
        state->Ram[0x800] = 1;
        return RunLoop(state, block, 3);
    }

    private static TranslatedExit WrongSecondTime(HartState* state, Block* block)
    {
        RunLoop(state, block, 3);
        return state->Pc == LoopProgram.Loop && state->Remaining >= block->Count ? RunLoop(state, block, 4) : TranslatedExit.Continue;
    }

    // The loop's block; right if a0 grows by 3.
    private static TranslatedExit RunLoop(HartState* state, Block* block, ulong step)
    {
        state->X[10] += step;
        state->X[11] += state->X[10];
        state->X[5]++;
        state->Pc = state->X[5] == state->X[6] ? LoopProgram.AfterLoop : LoopProgram.Loop;
        state->Remaining -= block->Count;
        return TranslatedExit.Continue;
    }

    private sealed class WrongTranslator(nint entry) : ITranslator
    {
        public void OnHot(Hart hart, ulong pc, Block* block)
        {
            if (pc == LoopProgram.Loop)
            {
                block->Entry = entry;
            }
        }

        public void OnShortStays(Block* block)
        {
        }

        public void OnHotter(Hart hart, ulong pc, Block* block)
        {
        }

        public void OnPageForgotten(ulong page)
        {
        }

        public void OnReset()
        {
        }
    }
}
