using CoveJit.Isa.Generator.Model;

namespace CoveJit.Isa.Generator.Emit;

/// <summary>Emits the disassembler's templates: mnemonic and operands with placeholders, indexed by Op.</summary>
internal static class DisassemblerEmitter
{
    public static string Emit(InstructionCatalog catalog)
    {
        CodeWriter code = new("CoveJit.Isa");
        code.Open("public static partial class Disassembler");
        OpInfoEmitter.Table(code, catalog, "string[] Templates =", "\"\"", instruction => $"\"{TemplateOf(instruction)}\"");
        code.Close();
        return code.ToString();
    }

    private static string TemplateOf(InstructionModel instruction)
    {
        // The ordering bits of atomics are part of the mnemonic: amoadd.w.aqrl.
        string ordering = instruction.Encoding.Has("aq") ? "{ordering}" : "";
        string mnemonic = instruction.Mnemonic + ordering;
        return instruction.Operands.Length == 0 ? mnemonic : $"{mnemonic} {instruction.Operands}";
    }
}
