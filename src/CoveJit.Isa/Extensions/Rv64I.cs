using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>RV64I base integer instruction set (Unprivileged, chapters "RV32I" and "RV64I").</summary>
public static class Rv64I
{
    /// <summary>Loads an immediate into bits 31 to 12, sign-extended.</summary>
    [Instruction("lui", "imm[31:12] rd 0110111", Extension.I, Hot = true, Operands = "{rd}, {upper}")]
    public static ulong Lui(long imm) => (ulong)imm;

    /// <summary>Adds an upper immediate to pc.</summary>
    [Instruction("auipc", "imm[31:12] rd 0010111", Extension.I, Hot = true, Operands = "{rd}, {upper}")]
    public static ulong Auipc(ulong pc, long imm) => pc + (ulong)imm;

    /// <summary>Jumps to a pc-relative target.</summary>
    [Jump("jal", "imm[20|10:1|11|19:12] rd 1101111", Extension.I, Hot = true)]
    public static ulong Jal(ulong pc, long imm) => pc + (ulong)imm;

    /// <summary>Jumps to a register plus an offset, bit 0 cleared.</summary>
    [Jump("jalr", "imm[11:0] rs1 000 rd 1100111", Extension.I, Hot = true)]
    public static ulong Jalr(ulong rs1, long imm) => (rs1 + (ulong)imm) & ~1UL;

    /// <summary>Branches if equal.</summary>
    [Branch("beq", "imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011", Extension.I, Hot = true)]
    public static bool Beq(ulong rs1, ulong rs2) => rs1 == rs2;

    /// <summary>Branches if not equal.</summary>
    [Branch("bne", "imm[12|10:5] rs2 rs1 001 imm[4:1|11] 1100011", Extension.I, Hot = true)]
    public static bool Bne(ulong rs1, ulong rs2) => rs1 != rs2;

    /// <summary>Branches if less than, signed.</summary>
    [Branch("blt", "imm[12|10:5] rs2 rs1 100 imm[4:1|11] 1100011", Extension.I, Hot = true)]
    public static bool Blt(ulong rs1, ulong rs2) => (long)rs1 < (long)rs2;

    /// <summary>Branches if greater or equal, signed.</summary>
    [Branch("bge", "imm[12|10:5] rs2 rs1 101 imm[4:1|11] 1100011", Extension.I, Hot = true)]
    public static bool Bge(ulong rs1, ulong rs2) => (long)rs1 >= (long)rs2;

    /// <summary>Branches if less than, unsigned.</summary>
    [Branch("bltu", "imm[12|10:5] rs2 rs1 110 imm[4:1|11] 1100011", Extension.I, Hot = true)]
    public static bool Bltu(ulong rs1, ulong rs2) => rs1 < rs2;

    /// <summary>Branches if greater or equal, unsigned.</summary>
    [Branch("bgeu", "imm[12|10:5] rs2 rs1 111 imm[4:1|11] 1100011", Extension.I, Hot = true)]
    public static bool Bgeu(ulong rs1, ulong rs2) => rs1 >= rs2;

    /// <summary>Loads a sign-extended byte.</summary>
    [Load("lb", "imm[11:0] rs1 000 rd 0000011", Extension.I, Hot = true)]
    public static ulong Lb(sbyte value) => (ulong)value;

    /// <summary>Loads a sign-extended halfword.</summary>
    [Load("lh", "imm[11:0] rs1 001 rd 0000011", Extension.I, Hot = true)]
    public static ulong Lh(short value) => (ulong)value;

    /// <summary>Loads a sign-extended word.</summary>
    [Load("lw", "imm[11:0] rs1 010 rd 0000011", Extension.I, Hot = true)]
    public static ulong Lw(int value) => (ulong)value;

    /// <summary>Loads a doubleword.</summary>
    [Load("ld", "imm[11:0] rs1 011 rd 0000011", Extension.I, Hot = true)]
    public static ulong Ld(ulong value) => value;

    /// <summary>Loads a zero-extended byte.</summary>
    [Load("lbu", "imm[11:0] rs1 100 rd 0000011", Extension.I, Hot = true)]
    public static ulong Lbu(byte value) => value;

    /// <summary>Loads a zero-extended halfword.</summary>
    [Load("lhu", "imm[11:0] rs1 101 rd 0000011", Extension.I, Hot = true)]
    public static ulong Lhu(ushort value) => value;

    /// <summary>Loads a zero-extended word.</summary>
    [Load("lwu", "imm[11:0] rs1 110 rd 0000011", Extension.I, Hot = true)]
    public static ulong Lwu(uint value) => value;

    /// <summary>Stores a byte.</summary>
    [Store("sb", "imm[11:5] rs2 rs1 000 imm[4:0] 0100011", Extension.I, Hot = true)]
    public static byte Sb(ulong rs2) => (byte)rs2;

    /// <summary>Stores a halfword.</summary>
    [Store("sh", "imm[11:5] rs2 rs1 001 imm[4:0] 0100011", Extension.I, Hot = true)]
    public static ushort Sh(ulong rs2) => (ushort)rs2;

