namespace CoveJit.Isa.Tests;

/// <summary>All 49152 halfwords whose low bits are not 11, against the rule written out by hand in <see cref="CompressedReference"/>.</summary>
public class CompressedTests
{
    [Fact]
    public void Every_halfword_decodes_as_its_expansion()
    {
        List<string> wrong = [];
        for (uint half = 0; half < 0x10000; half++)
        {
            if ((half & 3) == 3)
            {
                continue;
            }

            DecodedInstruction actual = Decoder.Decode(half | 0xFFFF0000, ExtensionSet.All);
            DecodedInstruction expected = CompressedReference.Expand(half) is uint word ? Decoder.Decode(word, ExtensionSet.All) : default;
            expected.Raw = half;
            expected.Length = 2;
            if (!Same(actual, expected))
            {
                wrong.Add($"{half:x4}: expected {Disassembler.Disassemble(expected, 0)}, got {Disassembler.Disassemble(actual, 0)}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong\n" + string.Join('\n', wrong.Take(20)));
    }

    [Theory]
    [InlineData(0x9C61u, Extension.Zcb)]
    [InlineData(0x9C65u, Extension.Zbb)]
    [InlineData(0x9C69u, Extension.Zbb)]
    [InlineData(0x9C71u, Extension.Zba)]
    [InlineData(0x9C45u, Extension.M)]
    [InlineData(0x2000u, Extension.D)]
    [InlineData(0x2000u, Extension.C)]
    [InlineData(0x0505u, Extension.C)]
    [InlineData(0x6081u, Extension.Zcmop)]
    public void An_encoding_needs_its_own_extension_and_its_expansions(uint half, Extension extension)
    {
        Assert.NotEqual(Op.Illegal, Decoder.Decode(half, ExtensionSet.All).Op);
        Assert.Equal(Op.Illegal, Decoder.Decode(half, ExtensionSet.All.Without(extension)).Op);
    }

    private static bool Same(in DecodedInstruction a, in DecodedInstruction b) =>
        a.Op == b.Op && a.Rd == b.Rd && a.Rs1 == b.Rs1 && a.Rs2 == b.Rs2 && a.Rs3 == b.Rs3 && a.Rm == b.Rm && a.Imm == b.Imm && a.Raw == b.Raw && a.Length == b.Length;
}
