using CoveJit.Harts.Tests;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Tests.Support;

namespace CoveJit.Translator.Tests;

/// <summary>Random structured programs: interpreter and translator are in the same state at the end of every slice.</summary>
public abstract class RandomProgramTests
{
    private const ulong Scattered = TestMachine.Base + 0x40_0000;

    // Each run finds the code of the one before translated, and other data.
    private const int Runs = 4;
    private const int Fuel = 300;

    /// <summary>COVEJIT_TRANSLATOR_SEEDS=first-last for more than the usual ones.</summary>
    public static TheoryData<int> Seeds
    {
        get
        {
            int[] range = [.. (Environment.GetEnvironmentVariable("COVEJIT_TRANSLATOR_SEEDS") ?? "1-40").Split('-').Select(int.Parse)];
            return [.. Enumerable.Range(range[0], range[1] - range[0] + 1)];
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_random_program_runs_the_same(int seed)
    {
        RandomProgram program = new(seed);
        long budget = ((long[])[7, 100, 1000, 1_000_000])[seed % 4];
        using Twin twin = new(Attach);
        for (int run = 0; run < Runs; run++)
        {
            twin.Both(machine =>
            {
                machine.Prepare(machine.Hart);
                program.Load(machine, address => address, Fuel, run);
                machine.Hart.Pc = program.Entry;
            });
            twin.Run(program.End, budget, $"seed {seed}, run {run}");
        }

        Assert.InRange(twin.Tier.Translations, 5, int.MaxValue);
    }

    // Neighbouring virtual pages lie anywhere, so every edge to another page depends on the mapping.
    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_random_program_runs_the_same_with_paging_on(int seed)
    {
        RandomProgram program = new(seed + 1000);
        long budget = ((long[])[11, 100, 1000, 1_000_000])[seed % 4];
        bool user = seed % 2 == 0;
        Random random = new(seed);
        ulong[] pages = [.. RandomProgram.Windows.SelectMany(window => Enumerable.Range(0, window.Pages).Select(i => window.Address + (0x1000 * (ulong)i)))];
        ulong[] frames = [.. Enumerable.Range(0, pages.Length).Select(i => Scattered + (0x1000 * (ulong)i))];
        random.Shuffle(frames);
        Dictionary<ulong, ulong> frameOf = pages.Zip(frames).ToDictionary(pair => pair.First, pair => pair.Second);
        using Twin twin = new(Attach);
        twin.Both(machine =>
        {
            foreach ((ulong page, ulong frame) in frameOf)
            {
                machine.MapPage(page, frame, user ? 0x1Fu : 0x0Fu); // V R W X, U
            }
        });
        for (int run = 0; run < Runs; run++)
        {
            twin.Both(machine =>
            {
                machine.Prepare(machine.Hart);
                machine.Hart.WriteMenvcfg(1UL << 61); // ADUE
                program.Load(machine, address => frameOf[address & ~0xFFFUL] + (address & 0xFFF), Fuel, run);
                machine.Set(0x180, machine.Satp());
                machine.GoTo(user ? PrivilegeMode.User : PrivilegeMode.Supervisor, program.Entry);
            });
            twin.Run(program.End, budget, $"seed {seed}, run {run}");
        }

        Assert.InRange(twin.Tier.Translations, 5, int.MaxValue);
    }

    /// <summary>Attaches the tier under test.</summary>
    private protected abstract TestTier Attach(TestMachine machine);
}
