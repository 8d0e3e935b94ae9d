namespace CoveJit.Isa.Tests;

/// <summary>
/// The RVC listings of the Unprivileged specification as code: the 32-bit instruction a halfword stands for, or null where it is reserved.
/// HINTs (rd = x0, zero immediates and shift amounts) expand like their neighbours. GNU objdump 2.40 was found to agree on every halfword
/// outside Zcb and Zcmop, which it does not know, but one: it shows the reserved 6101 (C.ADDI16SP with a zero immediate).
/// </summary>
internal static class CompressedReference
{
    public static uint? Expand(uint h)
    {
        uint rd = Bits(h, 7, 5);
        uint rs2 = Bits(h, 2, 5);
        uint low = 8 + Bits(h, 2, 3);
        uint high = 8 + Bits(h, 7, 3);
        int imm6 = Sign((Bits(h, 12, 1) << 5) | Bits(h, 2, 5), 6);
        uint shamt = (Bits(h, 12, 1) << 5) | Bits(h, 2, 5);
        uint word = (Bits(h, 10, 3) << 3) | (Bits(h, 6, 1) << 2) | (Bits(h, 5, 1) << 6);
        uint doubleword = (Bits(h, 10, 3) << 3) | (Bits(h, 5, 2) << 6);
        uint wordSp = (Bits(h, 12, 1) << 5) | (Bits(h, 4, 3) << 2) | (Bits(h, 2, 2) << 6);
        uint doublewordSp = (Bits(h, 12, 1) << 5) | (Bits(h, 5, 2) << 3) | (Bits(h, 2, 3) << 6);
        uint storeDoublewordSp = (Bits(h, 10, 3) << 3) | (Bits(h, 7, 3) << 6);
        uint storeWordSp = (Bits(h, 9, 4) << 2) | (Bits(h, 7, 2) << 6);
        switch (((h & 3) << 3) | (h >> 13))
        {
            case 0:
                uint spOffset = (Bits(h, 11, 2) << 4) | (Bits(h, 7, 4) << 6) | (Bits(h, 6, 1) << 2) | (Bits(h, 5, 1) << 3);
                return spOffset == 0 ? null : I((int)spOffset, 2, 0, low, 0x13);
            case 1:
                return I((int)doubleword, high, 3, low, 0x07);
            case 2:
                return I((int)word, high, 2, low, 0x03);
            case 3:
                return I((int)doubleword, high, 3, low, 0x03);
            case 4:
                return Zcb(h, high, low);
            case 5:
                return S((int)doubleword, low, high, 3, 0x27);
            case 6:
                return S((int)word, low, high, 2, 0x23);
            case 7:
                return S((int)doubleword, low, high, 3, 0x23);
            case 8:
                return I(imm6, rd, 0, rd, 0x13);
            case 9:
                return rd == 0 ? null : I(imm6, rd, 0, rd, 0x1B);
            case 10:
                return I(imm6, 0, 0, rd, 0x13);
            case 11:
                return LuiOrSp(h, rd, imm6);
            case 12:
                return Arithmetic(h, high, low, imm6, shamt);
            case 13:
                uint target = (Bits(h, 12, 1) << 11) | (Bits(h, 11, 1) << 4) | (Bits(h, 9, 2) << 8) | (Bits(h, 8, 1) << 10)
                    | (Bits(h, 7, 1) << 6) | (Bits(h, 6, 1) << 7) | (Bits(h, 3, 3) << 1) | (Bits(h, 2, 1) << 5);
                uint offset = (uint)Sign(target, 12);
                return (Bits(offset, 20, 1) << 31) | (Bits(offset, 1, 10) << 21) | (Bits(offset, 11, 1) << 20) | (Bits(offset, 12, 8) << 12) | 0x6F;
            case 14:
                return Branch(h, high, 0);
            case 15:
                return Branch(h, high, 1);
            case 16:
                return I((int)shamt, rd, 1, rd, 0x13);
            case 17:
                return I((int)doublewordSp, 2, 3, rd, 0x07);
            case 18:
                return rd == 0 ? null : I((int)wordSp, 2, 2, rd, 0x03);
            case 19:
                return rd == 0 ? null : I((int)doublewordSp, 2, 3, rd, 0x03);
            case 20 when Bits(h, 12, 1) == 0:
                return rs2 != 0 ? R(0, rs2, 0, 0, rd, 0x33) : rd != 0 ? I(0, rd, 0, 0, 0x67) : null;
            case 20:
                return rs2 != 0 ? R(0, rs2, rd, 0, rd, 0x33) : rd != 0 ? I(0, rd, 0, 1, 0x67) : 0x00100073;
            case 21:
                return S((int)storeDoublewordSp, rs2, 2, 3, 0x27);
            case 22:
                return S((int)storeWordSp, rs2, 2, 2, 0x23);
            default:
                return S((int)storeDoublewordSp, rs2, 2, 3, 0x23);
        }
    }

