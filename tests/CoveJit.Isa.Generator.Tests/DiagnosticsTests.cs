using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace CoveJit.Isa.Generator.Tests;

public class DiagnosticsTests
{
    private const string Add = """
        [Instruction("add", "0000000 rs2 rs1 000 rd 0110011", Extension.I)] public static ulong Add(ulong rs1, ulong rs2) => 0;
        """;

    [Theory]
    [InlineData("COVE001", "0000000 rs9 rs1 000 rd 0110011", "'rs9' is neither a field name nor literal bits")]
    [InlineData("COVE001", "imm rs1 000 rd 0110011", "'imm' needs its bits in brackets")]
    [InlineData("COVE001", "imm[0:11] rs1 000 rd 0110011", "bits of 'imm[0:11]'")]
    [InlineData("COVE001", "imm[6:0] imm[4:0] rs1 000 rd 0110011", "has a bit twice")]
    [InlineData("COVE001", "0000000 rs2 rs1 000 rd!=x 0110011", "not a list of numbers")]
    [InlineData("COVE001", "0000000 rs2 fs2 000 rd 0110011", "decoded to the same place")]
    [InlineData("COVE002", "000000 rs2 rs1 000 rd 0110011", "31 bits wide, not 32")]
    [InlineData("COVE002", "00000000 rs2 rs1 000 rd 0110011", "33 bits wide, not 32")]
    [InlineData("COVE002", "0000000 rs2 rs1 000 rd 0110001", "two low bits")]
    [InlineData("COVE005", "0000000 00000 rs1 000 rd 0110011", "Operand 'rs2' of 'x'")]
    [InlineData("COVE007", "0000000 rs2 rs1 000 00000 0110011", "no destination field")]
    public void Mistakes_in_an_encoding_are_reported(string id, string encoding, string message)
    {
        AssertSingle(id, message, GeneratorHarness.Compile($"[Instruction(\"x\", \"{encoding}\", Extension.I)] public static ulong X(ulong rs1, ulong rs2) => 0;"));
    }

    [Fact]
    public void Overlapping_encodings_are_reported_unless_one_contains_the_other()
    {
        string Other(string encoding) => $"{Add} [Instruction(\"x\", \"{encoding}\", Extension.I)] public static ulong X() => 0;";
        AssertSingle("COVE003", "'x' and 'add' overlap", GeneratorHarness.Compile(Other("0000000 rs2 00000 rm rd 0110011")));
        AssertSingle("COVE003", "'x' and 'add' overlap", GeneratorHarness.Compile(Other("0000000 rs2 rs1 000 rd 0110011")));
        Assert.Empty(GeneratorHarness.Run(GeneratorHarness.Compile(Other("0000000 00000 rs1 000 rd 0110011"))).Diagnostics);
    }

    [Fact]
    public void A_condition_resolves_an_overlap()
    {
        string Pair(string condition) => $"""
            [Compressed("c.a", "100 1 rd rs2{condition} 10", Extension.C, "add rd, rd, rs2")]
            [Compressed("c.b", "100 imm[5] 00001 00000 10", Extension.C, "add x1, x1, x2")]
            """;
        Assert.Empty(GeneratorHarness.Run(GeneratorHarness.Compile(Add, Pair("!=0"))).Diagnostics);
        AssertSingle("COVE003", "'c.b' and 'c.a' overlap", GeneratorHarness.Compile(Add, Pair("!=1")));
    }

    [Theory]
    [InlineData("sub rd, rd, rs2", "no instruction is called 'sub'")]
    [InlineData("add rd, rd", "'add' has 3 operands")]
    [InlineData("add rd, rd, rs1", "operand 'rs1'")]
    [InlineData("add rd, rd, x32", "operand 'x32'")]
    public void Mistakes_in_an_expansion_are_reported(string expansion, string message)
    {
        AssertSingle("COVE004", message, GeneratorHarness.Compile(Add, $"[Compressed(\"c.x\", \"100 1 rd rs2!=0 10\", Extension.C, \"{expansion}\")]"));
    }

    [Theory]
    [InlineData("Branch", "imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011", "public static int X(ulong rs1) => 0;", "a branch returns bool")]
    [InlineData("System", "0000000 00000 00000 000 00000 1110011", "public static Flow X() => 0;", "takes IMachine first")]
    [InlineData("Load", "imm[11:0] rs1 010 rd 0000011", "public static ulong X(ulong rs1) => 0;", "takes the loaded 'value'")]
    [InlineData("Instruction", "0000000 rs2 rs1 000 rd 0110011", "internal static ulong X() => 0;", "public and static")]
    public void Wrong_signatures_are_reported(string attribute, string encoding, string method, string message)
    {
        AssertSingle("COVE007", message, GeneratorHarness.Compile($"[{attribute}(\"x\", \"{encoding}\", Extension.I)] {method}"));
    }

    [Fact]
    public void Two_methods_of_one_name_are_reported()
    {
        AssertSingle("COVE006", "'Add'", GeneratorHarness.Compile(
            $"{Add} [Instruction(\"add.x\", \"0000001 rs2 rs1 000 rd 0110011\", Extension.I)] public static ulong Add(ulong rs1) => 0;"));
    }

    [Fact]
    public void Diagnostics_point_at_the_attribute()
    {
        Diagnostic diagnostic = Assert.Single(GeneratorHarness.Run(GeneratorHarness.Compile("[Instruction(\"x\", \"rs9\", Extension.I)] public static ulong X() => 0;")).Diagnostics);
        Assert.StartsWith("Instruction(\"x\"", diagnostic.Location.SourceTree!.GetText().ToString(diagnostic.Location.SourceSpan), StringComparison.Ordinal);
    }

    private static void AssertSingle(string id, string message, CSharpCompilation compilation)
    {
        Diagnostic diagnostic = Assert.Single(GeneratorHarness.Run(compilation).Diagnostics);
        Assert.Equal(id, diagnostic.Id);
        Assert.Contains(message, diagnostic.GetMessage(null), StringComparison.Ordinal);
    }
}
