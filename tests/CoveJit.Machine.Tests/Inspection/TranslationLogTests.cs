using CoveJit.Machines.Inspection;
using CoveJit.Machines.Options;

namespace CoveJit.Machines.Tests.Inspection;

public sealed class TranslationLogTests : IDisposable
{
    private readonly LoopProgram _program = new();

    public void Dispose() => _program.Dispose();

    [Theory]
    [InlineData(Tiers.Native, "native", "add     rdi,3")]
    [InlineData(Tiers.Regions, "region", "ret")]
    public void Code_is_shown_beside_what_it_was_made_from(Tiers tier, string name, string host)
    {
        string text = Run(Options(tier) with { DumpAsm = new DumpTarget(LoopProgram.Loop + 4) }, AssemblyReport.Write);
        Assert.Contains($"{name} 0x80000008 (loop): ", text, StringComparison.Ordinal);
        Assert.Contains("80000008:  00350513  addi a0, a0, 3", text, StringComparison.Ordinal);
        Assert.Contains(host, text, StringComparison.Ordinal);
        Assert.Equal(tier == Tiers.Regions, text.Contains("ldarg.0", StringComparison.Ordinal));
        Assert.DoesNotContain("(bad)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_hottest_code_comes_first()
    {
        string text = Run(Options(Tiers.Native) with { DumpAsm = new DumpTarget(null) }, AssemblyReport.Write);
        Assert.StartsWith("native 0x80000008 (loop): 4 instructions in 1 blocks", text, StringComparison.Ordinal);
        Assert.Contains(" runs, ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_without_translation_says_so() =>
        Assert.StartsWith("no translated code covers 0x1234", Run(Options(Tiers.Native) with { DumpAsm = new DumpTarget(0x1234) }, AssemblyReport.Write), StringComparison.Ordinal);

    [Theory]
    [InlineData(Tiers.None, "interpreted")]
    [InlineData(Tiers.Native, "native")]
    [InlineData(Tiers.Regions, "region")]
    public void The_profile_names_the_hot_loop_and_its_tier(Tiers tiers, string name)
    {
        string[] lines = Run(Options(tiers) with { Profile = true }, ProfileReport.Write).Split('\n');
        Assert.StartsWith("profile: ", lines[0], StringComparison.Ordinal);
        Assert.Matches($@"^ 9\d\.\d %  +7\d\d\d  +1\d\d\d  {name} +0x80000008 +loop$", lines[2]);
    }

    [Fact]
    public void Perf_finds_a_line_for_each_translation()
    {
        string path = $"/tmp/perf-{Environment.ProcessId}.map";
        File.Delete(path);
        Run(Options(Tiers.Native) with { PerfMap = true }, (_, _) => { });
        Assert.Contains(File.ReadAllLines(path), line => System.Text.RegularExpressions.Regex.IsMatch(line, "^[0-9a-f]+ [0-9a-f]+ guest:loop$"));
        File.Delete(path);
    }

    [Fact]
    public void Nothing_is_remembered_unless_it_is_asked_for()
    {
        using Machine machine = new(Options(Tiers.Native), _program);
        Assert.Null(machine.Translations);
    }

    // Regions are compiled where they are asked for, so that they run at all in so short a program.
    private MachineOptions Options(Tiers tiers) => _program.Options with { Tiers = tiers, Check = true };

    private string Run(MachineOptions options, Action<Machine, TextWriter> report)
    {
        using Machine machine = new(options, _program);
        Assert.Equal(new MachineEnd(MachineEndKind.Exit), machine.Run());
        StringWriter output = new() { NewLine = "\n" };
        report(machine, output);
        return output.ToString();
    }
}