    private static uint? Zcb(uint h, uint high, uint low)
    {
        int byteOffset = (int)((Bits(h, 6, 1)) | (Bits(h, 5, 1) << 1));
        int halfOffset = (int)(Bits(h, 5, 1) << 1);
        return Bits(h, 10, 3) switch
        {
            0 => I(byteOffset, high, 4, low, 0x03),
            1 => I(halfOffset, high, Bits(h, 6, 1) == 0 ? 5u : 1u, low, 0x03),
            2 => S(byteOffset, low, high, 0, 0x23),
            3 when Bits(h, 6, 1) == 0 => S(halfOffset, low, high, 1, 0x23),
            _ => null,
        };
    }

    private static uint? LuiOrSp(uint h, uint rd, int imm6)
    {
        if (rd == 2)
        {
            uint offset = (Bits(h, 12, 1) << 9) | (Bits(h, 6, 1) << 4) | (Bits(h, 5, 1) << 6) | (Bits(h, 3, 2) << 7) | (Bits(h, 2, 1) << 5);
            return offset == 0 ? null : I(Sign(offset, 10), 2, 0, 2, 0x13);
        }

        if (imm6 == 0)
        {
            // Zcmop: C.MOP.n for odd n below 16, which changes nothing, but that Zicfiss has two.
            return rd == 1 ? 0xCE10_4073 // sspush x1
                : rd == 5 ? 0xCDC2_C073 // sspopchk x5
                : rd < 16 && (rd & 1) == 1 ? 0x00000013 : null;
        }

        return ((uint)imm6 << 12) | (rd << 7) | 0x37;
    }

    private static uint? Arithmetic(uint h, uint rd, uint rs2, int imm6, uint shamt)
    {
        switch (Bits(h, 10, 2))
        {
            case 0:
                return I((int)shamt, rd, 5, rd, 0x13);
            case 1:
                return I((int)(shamt | 0x400), rd, 5, rd, 0x13);
            case 2:
                return I(imm6, rd, 7, rd, 0x13);
        }

        switch ((Bits(h, 12, 1) << 2) | Bits(h, 5, 2))
        {
            case 0:
                return R(0x20, rs2, rd, 0, rd, 0x33);
            case 1:
                return R(0, rs2, rd, 4, rd, 0x33);
            case 2:
                return R(0, rs2, rd, 6, rd, 0x33);
            case 3:
                return R(0, rs2, rd, 7, rd, 0x33);
            case 4:
                return R(0x20, rs2, rd, 0, rd, 0x3B);
            case 5:
                return R(0, rs2, rd, 0, rd, 0x3B);
            case 6:
                return R(1, rs2, rd, 0, rd, 0x33);
            default:
                return Bits(h, 2, 3) switch
                {
                    0 => I(0xFF, rd, 7, rd, 0x13),
                    1 => I(0x604, rd, 1, rd, 0x13),
                    2 => R(4, 0, rd, 4, rd, 0x3B),
                    3 => I(0x605, rd, 1, rd, 0x13),
                    4 => R(4, 0, rd, 0, rd, 0x3B),
                    5 => I(-1, rd, 4, rd, 0x13),
                    _ => null,
                };
        }
    }

    private static uint Branch(uint h, uint rs1, uint funct3)
    {
        uint offset = (Bits(h, 12, 1) << 8) | (Bits(h, 10, 2) << 3) | (Bits(h, 5, 2) << 6) | (Bits(h, 3, 2) << 1) | (Bits(h, 2, 1) << 5);
        uint imm = (uint)Sign(offset, 9);
        return (Bits(imm, 12, 1) << 31) | (Bits(imm, 5, 6) << 25) | (rs1 << 15) | (funct3 << 12) | (Bits(imm, 1, 4) << 8) | (Bits(imm, 11, 1) << 7) | 0x63;
    }

    private static uint R(uint funct7, uint rs2, uint rs1, uint funct3, uint rd, uint opcode) =>
        (funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode;

    private static uint I(int imm, uint rs1, uint funct3, uint rd, uint opcode) => ((uint)imm << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode;

    private static uint S(int imm, uint rs2, uint rs1, uint funct3, uint opcode) =>
        (Bits((uint)imm, 5, 7) << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (Bits((uint)imm, 0, 5) << 7) | opcode;

    private static uint Bits(uint value, int low, int width) => (value >> low) & ((1u << width) - 1);

    private static int Sign(uint value, int width) => (int)(value << (32 - width)) >> (32 - width);
}
