using System.Globalization;
using System.Text;

namespace CoveJit.Isa;

/// <summary>Writes decoded instructions as assembler text with ABI register names; compressed ones appear as what they expand to.</summary>
public static partial class Disassembler
{
    private static readonly string[] IntegerNames =
    [
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    ];

    private static readonly string[] FloatNames =
    [
        "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5",
        "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
    ];

    private static readonly string[] RoundingNames = ["rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn"];

    private static readonly string[] OrderingSuffixes = ["", ".rl", ".aq", ".aqrl"];

    /// <summary>The ABI name of an integer register.</summary>
    public static string IntegerRegister(int number) => IntegerNames[number];

    /// <summary>The ABI name of a floating-point register.</summary>
    public static string FloatRegister(int number) => FloatNames[number];

    /// <summary>The text of one instruction; illegal ones appear as data (<c>.half 0x0000</c>, <c>.word 0x00000000</c>).</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="pc">Its address, for the targets of branches and jumps.</param>
    /// <param name="csrName">Names CSRs; where absent or null the number appears in hexadecimal.</param>
    public static string Disassemble(in DecodedInstruction instruction, ulong pc, Func<uint, string?>? csrName = null)
    {
        if (instruction.Op == Op.Illegal)
        {
            return instruction.Length == 2
                ? string.Create(CultureInfo.InvariantCulture, $".half 0x{instruction.Raw:x4}")
                : string.Create(CultureInfo.InvariantCulture, $".word 0x{instruction.Raw:x8}");
        }

        string template = Templates[(int)instruction.Op];
        StringBuilder text = new();
        int position = 0;
        while (position < template.Length)
        {
            int open = template.IndexOf('{', position);
            if (open < 0)
            {
                break;
            }

            int close = template.IndexOf('}', open);
            text.Append(template, position, open - position);
            text.Append(Operand(template[(open + 1)..close], instruction, pc, csrName));
            position = close + 1;
        }

        return text.Append(template, position, template.Length - position).ToString();
    }

    private static string Operand(string name, in DecodedInstruction instruction, ulong pc, Func<uint, string?>? csrName) => name switch
    {
        "rd" => IntegerNames[instruction.Rd],
        "rs1" => IntegerNames[instruction.Rs1],
        "rs2" => IntegerNames[instruction.Rs2],
        "rs3" => IntegerNames[instruction.Rs3],
        "fd" => FloatNames[instruction.Rd],
        "fs1" => FloatNames[instruction.Rs1],
        "fs2" => FloatNames[instruction.Rs2],
        "fs3" => FloatNames[instruction.Rs3],
        "zimm" => Decimal(instruction.Rs1),
        "rm" => instruction.Rm == 7 ? "" : ", " + RoundingNames[instruction.Rm],
        "ordering" => OrderingSuffixes[instruction.Rs3 & 3],
        "csr" => csrName?.Invoke((uint)instruction.Imm) ?? Hexadecimal((uint)instruction.Imm),
        "target" => Hexadecimal(pc + (ulong)instruction.Imm),
        "upper" => Hexadecimal((uint)instruction.Imm >> 12),
        "shamt" or "bs" or "rnum" => Hexadecimal((uint)instruction.Imm),
        "pred" => Accesses((instruction.Imm >> 4) & 15),
        "succ" => Accesses(instruction.Imm & 15),
        _ => Decimal(instruction.Imm),
    };

    /// <summary>The set of accesses a fence orders, as letters of "iorw".</summary>
    private static string Accesses(int bits)
    {
        StringBuilder text = new();
        for (int i = 0; i < 4; i++)
        {
            if ((bits & (8 >> i)) != 0)
            {
                text.Append("iorw"[i]);
            }
        }

        return text.Length == 0 ? "0" : text.ToString();
    }

    private static string Decimal(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Hexadecimal(ulong value) => string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");
}
