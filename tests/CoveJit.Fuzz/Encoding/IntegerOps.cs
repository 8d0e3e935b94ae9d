namespace CoveJit.Fuzz.Encoding;

/// <summary>Operand shape of an integer operation.</summary>
public enum IntegerForm
{
    RegisterRegister,
    RegisterImmediate,

    /// <summary>Six-bit shift amount, funct6 above it.</summary>
    Shift64,

    /// <summary>Five-bit shift amount.</summary>
    Shift32,

    /// <summary>One source; the rs2 field belongs to the opcode.</summary>
    Unary,
    Upper,

    /// <summary><c>aes64ks1i</c>: round number 0..10.</summary>
    RoundConstant,
}

/// <summary>An integer operation: name, group, form and the fixed bits.</summary>
public readonly record struct IntegerOp(string Name, string Group, IntegerForm Form, uint Bits)
{
    public Insn Encode(int rd, int rs1, int rs2, int immediate) => Form switch
    {
        IntegerForm.RegisterRegister => Insn.Full(
            Bits | Formats.R(0, 0, 0, rd, rs1, rs2), $"{Name} {Registers.X(rd)}, {Registers.X(rs1)}, {Registers.X(rs2)}"),
        IntegerForm.Unary => Insn.Full(Bits | Formats.R(0, 0, 0, rd, rs1, 0), $"{Name} {Registers.X(rd)}, {Registers.X(rs1)}"),
        IntegerForm.Upper => Insn.Full(Bits | Formats.U(0, rd, immediate & 0xFFFFF), $"{Name} {Registers.X(rd)}, 0x{immediate & 0xFFFFF:x}"),
        _ => Immediate(rd, rs1, immediate),
    };

    private Insn Immediate(int rd, int rs1, int immediate)
    {
        immediate = Form switch
        {
            IntegerForm.Shift64 => immediate & 63,
            IntegerForm.Shift32 => immediate & 31,
            IntegerForm.RoundConstant => (immediate & 0xFFF) % 11,
            _ => immediate << 20 >> 20,
        };
        return Insn.Full(Bits | Formats.I(0, 0, rd, rs1, immediate), $"{Name} {Registers.X(rd)}, {Registers.X(rs1)}, {immediate}");
    }
}

/// <summary>All integer operations that QEMU 7.2 and the current specifications agree on.</summary>
public static class IntegerOps
{
    public static readonly IntegerOp[] All = [.. Build()];

