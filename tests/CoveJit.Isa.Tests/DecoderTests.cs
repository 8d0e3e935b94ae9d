namespace CoveJit.Isa.Tests;

public class DecoderTests
{
    private const ulong Pc = 0x1000;

    /// <summary>Whose declarations and tests live with the floating-point operations.</summary>
    private static readonly Extension[] FloatingPoint = [Extension.F, Extension.D, Extension.Zfa, Extension.Zfhmin];

    [Fact]
    public void Disassembles_as_binutils_do()
    {
        List<string> wrong = [];
        foreach ((uint word, string expected) in TestTable.Read("instructions.txt"))
        {
            string actual = Disassembler.Disassemble(Decoder.Decode(word, ExtensionSet.All), Pc);
            if (actual != expected)
            {
                wrong.Add($"{word:x8}: expected '{expected}', got '{actual}'");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_integer_operation_is_in_the_table()
    {
        HashSet<Op> seen = [.. TestTable.Read("instructions.txt").Select(row => Decoder.Decode(row.Word, ExtensionSet.All).Op)];
        IEnumerable<Op> missing = Enum.GetValues<Op>().Where(op => op is not (Op.Illegal or Op.BlockEnd) && !FloatingPoint.Contains(OpInfo.Extension(op)) && !seen.Contains(op));
        Assert.Empty(missing);
    }

    [Fact]
    public void Reserved_encodings_are_illegal()
    {
        foreach ((uint word, string why) in TestTable.Read("illegal.txt"))
        {
            DecodedInstruction instruction = Decoder.Decode(word, ExtensionSet.All);
            Assert.True(instruction.Op == Op.Illegal, $"{word:x8} ({why}) decodes to {instruction.Op}");
            Assert.Equal((word & 3) == 3 ? word : word & 0xFFFF, instruction.Raw);
            Assert.Equal((word & 3) == 3 ? 4 : 2, instruction.Length);
        }
    }

    [Fact]
    public void An_instruction_needs_its_extension()
    {
        foreach ((uint word, string text) in TestTable.Read("instructions.txt"))
        {
            Op op = Decoder.Decode(word, ExtensionSet.All).Op;
            ExtensionSet without = ExtensionSet.All.Without(OpInfo.Extension(op));
            Op left = Decoder.Decode(word, without).Op;
            Assert.True(left == Op.Illegal || left != op || IsShared(op), $"{text} decodes without {OpInfo.Extension(op)}");
        }
    }

    [Theory]
    [InlineData(0x40b57533u, Extension.Zbkb, Op.Andn)]
    [InlineData(0x60b51533u, Extension.Zbkb, Op.Rol)]
    [InlineData(0x6b855513u, Extension.Zbkb, Op.Rev8)]
    [InlineData(0x0ac59533u, Extension.Zbkc, Op.Clmul)]
    [InlineData(0x0ac5b533u, Extension.Zbkc, Op.Clmulh)]
    [InlineData(0x0ac5a533u, Extension.Zbkc, Op.Illegal)]
    [InlineData(0x7ec58533u, Extension.Zknd, Op.Aes64ks2)]
    [InlineData(0x7ec58533u, Extension.Zkne, Op.Aes64ks2)]
    [InlineData(0x0805c53bu, Extension.Zbkb, Op.Packw)]
    [InlineData(0x0805c53bu, Extension.Zbb, Op.ZextH)]
    [InlineData(0x28c5852fu, Extension.Zabha, Op.Illegal)]
    [InlineData(0x0100000fu, Extension.I, Op.Fence)]
    [InlineData(0x02056013u, Extension.I, Op.Ori)]
    public void Alone_an_extension_provides_what_it_shares(uint word, Extension extension, Op expected)
    {
        Assert.Equal(expected, Decoder.Decode(word, ExtensionSet.Of(extension)).Op);
    }

    [Theory]
    [InlineData(0x12345537u, 0x12345000)]
    [InlineData(0xfffff537u, -0x1000)]
    [InlineData(0x80000517u, int.MinValue)]
    [InlineData(0x8000006fu, -0x100000)]
    [InlineData(0xfff50513u, -1)]
    [InlineData(0x03f51513u, 63)]
    [InlineData(0x8ff0000fu, 0x8ff)]
    [InlineData(0xc0102573u, 0xc01)]
    public void Immediates_are_extended_as_the_format_says(uint word, int expected)
    {
        Assert.Equal(expected, Decoder.Decode(word, ExtensionSet.All).Imm);
    }

    [Fact]
    public void Ordering_bits_are_decoded()
    {
        Assert.Equal(3, Decoder.Decode(0x06c5a52f, ExtensionSet.All).Rs3);
        Assert.Equal(2, Decoder.Decode(0x04c5a52f, ExtensionSet.All).Rs3);
        Assert.Equal(1, Decoder.Decode(0x02c5a52f, ExtensionSet.All).Rs3);
    }

    [Fact]
    public void Reserved_fence_fields_are_ignored()
    {
        DecodedInstruction fence = Decoder.Decode(0xFFFF8F8F, ExtensionSet.All);
        Assert.Equal(Op.Fence, fence.Op);
        Assert.Equal(0xFFF, fence.Imm);
        Assert.Equal(Op.FenceI, Decoder.Decode(0xFFFF9F8F, ExtensionSet.All).Op);
    }

    [Fact]
    public void No_word_upsets_the_decoder()
    {
        Random random = new(1);
        for (int i = 0; i < 3_000_000; i++)
        {
            uint word = (uint)random.NextInt64();
            ExtensionSet enabled = (i & 1) == 0 ? ExtensionSet.All : new ExtensionSet((ulong)random.NextInt64());
            DecodedInstruction instruction = Decoder.Decode(word, enabled);
            if (instruction.Op == Op.Illegal)
            {
                // Blocks end where decoding does, and nothing of the operands may leak.
                Assert.Equal(0, instruction.Rd | instruction.Rs1 | instruction.Rs2 | instruction.Rs3 | instruction.Rm | instruction.Imm);
            }
            else
            {
                Assert.InRange(instruction.Rd | instruction.Rs1 | instruction.Rs2, 0, 31);
                Assert.Equal((word & 3) == 3 ? 4 : 2, instruction.Length);
            }

            if ((i & 15) == 0)
            {
                Assert.NotEmpty(Disassembler.Disassemble(instruction, Pc));
            }
        }
    }

    [Fact]
    public void Nothing_decodes_without_extensions()
    {
        foreach ((uint word, string _) in TestTable.Read("instructions.txt"))
        {
            Assert.Equal(Op.Illegal, Decoder.Decode(word, default).Op);
        }
    }

    [Fact]
    public void Csr_names_come_from_the_hook()
    {
        DecodedInstruction instruction = Decoder.Decode(0x30059573, ExtensionSet.All);
        Assert.Equal("csrrw a0, mstatus, a1", Disassembler.Disassemble(instruction, 0, number => number == 0x300 ? "mstatus" : null));
        Assert.Equal("csrrw a0, 0x300, a1", Disassembler.Disassemble(instruction, 0, _ => null));
    }

    [Fact]
    public void Illegal_instructions_appear_as_data()
    {
        Assert.Equal(".half 0x0000", Disassembler.Disassemble(Decoder.Decode(0xABCD0000, ExtensionSet.All), 0));
        Assert.Equal(".word 0x0000007f", Disassembler.Disassemble(Decoder.Decode(0x7F, ExtensionSet.All), 0));
    }

    private static bool IsShared(Op op) => OpInfo.Mnemonic(op) is "andn" or "orn" or "xnor" or "rol" or "ror" or "rori" or "rolw" or "rorw" or "roriw" or "rev8"
        or "clmul" or "clmulh" or "aes64ks1i" or "aes64ks2";
}