    /// <summary>Stores a word.</summary>
    [Store("sw", "imm[11:5] rs2 rs1 010 imm[4:0] 0100011", Extension.I, Hot = true)]
    public static uint Sw(ulong rs2) => (uint)rs2;

    /// <summary>Stores a doubleword.</summary>
    [Store("sd", "imm[11:5] rs2 rs1 011 imm[4:0] 0100011", Extension.I, Hot = true)]
    public static ulong Sd(ulong rs2) => rs2;

    /// <summary>Adds an immediate.</summary>
    [Instruction("addi", "imm[11:0] rs1 000 rd 0010011", Extension.I, Hot = true)]
    public static ulong Addi(ulong rs1, long imm) => rs1 + (ulong)imm;

    /// <summary>Sets if less than an immediate, signed.</summary>
    [Instruction("slti", "imm[11:0] rs1 010 rd 0010011", Extension.I, Hot = true)]
    public static ulong Slti(ulong rs1, long imm) => (long)rs1 < imm ? 1UL : 0;

    /// <summary>Sets if less than a sign-extended immediate, unsigned.</summary>
    [Instruction("sltiu", "imm[11:0] rs1 011 rd 0010011", Extension.I, Hot = true)]
    public static ulong Sltiu(ulong rs1, long imm) => rs1 < (ulong)imm ? 1UL : 0;

    /// <summary>Exclusive or with an immediate.</summary>
    [Instruction("xori", "imm[11:0] rs1 100 rd 0010011", Extension.I, Hot = true)]
    public static ulong Xori(ulong rs1, long imm) => rs1 ^ (ulong)imm;

    /// <summary>Or with an immediate.</summary>
    [Instruction("ori", "imm[11:0] rs1 110 rd 0010011", Extension.I, Hot = true)]
    public static ulong Ori(ulong rs1, long imm) => rs1 | (ulong)imm;

    /// <summary>And with an immediate.</summary>
    [Instruction("andi", "imm[11:0] rs1 111 rd 0010011", Extension.I, Hot = true)]
    public static ulong Andi(ulong rs1, long imm) => rs1 & (ulong)imm;

    /// <summary>Shifts left by an immediate.</summary>
    [Instruction("slli", "000000 shamt[5:0] rs1 001 rd 0010011", Extension.I, Hot = true)]
    public static ulong Slli(ulong rs1, int shamt) => rs1 << shamt;

    /// <summary>Shifts right, logically by an immediate.</summary>
    [Instruction("srli", "000000 shamt[5:0] rs1 101 rd 0010011", Extension.I, Hot = true)]
    public static ulong Srli(ulong rs1, int shamt) => rs1 >> shamt;

    /// <summary>Shifts right, arithmetically by an immediate.</summary>
    [Instruction("srai", "010000 shamt[5:0] rs1 101 rd 0010011", Extension.I, Hot = true)]
    public static ulong Srai(ulong rs1, int shamt) => (ulong)((long)rs1 >> shamt);

    /// <summary>Adds, ignoring overflow.</summary>
    [Instruction("add", "0000000 rs2 rs1 000 rd 0110011", Extension.I, Hot = true)]
    public static ulong Add(ulong rs1, ulong rs2) => rs1 + rs2;

    /// <summary>Subtracts, ignoring overflow.</summary>
    [Instruction("sub", "0100000 rs2 rs1 000 rd 0110011", Extension.I, Hot = true)]
    public static ulong Sub(ulong rs1, ulong rs2) => rs1 - rs2;

    /// <summary>Shifts left.</summary>
    [Instruction("sll", "0000000 rs2 rs1 001 rd 0110011", Extension.I, Hot = true)]
    public static ulong Sll(ulong rs1, ulong rs2) => rs1 << (int)(rs2 & 63);

    /// <summary>Sets if less than, signed.</summary>
    [Instruction("slt", "0000000 rs2 rs1 010 rd 0110011", Extension.I, Hot = true)]
    public static ulong Slt(ulong rs1, ulong rs2) => (long)rs1 < (long)rs2 ? 1UL : 0;

    /// <summary>Sets if less than, unsigned.</summary>
    [Instruction("sltu", "0000000 rs2 rs1 011 rd 0110011", Extension.I, Hot = true)]
    public static ulong Sltu(ulong rs1, ulong rs2) => rs1 < rs2 ? 1UL : 0;

    /// <summary>Exclusive or.</summary>
    [Instruction("xor", "0000000 rs2 rs1 100 rd 0110011", Extension.I, Hot = true)]
    public static ulong Xor(ulong rs1, ulong rs2) => rs1 ^ rs2;

    /// <summary>Shifts right, logically.</summary>
    [Instruction("srl", "0000000 rs2 rs1 101 rd 0110011", Extension.I, Hot = true)]
    public static ulong Srl(ulong rs1, ulong rs2) => rs1 >> (int)(rs2 & 63);

