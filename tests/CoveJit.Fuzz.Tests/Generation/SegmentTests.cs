using CoveJit.Fuzz.Encoding;
using CoveJit.Fuzz.Generation;

namespace CoveJit.Fuzz.Tests.Generation;

/// <summary>Promises that segments make to the harness and to the reference machine.</summary>
public sealed class SegmentTests
{
    [Fact]
    public void Equal_seeds_make_equal_programs() =>
        Assert.Equal(Texts(GeneratedProgram.Generate(7, 1, Mix.All, 5000)), Texts(GeneratedProgram.Generate(7, 1, Mix.All, 5000)));

    [Fact]
    public void A_loop_whose_counter_is_sp_never_adds_to_sp()
    {
        // The one instruction whose destination is not chosen but implied.
        Item[] loops = [.. Items(Mix.Int).Where(i => i.Instructions[^1].Text.StartsWith("bne sp, zero, -> ", StringComparison.Ordinal))];
        Assert.NotEmpty(loops);
        Assert.All(loops, loop => Assert.DoesNotContain(loop.Instructions, i => i.Text.StartsWith("c.addi16sp", StringComparison.Ordinal)));
    }

    [Fact]
    public void Accesses_that_may_leave_RAM_are_aligned_and_no_AMOs()
    {
        Insn[] wild = [.. Items(Mix.Paging).SelectMany(i => i.Instructions).Where(i => i.Text.EndsWith("(t4)", StringComparison.Ordinal))];
        Assert.NotEmpty(wild);
        foreach (Insn insn in wild)
        {
            Assert.DoesNotContain("amo", insn.Text, StringComparison.Ordinal);
            int size = insn.Text.Split(' ')[0].TrimStart('f', 'l', 's').TrimEnd('u') switch { "b" => 1, "h" => 2, "w" => 4, _ => 8 };
            if (!insn.Text.StartsWith("lr.", StringComparison.Ordinal))
            {
                int offset = int.Parse(insn.Text.Split(' ', '(')[^2], System.Globalization.CultureInfo.InvariantCulture);
                Assert.Equal(0, offset % size);
            }
        }
    }

    private static IEnumerable<Item> Items(Mix mix) =>
        Enumerable.Range(0, 4).SelectMany(i => GeneratedProgram.Generate(2026, i, mix, 20_000).Segments).SelectMany(s => s.Items);

    private static IEnumerable<string> Texts(GeneratedProgram program) =>
        program.Segments.SelectMany(s => s.Items).SelectMany(i => i.Instructions).Select(i => i.Text);
}
