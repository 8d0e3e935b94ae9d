using CoveJit.Isa.Generator.Model;

namespace CoveJit.Isa.Generator.Emit;

/// <summary>Emits the tables of OpInfo and of the disassembler, indexed by Op.</summary>
internal static class OpInfoEmitter
{
    public static string Emit(InstructionCatalog catalog)
    {
        CodeWriter code = new("CoveJit.Isa");
        code.Open("public static partial class OpInfo");
        Table(code, catalog, "string[] Mnemonics =", "\"illegal\"", instruction => $"\"{instruction.PlainMnemonic}\"");
        Table(code, catalog, "Isa.Extension[] Extensions =", "Isa.Extension.None", instruction => $"Isa.Extension.{instruction.Extension}");
        Table(code, catalog, "OpKind[] Kinds =", "OpKind.Illegal", instruction => $"OpKind.{instruction.Kind}");
        Table(code, catalog, "uint[] Matches =", "0", instruction => $"0x{instruction.Encoding.Match:x8}");
        Table(code, catalog, "OpFlags[] Flags =", "OpFlags.EndsBlock", FlagsOf);
        code.Close();
        return code.ToString();
    }

    /// <summary>Writes one static array with an element for Illegal and one for each instruction.</summary>
    public static void Table(CodeWriter code, InstructionCatalog catalog, string declaration, string illegal, Func<InstructionModel, string> element)
    {
        code.Open($"private static readonly {declaration}");
        code.Line($"{illegal}, // Illegal");
        code.Line($"{illegal}, // BlockEnd");
        foreach (InstructionModel instruction in catalog.Instructions)
        {
            code.Line($"{element(instruction)}, // {instruction.Name}");
        }

        code.Close(";");
        code.Line();
    }

    private static string FlagsOf(InstructionModel instruction)
    {
        (string Name, bool Set)[] flags =
        [
            ("WritesRd", instruction.WritesRd),
            ("WritesFd", instruction.WritesFd),
            ("ReadsRs1", instruction.Reads("rs1")),
            ("ReadsRs2", instruction.Reads("rs2")),
            ("ReadsRd", instruction.Kind != InstructionKind.System && instruction.Reads("rd")),
            ("ReadsFs1", instruction.Reads("fs1")),
            ("ReadsFs2", instruction.Reads("fs2")),
            ("ReadsFs3", instruction.Reads("fs3")),
            ("UsesFloat", instruction.UsesFloat),
            ("HasRm", instruction.HasRm),
            ("EndsBlock", instruction.EndsBlock),
            ("Hot", instruction.Hot),
            ("PcRelative", instruction.IsPcRelative),
            ("RaisesFloatFlags", instruction.RaisesFloatFlags),
        ];
        string[] set = [.. flags.Where(flag => flag.Set).Select(flag => "OpFlags." + flag.Name)];
        return set.Length == 0 ? "OpFlags.None" : string.Join(" | ", set);
    }
}
