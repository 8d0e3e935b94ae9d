using CoveJit.Isa.Generator.Model;

namespace CoveJit.Isa.Generator.Emit;

/// <summary>Emits the Op enumeration.</summary>
internal static class OpEnumEmitter
{
    public static string Emit(InstructionCatalog catalog)
    {
        CodeWriter code = new("CoveJit.Isa");
        code.Line("/// <summary>The operations: one for each declared instruction, the hot ones first so that a switch over them is dense.</summary>");
        code.Open("public enum Op : ushort");
        code.Line("/// <summary>Unknown, reserved or not enabled.</summary>");
        code.Line("Illegal,");
        code.Line();
        code.Line("/// <summary>Not an instruction: ends a decoded block whose last instruction falls through.</summary>");
        code.Line("BlockEnd,");
        foreach (InstructionModel instruction in catalog.Instructions)
        {
            code.Line();
            code.Line($"/// <summary><c>{instruction.PlainMnemonic}</c> ({instruction.Extension}).</summary>");
            code.Line(instruction.Name + ",");
        }

        code.Close();
        return code.ToString();
    }
}
