using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Translator.Tests.Support;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.Tests;

/// <summary>Regions come and go: what they occupied is given back.</summary>
[Collection(nameof(Alone))]
public sealed class LifetimeTests
{
    private const int Rounds = 2000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memory_stays_flat_while_regions_are_compiled_and_invalidated(bool synchronous)
    {
        using TestMachine machine = new(harts: 2);
        using RegionTranslator translator = new(machine.Code, machine.Harts, threshold: 2, synchronous);
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Addi(10, 10, 1));
        code.Add(Asm.Load(8, 5, 9, 0));
        for (int i = 0; i < 20; i++)
        {
            code.Add(Asm.Store(8, 10, 9, 8 * i));
        }

        code.Go(Op.Bne, loop, 8);
        code.Write(machine);
        machine.Hart.WriteRegister(8, 1);
        machine.Hart.WriteRegister(9, Data);
        Churn(machine, translator, 500);
        long before = ResidentBytes();
        List<WeakReference> methods = Churn(machine, translator, Rounds);
        long grown = ResidentBytes() - before;
        Assert.InRange(methods.Count, Rounds / 2, int.MaxValue);
        Assert.InRange(translator.RegionsInstalled, 0, 4);
        Assert.InRange(translator.RegionsRetired, 0, 64);
        Assert.InRange(methods.Count(method => method.IsAlive), 0, 16);

        // Not a measure, but a bound: kept, the code alone of so many regions would be more.
        Assert.InRange(grown, long.MinValue, 16L << 20);
    }

    // Rewrites the loop and runs it again until it is translated; what was installed on the way.
    private static List<WeakReference> Churn(TestMachine machine, RegionTranslator translator, int rounds)
    {
        List<WeakReference> methods = [];
        for (int i = 1; i <= rounds; i++)
        {
            machine.Write(Program, Asm.Addi(10, 10, i % 2000));
            machine.Hart.RunSlice(1000);
            SpinWait.SpinUntil(() => translator.RegionsInstalled > 0, 1000);
            machine.Hart.RunSlice(1000);
            methods.AddRange(translator.Installed.Select(region => new WeakReference(region.Method)));
            if (i % 500 == 0)
            {
                machine.Code.Reset(); // the arena, where discarded pages lie, is not what this is about
            }
        }

        return methods;
    }

    private static long ResidentBytes()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        string pages = File.ReadAllText("/proc/self/statm").Split(' ')[1];
        return long.Parse(pages, System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }
}
