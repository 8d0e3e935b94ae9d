using System.Globalization;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.Csrs;
using CoveJit.Isa;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;
using CoveJit.Translator.X64;

namespace CoveJit.Machines.Inspection;

/// <summary>Looks at the code a hart is about to execute, and writes guest code down.</summary>
internal static unsafe class GuestCode
{
    /// <summary>The decoded block at a hart's pc, or null where there is none yet.</summary>
    public static Block* BlockAtPc(Hart hart)
    {
        if (!TlbBank.TryHit(hart.State->FetchBank, hart.Pc, AccessType.Execute, out byte* host))
        {
            return null;
        }

        uint* table = hart.Code.Tables[(ulong)(host - hart.State->Ram) >> GuestRam.PageShift];
        uint reference = table == null ? 0 : table[(hart.Pc & 0xFFF) >> 1];
        return reference == 0 ? null : hart.Code.BlockAt(reference);
    }

    /// <summary>What executes a block, as reports name it.</summary>
    public static string TierOf(Block* block) =>
        block == null || block->Entry == 0 ? "the interpreter" : NativeTranslator.Executes(block) ? "native code of the block" : "the region that starts with the block";

    /// <summary>The instructions of a block with their addresses, as they were before they were prepared for it.</summary>
    /// <param name="block">The block.</param>
    /// <param name="pc">Virtual address of its start.</param>
    /// <param name="extensions">What the harts implement.</param>
    public static List<(ulong Pc, DecodedInstruction Instruction)> InstructionsOf(Block* block, ulong pc, ExtensionSet extensions)
    {
        List<(ulong, DecodedInstruction)> instructions = [];
        for (int i = 0; i < block->Count; i++)
        {
            DecodedInstruction instruction = Decoder.Decode(Block.Instructions(block)[i].Raw, extensions);
            instructions.Add((pc, instruction));
            pc += instruction.Length;
        }

        return instructions;
    }

    /// <summary>The instruction at a hart's pc; an illegal one where it cannot be read.</summary>
    public static DecodedInstruction InstructionAtPc(Hart hart)
    {
        uint raw = 0;
        if (TlbBank.TryHit(hart.State->FetchBank, hart.Pc, AccessType.Execute, out byte* low))
        {
            raw = *(ushort*)low;
            if ((raw & 3) == 3 && TlbBank.TryHit(hart.State->FetchBank, hart.Pc + 2, AccessType.Execute, out byte* high))
            {
                raw |= (uint)*(ushort*)high << 16;
            }
        }

        return Decoder.Decode(raw, hart.Configuration.Extensions);
    }

    /// <summary>A line of a listing: address, code, text.</summary>
    public static string Line(ulong pc, in DecodedInstruction instruction, HartConfiguration configuration)
    {
        CsrTable csrs = CsrTable.For(configuration);
        string digits = instruction.Raw.ToString(instruction.Length == 2 ? "x4" : "x8", CultureInfo.InvariantCulture);
        string text = Disassembler.Disassemble(instruction, pc, number => csrs[number]?.Name);
        return string.Create(CultureInfo.InvariantCulture, $"{pc,16:x}:  {digits,-8}  {text}");
    }

    /// <summary>Whether an instruction writes the register of a name.</summary>
    public static bool Writes(in DecodedInstruction instruction, string register) =>
        (OpInfo.WritesRd(instruction.Op) && Disassembler.IntegerRegister(instruction.Rd & 31) == register)
        || (OpInfo.WritesFd(instruction.Op) && Disassembler.FloatRegister(instruction.Rd & 31) == register);
}
