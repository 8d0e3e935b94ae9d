using System.Runtime.InteropServices;

namespace CoveJit.Isa;

/// <summary>One decoded instruction: 16 bytes, laid out for the interpreter's loop.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
public struct DecodedInstruction
{
    /// <summary>The operation (a compressed instruction decodes to the operation it expands to).</summary>
    public Op Op;

    /// <summary>Destination register number: integer or floating-point, as the operation says.</summary>
    public byte Rd;

    /// <summary>First source register number; for the CSR immediate forms the five-bit zimm.</summary>
    public byte Rs1;

    /// <summary>Second source register number.</summary>
    public byte Rs2;

    /// <summary>Third source register number (fused multiply-add), or the aq (bit 1) and rl (bit 0) bits.</summary>
    public byte Rs3;

    /// <summary>Rounding-mode field; 7 is dynamic.</summary>
    public byte Rm;

    /// <summary>Length in bytes: 2 or 4.</summary>
    public byte Length;

    /// <summary>Immediate, sign- or zero-extended as the encoding says; also shamt, CSR number, bs, rnum.</summary>
    public int Imm;

    /// <summary>The instruction bits as fetched, for mtval/stval of an illegal-instruction exception; compressed ones zero-extended.</summary>
    public uint Raw;
}
