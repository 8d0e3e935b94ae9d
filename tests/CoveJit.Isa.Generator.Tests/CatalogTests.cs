using CoveJit.Isa.Generator.Model;

namespace CoveJit.Isa.Generator.Tests;

public class CatalogTests
{
    // Illegal and BlockEnd come before the declared operations.
    private const int PseudoOperations = 2;

    [Fact]
    public void The_catalog_read_from_metadata_numbers_operations_as_the_Op_enumeration_does()
    {
        InstructionCatalog catalog = InstructionCatalog.FromCompilation(GeneratorHarness.Referencing("CoveJit.Hart"));
        Assert.Empty(catalog.Errors);
        Assert.NotEmpty(catalog.Compressed);
        Assert.Equal(Enum.GetNames<Op>().Skip(PseudoOperations), catalog.Instructions.Select(instruction => instruction.Name));
        InstructionModel add = catalog.Instructions.Single(instruction => instruction.Name == "Add");
        Assert.Equal("global::CoveJit.Isa.Extensions.Rv64I.Add", add.Method);
        Assert.Equal([new ParameterModel("rs1", "ulong", false), new ParameterModel("rs2", "ulong", false)], add.Parameters);
        Assert.Equal((0xFE00707Fu, 0x33u), (add.Encoding.Mask, add.Encoding.Match));
    }

    [Fact]
    public void Equal_declarations_make_equal_catalogs()
    {
        Assert.Equal(
            InstructionCatalog.FromCompilation(GeneratorHarness.Referencing("CoveJit.Hart")),
            InstructionCatalog.FromCompilation(GeneratorHarness.Referencing("CoveJit.Hart")));
    }

    [Fact]
    public void Hot_operations_come_first()
    {
        bool[] hot = [.. Enum.GetValues<Op>().Skip(PseudoOperations).Select(op => OpInfo.FlagsOf(op).HasFlag(OpFlags.Hot))];
        Assert.DoesNotContain(true, hot.SkipWhile(flag => flag));
    }

    [Fact]
    public void Output_does_not_depend_on_the_order_of_declarations()
    {
        const string A = "[Instruction(\"a\", \"0000000 rs2 rs1 000 rd 0110011\", Extension.I)] public static ulong A(ulong rs1, ulong rs2) => 0; ";
        const string B = "[Instruction(\"b\", \"0000001 rs2 rs1 000 rd 0110011\", Extension.M, Hot = true)] public static ulong B(ulong rs1, ulong rs2) => 0; ";
        string Generated(string members) => string.Join('\n', GeneratorHarness.Run(GeneratorHarness.Compile(members)).GeneratedTrees.Select(tree => tree.ToString()));
        Assert.Equal(Generated(A + B), Generated(B + A));
        Assert.Contains("Illegal,", Generated(A), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_assemblies_receive_no_decoder()
    {
        Assert.Empty(GeneratorHarness.Run(GeneratorHarness.Referencing("Somewhere.Else")).GeneratedTrees);
    }
}
