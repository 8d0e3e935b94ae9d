using CoveJit.Harts;
using CoveJit.Harts.Tests;

namespace CoveJit.Translator.Tests.Support;

/// <summary>Two machines with the same contents: one interprets, the other translates what it comes to twice.</summary>
internal sealed class Twin : IDisposable
{
    /// <param name="attach">Attaches the tier under test to the machine that translates.</param>
    public Twin(Func<TestMachine, TestTier> attach) => Tier = attach(Translating);

    public TestMachine Interpreting { get; } = new();

    public TestMachine Translating { get; } = new();

    public TestTier Tier { get; }

    /// <summary>Does the same to both.</summary>
    public void Both(Action<TestMachine> action)
    {
        action(Interpreting);
        action(Translating);
    }

    /// <summary>
    /// Runs both in slices until the interpreting one comes to <paramref name="end"/>, comparing them after each slice, and their memory at the end.
    /// </summary>
    /// <returns>The number of slices.</returns>
    public int Run(ulong end, long budget, string what, int maximumSlices = 1_000_000, bool compareMemory = true)
    {
        for (int slice = 1; slice <= maximumSlices; slice++)
        {
            SliceEnd expected = Interpreting.Hart.RunSlice(budget);
            SliceEnd actual = Translating.Hart.RunSlice(budget);
            string when = $"{what}, slices of {budget}, slice {slice}";
            MachineState.AssertEqual(Interpreting.Hart, Translating.Hart, when);
            Assert.True(expected == actual, $"{when}: {expected} / {actual}");
            if (Interpreting.Hart.Pc == end)
            {
                if (compareMemory)
                {
                    MachineState.AssertMemoryEqual(Interpreting, Translating, when);
                }

                return slice;
            }
        }

        Assert.Fail($"{what}: not at the end after {maximumSlices} slices of {budget}, but at {Interpreting.Hart.Pc:x}");
        return 0;
    }

    public void Dispose()
    {
        Tier.Dispose();
        Interpreting.Dispose();
        Translating.Dispose();
    }
}