    private static IEnumerable<IntegerOp> Build()
    {
        const uint op = 0x33, op32 = 0x3B, imm = 0x13, imm32 = 0x1B;
        yield return new("lui", "i", IntegerForm.Upper, 0x37);
        yield return new("auipc", "i", IntegerForm.Upper, 0x17);
        foreach ((string name, uint funct3) in new[] { ("addi", 0u), ("slti", 2u), ("sltiu", 3u), ("xori", 4u), ("ori", 6u), ("andi", 7u) })
        {
            yield return new(name, "i", IntegerForm.RegisterImmediate, imm | (funct3 << 12));
        }

        yield return new("addiw", "i", IntegerForm.RegisterImmediate, imm32);
        yield return Shift("slli", "i", imm, 1, 0x00);
        yield return Shift("srli", "i", imm, 5, 0x00);
        yield return Shift("srai", "i", imm, 5, 0x20);
        yield return Shift("slliw", "i", imm32, 1, 0x00);
        yield return Shift("srliw", "i", imm32, 5, 0x00);
        yield return Shift("sraiw", "i", imm32, 5, 0x20);
        foreach (IntegerOp o in Rs("i", op, (0, 0, "add"), (0x20, 0, "sub"), (0, 1, "sll"), (0, 2, "slt"), (0, 3, "sltu"), (0, 4, "xor"),
            (0, 5, "srl"), (0x20, 5, "sra"), (0, 6, "or"), (0, 7, "and")))
        {
            yield return o;
        }

        foreach (IntegerOp o in Rs("i", op32, (0, 0, "addw"), (0x20, 0, "subw"), (0, 1, "sllw"), (0, 5, "srlw"), (0x20, 5, "sraw")))
        {
            yield return o;
        }

        foreach (IntegerOp o in Rs("m", op, (1, 0, "mul"), (1, 1, "mulh"), (1, 2, "mulhsu"), (1, 3, "mulhu"), (1, 4, "div"), (1, 5, "divu"),
            (1, 6, "rem"), (1, 7, "remu")))
        {
            yield return o;
        }

        foreach (IntegerOp o in Rs("m", op32, (1, 0, "mulw"), (1, 4, "divw"), (1, 5, "divuw"), (1, 6, "remw"), (1, 7, "remuw")))
        {
            yield return o;
        }

        foreach (IntegerOp o in Rs("zba", op, (0x10, 2, "sh1add"), (0x10, 4, "sh2add"), (0x10, 6, "sh3add")))
        {
            yield return o;
        }

        foreach (IntegerOp o in Rs("zba", op32, (0x04, 0, "add.uw"), (0x10, 2, "sh1add.uw"), (0x10, 4, "sh2add.uw"), (0x10, 6, "sh3add.uw")))
        {
            yield return o;
        }

        yield return new("slli.uw", "zba", IntegerForm.Shift64, imm32 | (1 << 12) | (0x04u << 25));
        foreach (IntegerOp o in Rs("zbb", op, (0x20, 7, "andn"), (0x20, 6, "orn"), (0x20, 4, "xnor"), (5, 6, "max"), (5, 7, "maxu"),
            (5, 4, "min"), (5, 5, "minu"), (0x30, 1, "rol"), (0x30, 5, "ror")))
        {
            yield return o;
        }

        foreach (IntegerOp o in Rs("zbb", op32, (0x30, 1, "rolw"), (0x30, 5, "rorw")))
        {
            yield return o;
        }

        yield return Shift("rori", "zbb", imm, 5, 0x30);
        yield return Shift("roriw", "zbb", imm32, 5, 0x30);
        string[] counts = ["clz", "ctz", "cpop"];
        for (uint i = 0; i < 3; i++)
        {
            yield return Unary(counts[i], "zbb", imm, 1, 0x600 | i);
            if (counts[i] != "ctz") // QEMU 7.2's ctzw looks at the upper half too when the lower is zero
            {
                yield return Unary(counts[i] + "w", "zbb", imm32, 1, 0x600 | i);
            }
        }

        yield return Unary("sext.b", "zbb", imm, 1, 0x604);
        yield return Unary("sext.h", "zbb", imm, 1, 0x605);
        yield return Unary("zext.h", "zbb", op32, 4, 0x080);
        yield return Unary("orc.b", "zbb", imm, 5, 0x287);
        yield return Unary("rev8", "zbb", imm, 5, 0x6B8);
        foreach (IntegerOp o in Rs("zbc", op, (5, 1, "clmul"), (5, 3, "clmulh"), (5, 2, "clmulr")))
        {
            yield return o;
        }

        foreach (IntegerOp o in Rs("zbs", op, (0x24, 1, "bclr"), (0x24, 5, "bext"), (0x34, 1, "binv"), (0x14, 1, "bset")))
        {
            yield return o;
            yield return Shift(o.Name + "i", "zbs", imm, o.Bits >> 12 & 7, o.Bits >> 25);
        }

        foreach (IntegerOp o in Rs("zbkb", op, (4, 4, "pack"), (4, 7, "packh")))
        {
            yield return o;
        }

        foreach (IntegerOp o in Rs("zbkb", op32, (4, 4, "packw")))
        {
            yield return o;
        }

        yield return Unary("brev8", "zbkb", imm, 5, 0x687);
        foreach (IntegerOp o in Rs("zbkx", op, (0x14, 2, "xperm4"), (0x14, 4, "xperm8")))
        {
            yield return o;
        }

        foreach (IntegerOp o in Rs("zkn", op, (0x1D, 0, "aes64ds"), (0x1F, 0, "aes64dsm"), (0x19, 0, "aes64es"), (0x1B, 0, "aes64esm"),
            (0x3F, 0, "aes64ks2")))
        {
            yield return o;
        }

        yield return new("aes64ks1i", "zkn", IntegerForm.RoundConstant, imm | (1 << 12) | (0x310u << 20));
        yield return Unary("aes64im", "zkn", imm, 1, 0x300);
        string[] hashes = ["sha256sum0", "sha256sum1", "sha256sig0", "sha256sig1", "sha512sum0", "sha512sum1", "sha512sig0", "sha512sig1"];
        for (uint i = 0; i < 8; i++)
        {
            yield return Unary(hashes[i], "zkn", imm, 1, 0x100 | i);
        }
    }

    private static IEnumerable<IntegerOp> Rs(string group, uint opcode, params (uint Funct7, uint Funct3, string Name)[] ops) =>
        ops.Select(o => new IntegerOp(o.Name, group, IntegerForm.RegisterRegister, opcode | (o.Funct3 << 12) | (o.Funct7 << 25)));

    private static IntegerOp Shift(string name, string group, uint opcode, uint funct3, uint funct7) =>
        new(name, group, opcode == 0x13 ? IntegerForm.Shift64 : IntegerForm.Shift32, opcode | (funct3 << 12) | (funct7 << 25));

    private static IntegerOp Unary(string name, string group, uint opcode, uint funct3, uint upper12) =>
        new(name, group, IntegerForm.Unary, opcode | (funct3 << 12) | (upper12 << 20));
}