    /// <summary>Shifts right, arithmetically.</summary>
    [Instruction("sra", "0100000 rs2 rs1 101 rd 0110011", Extension.I, Hot = true)]
    public static ulong Sra(ulong rs1, ulong rs2) => (ulong)((long)rs1 >> (int)(rs2 & 63));

    /// <summary>Or.</summary>
    [Instruction("or", "0000000 rs2 rs1 110 rd 0110011", Extension.I, Hot = true)]
    public static ulong Or(ulong rs1, ulong rs2) => rs1 | rs2;

    /// <summary>And.</summary>
    [Instruction("and", "0000000 rs2 rs1 111 rd 0110011", Extension.I, Hot = true)]
    public static ulong And(ulong rs1, ulong rs2) => rs1 & rs2;

    /// <summary>Adds an immediate to a word; the result is sign-extended.</summary>
    [Instruction("addiw", "imm[11:0] rs1 000 rd 0011011", Extension.I, Hot = true)]
    public static ulong Addiw(ulong rs1, long imm) => (ulong)((int)rs1 + (int)imm);

    /// <summary>Shifts a word left by an immediate; the result is sign-extended.</summary>
    [Instruction("slliw", "0000000 shamt[4:0] rs1 001 rd 0011011", Extension.I, Hot = true)]
    public static ulong Slliw(ulong rs1, int shamt) => (ulong)((int)rs1 << shamt);

    /// <summary>Shifts a word right, logically by an immediate; the result is sign-extended.</summary>
    [Instruction("srliw", "0000000 shamt[4:0] rs1 101 rd 0011011", Extension.I, Hot = true)]
    public static ulong Srliw(ulong rs1, int shamt) => (ulong)(int)((uint)rs1 >> shamt);

    /// <summary>Shifts a word right, arithmetically by an immediate; the result is sign-extended.</summary>
    [Instruction("sraiw", "0100000 shamt[4:0] rs1 101 rd 0011011", Extension.I, Hot = true)]
    public static ulong Sraiw(ulong rs1, int shamt) => (ulong)((int)rs1 >> shamt);

    /// <summary>Adds words; the result is sign-extended.</summary>
    [Instruction("addw", "0000000 rs2 rs1 000 rd 0111011", Extension.I, Hot = true)]
    public static ulong Addw(ulong rs1, ulong rs2) => (ulong)((int)rs1 + (int)rs2);

    /// <summary>Subtracts words; the result is sign-extended.</summary>
    [Instruction("subw", "0100000 rs2 rs1 000 rd 0111011", Extension.I, Hot = true)]
    public static ulong Subw(ulong rs1, ulong rs2) => (ulong)((int)rs1 - (int)rs2);

    /// <summary>Shifts a word left; the result is sign-extended.</summary>
    [Instruction("sllw", "0000000 rs2 rs1 001 rd 0111011", Extension.I, Hot = true)]
    public static ulong Sllw(ulong rs1, ulong rs2) => (ulong)((int)rs1 << (int)(rs2 & 31));

    /// <summary>Shifts a word right, logically; the result is sign-extended.</summary>
    [Instruction("srlw", "0000000 rs2 rs1 101 rd 0111011", Extension.I, Hot = true)]
    public static ulong Srlw(ulong rs1, ulong rs2) => (ulong)(int)((uint)rs1 >> (int)(rs2 & 31));

    /// <summary>Shifts a word right, arithmetically; the result is sign-extended.</summary>
    [Instruction("sraw", "0100000 rs2 rs1 101 rd 0111011", Extension.I, Hot = true)]
    public static ulong Sraw(ulong rs1, ulong rs2) => (ulong)((int)rs1 >> (int)(rs2 & 31));

    /// <summary>Orders memory accesses; rd and rs1 are reserved and ignored, as are unknown values of fm.</summary>
    [System("fence", "fm pred succ rs1 000 rd 0001111", Extension.I, EndsBlock = false, Operands = "{pred}, {succ}")]
    public static Flow Fence(IMachine machine, uint fm, uint pred, uint succ) => machine.Fence(fm, pred, succ);

    /// <summary>Orders memory accesses as total store order does.</summary>
    [System("fence.tso", "1000 0011 0011 00000 000 00000 0001111", Extension.I, EndsBlock = false)]
    public static Flow FenceTso(IMachine machine) => machine.Fence(8, 3, 3);

    /// <summary>Hints that the hart is spinning (Zihintpause); a FENCE without successors where the extension is absent.</summary>
    [System("pause", "0000 0001 0000 00000 000 00000 0001111", Extension.Zihintpause, EndsBlock = false)]
    public static Flow Pause(IMachine machine) => machine.Pause();

    /// <summary>Calls the execution environment.</summary>
    [System("ecall", "000000000000 00000 000 00000 1110011", Extension.I)]
    public static Flow Ecall(IMachine machine) => machine.EnvironmentCall();

    /// <summary>Stops at a breakpoint.</summary>
    [System("ebreak", "000000000001 00000 000 00000 1110011", Extension.I)]
    public static Flow Ebreak(IMachine machine) => machine.Breakpoint();
}
