using CoveJit.Isa.Generator.Encodings;
using StringBuilder = System.Text.StringBuilder;

namespace CoveJit.Isa.Generator.Model;

/// <summary>Operand templates: text with placeholders such as <c>{rd}, {imm}({rs1})</c>.</summary>
internal static class OperandTemplate
{
    private static readonly string[] Order =
    [
        "rd", "fd", "csr", "rs1", "fs1", "zimm", "rs2", "fs2", "rs3", "fs3", "imm", "uimm", "nzimm", "nzuimm", "shamt", "bs", "rnum", "pred", "succ",
    ];

    /// <summary>The template for an instruction that declares none.</summary>
    public static string Default(InstructionKind kind, Encoding encoding)
    {
        switch (kind)
        {
            case InstructionKind.Load:
                return encoding.Has("fd") ? "{fd}, {imm}({rs1})" : "{rd}, {imm}({rs1})";
            case InstructionKind.Store:
                return encoding.Has("fs2") ? "{fs2}, {imm}({rs1})" : "{rs2}, {imm}({rs1})";
            case InstructionKind.Amo:
                return "{rd}, {rs2}, ({rs1})";
            case InstructionKind.Branch:
                return "{rs1}, {rs2}, {target}";
            case InstructionKind.Jump:
                return encoding.Has("rs1") ? "{rd}, {imm}({rs1})" : "{rd}, {target}";
            default:
                StringBuilder text = new();
                foreach (string name in Order.Where(encoding.Has))
                {
                    text.Append(text.Length == 0 ? "" : ", ").Append('{').Append(name).Append('}');
                }

                return text.Append(encoding.Has("rm") ? "{rm}" : "").ToString();
        }
    }

    /// <summary>The names between braces, in order.</summary>
    public static List<string> Placeholders(string template)
    {
        List<string> names = [];
        for (int open = template.IndexOf('{'); open >= 0; open = template.IndexOf('{', open + 1))
        {
            int close = template.IndexOf('}', open);
            if (close < 0)
            {
                break;
            }

            names.Add(template.Substring(open + 1, close - open - 1));
        }

        return names;
    }

    /// <summary>The field a placeholder shows: some show an immediate in a special way.</summary>
    public static string FieldOf(string placeholder) => placeholder is "target" or "upper" ? "imm" : placeholder;
}
