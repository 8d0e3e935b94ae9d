namespace CoveJit.Isa.Declarations;

/// <summary>
/// Declares one instruction: its mnemonic, its encoding as the specification's tables draw it, and the extension it belongs to.
/// The attributed static method is the instruction's semantics. Decoder, interpreter, disassembler and IL emitter are derived from
/// this one declaration by CoveJit.Isa.Generator.
/// </summary>
/// <remarks>
/// The encoding is a list of fields from the most to the least significant bit, separated by spaces: literal bits (<c>0110011</c>),
/// registers (<c>rd rs1 rs2 rs3 fd fs1 fs2 fs3</c>; a trailing <c>'</c> marks the three-bit form x8 to x15, and <c>rd[4:1] 0</c> an even one), <c>rm aq rl csr fm pred succ
/// shamt[5:0] zimm bs rnum</c>, and immediates with their bits (<c>imm[12|10:5]</c>, sign-extended; <c>uimm[...]</c>, zero-extended;
/// <c>nzimm</c>/<c>nzuimm</c>, as these but zero is reserved). A register may carry a condition: <c>rd!=0</c>, <c>rd!={0,2}</c>.
/// </remarks>
[AttributeUsage(AttributeTargets.Method)]
public class InstructionAttribute(string mnemonic, string encoding, Extension extension) : Attribute
{
    /// <summary>The assembler mnemonic, for example <c>amoadd.w</c>.</summary>
    public string Mnemonic { get; } = mnemonic;

    /// <summary>The 32-bit (or, for compressed declarations, 16-bit) encoding; see the type's remarks.</summary>
    public string Encoding { get; } = encoding;

    /// <summary>The extension that must be enabled for the encoding to be legal.</summary>
    public Extension Extension { get; } = extension;

    /// <summary>A second extension that provides the same encoding (for example Zbkb beside Zbb); <see cref="Extension.None"/> if there is none.</summary>
    public Extension Alternative { get; init; }

    /// <summary>An extension that must be enabled as well (for example Zacas for AMOCAS.B of Zabha); <see cref="Extension.None"/> if there is none.</summary>
    public Extension Requires { get; init; }

    /// <summary>Whether the interpreter inlines the operation in its main switch instead of calling its handler.</summary>
    public bool Hot { get; init; }

    /// <summary>Operand text for the disassembler where it differs from the default, for example <c>{rd}, {imm}({rs1})</c>.</summary>
    public string? Operands { get; init; }
}

/// <summary>A load from rs1 + imm: the method maps the loaded value (its parameter type gives width and sign) to the destination register.</summary>
public sealed class LoadAttribute(string mnemonic, string encoding, Extension extension) : InstructionAttribute(mnemonic, encoding, extension);

/// <summary>A store to rs1 + imm: the method maps rs2 (or fs2) to the stored value, whose type gives the width.</summary>
public sealed class StoreAttribute(string mnemonic, string encoding, Extension extension) : InstructionAttribute(mnemonic, encoding, extension);

/// <summary>An atomic read-modify-write of the naturally aligned word at rs1: the method maps (memory, rs2) to the new memory value; rd receives the old one, sign-extended.</summary>
public sealed class AmoAttribute(string mnemonic, string encoding, Extension extension) : InstructionAttribute(mnemonic, encoding, extension);

/// <summary>A conditional branch to pc + imm: the method tells whether it is taken.</summary>
public sealed class BranchAttribute(string mnemonic, string encoding, Extension extension) : InstructionAttribute(mnemonic, encoding, extension);

/// <summary>An unconditional jump: the method returns the target; rd receives the address of the next instruction.</summary>
public sealed class JumpAttribute(string mnemonic, string encoding, Extension extension) : InstructionAttribute(mnemonic, encoding, extension);

/// <summary>
/// An instruction that acts on the hart through <see cref="IMachine"/>. The method's first parameter is the machine; the others are operands as usual
/// (<c>rd</c> here is the register's number, not its value); it returns a <see cref="Flow"/>.
/// </summary>
public sealed class SystemAttribute(string mnemonic, string encoding, Extension extension) : InstructionAttribute(mnemonic, encoding, extension)
{
    /// <summary>Whether a decoded block ends with the instruction. False only where every outcome is <see cref="Flow.Next"/> or <see cref="Flow.Trap"/>.</summary>
    public bool EndsBlock { get; init; } = true;
}

/// <summary>Declares a 16-bit encoding that expands to a 32-bit instruction, given as text in the spelling of the disassembler (<c>addi rd, rd, imm</c>).</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class CompressedAttribute(string mnemonic, string encoding, Extension extension, string expansion) : Attribute
{
    /// <summary>The assembler mnemonic, for example <c>c.addi</c>.</summary>
    public string Mnemonic { get; } = mnemonic;

    /// <summary>The 16-bit encoding.</summary>
    public string Encoding { get; } = encoding;

    /// <summary>The extension that must be enabled.</summary>
    public Extension Extension { get; } = extension;

    /// <summary>The instruction it stands for.</summary>
    public string Expansion { get; } = expansion;
}
