using CoveJit.Isa.Generator.Model;

namespace CoveJit.Isa.Generator.Emit;

/// <summary>Emits the translator's way from an operation to the method that declares it.</summary>
internal static class DeclarationTableEmitter
{
    public static string Emit(InstructionCatalog catalog)
    {
        CodeWriter code = new("CoveJit.Translator.Emission");
        code.Line("using System.Reflection;");
        code.Line("using CoveJit.Isa;");
        code.Line();
        code.Open("internal sealed partial class Declarations");
        code.Line("// Found by name when first asked for: the translator meets a fraction of all instructions.");
        code.Open("private static MethodInfo? Find(Op op) => op switch");
        foreach (InstructionModel instruction in catalog.Instructions)
        {
            int dot = instruction.Method.LastIndexOf('.');
            code.Line($"Op.{instruction.Name} => typeof({instruction.Method.Substring(0, dot)}).GetMethod(\"{instruction.Method.Substring(dot + 1)}\"),");
        }

        code.Line("_ => null,");
        code.Close(";");
        code.Close();
        return code.ToString();
    }
}
