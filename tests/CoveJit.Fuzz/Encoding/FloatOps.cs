namespace CoveJit.Fuzz.Encoding;

/// <summary>Register files of a floating-point operation's operands and whether it takes a rounding mode.</summary>
[Flags]
public enum FloatForm
{
    None = 0,
    IntegerResult = 1,
    IntegerSource = 2,
    TwoSources = 4,
    ThreeSources = 8,
    Rounded = 16,
}

/// <summary>A floating-point computation (loads and stores are made by the memory generator).</summary>
public readonly record struct FloatOp(string Name, FloatForm Form, uint Bits)
{
    private static readonly string[] RoundingModes = ["rne", "rtz", "rdn", "rup", "rmm", "rm5", "rm6", "dyn"];

    public Insn Encode(int rd, int rs1, int rs2, int rs3, int rm)
    {
        string d = Form.HasFlag(FloatForm.IntegerResult) ? Registers.X(rd) : Registers.F(rd);
        string s = Form.HasFlag(FloatForm.IntegerSource) ? Registers.X(rs1) : Registers.F(rs1);
        uint word = Bits | Formats.R(0, 0, 0, rd, rs1, 0);
        string text = $"{Name} {d}, {s}";
        if ((Form & (FloatForm.TwoSources | FloatForm.ThreeSources)) != 0)
        {
            word |= (uint)rs2 << 20;
            text += $", {Registers.F(rs2)}";
        }

        if (Form.HasFlag(FloatForm.ThreeSources))
        {
            word |= (uint)rs3 << 27;
            text += $", {Registers.F(rs3)}";
        }

        if (Form.HasFlag(FloatForm.Rounded))
        {
            word |= (uint)rm << 12;
            text += $", {RoundingModes[rm]}";
        }

        return Insn.Full(word, text);
    }
}

/// <summary>F, D and Zfhmin operations.</summary>
public static class FloatOps
{
    public static readonly FloatOp[] All = [.. Build()];

    private static IEnumerable<FloatOp> Build()
    {
        string[] suffixes = ["s", "d"];
        for (uint format = 0; format < 2; format++)
        {
            string f = suffixes[format];
            const FloatForm two = FloatForm.TwoSources, rounded = FloatForm.Rounded;
            string[] arithmetic = ["fadd", "fsub", "fmul", "fdiv"];
            for (uint i = 0; i < 4; i++)
            {
                yield return Op($"{arithmetic[i]}.{f}", two | rounded, i, format, 0, 0);
            }

            string[] fused = ["fmadd", "fmsub", "fnmsub", "fnmadd"];
            for (uint i = 0; i < 4; i++)
            {
                yield return new($"{fused[i]}.{f}", FloatForm.ThreeSources | rounded, (0x43 + (i * 4)) | (format << 25));
            }

            yield return Op($"fsqrt.{f}", rounded, 0x0B, format, 0, 0);
            string[] signs = ["fsgnj", "fsgnjn", "fsgnjx"];
            for (uint i = 0; i < 3; i++)
            {
                yield return Op($"{signs[i]}.{f}", two, 4, format, 0, i);
            }

            yield return Op($"fmin.{f}", two, 5, format, 0, 0);
            yield return Op($"fmax.{f}", two, 5, format, 0, 1);
            yield return Op($"fle.{f}", two | FloatForm.IntegerResult, 0x14, format, 0, 0);
            yield return Op($"flt.{f}", two | FloatForm.IntegerResult, 0x14, format, 0, 1);
            yield return Op($"feq.{f}", two | FloatForm.IntegerResult, 0x14, format, 0, 2);
            yield return Op($"fclass.{f}", FloatForm.IntegerResult, 0x1C, format, 0, 1);
            string[] integers = ["w", "wu", "l", "lu"];
            for (uint i = 0; i < 4; i++)
            {
                yield return Op($"fcvt.{integers[i]}.{f}", FloatForm.IntegerResult | rounded, 0x18, format, i, 0);
                yield return Op($"fcvt.{f}.{integers[i]}", FloatForm.IntegerSource | rounded, 0x1A, format, i, 0);
            }
        }

        yield return Op("fmv.x.w", FloatForm.IntegerResult, 0x1C, 0, 0, 0);
        yield return Op("fmv.w.x", FloatForm.IntegerSource, 0x1E, 0, 0, 0);
        yield return Op("fmv.x.d", FloatForm.IntegerResult, 0x1C, 1, 0, 0);
        yield return Op("fmv.d.x", FloatForm.IntegerSource, 0x1E, 1, 0, 0);
        yield return Op("fmv.x.h", FloatForm.IntegerResult, 0x1C, 2, 0, 0);
        yield return Op("fmv.h.x", FloatForm.IntegerSource, 0x1E, 2, 0, 0);
        string[] formats = ["s", "d", "h"];
        for (uint to = 0; to < 3; to++)
        {
            for (uint from = 0; from < 3; from++)
            {
                if (to != from)
                {
                    yield return Op($"fcvt.{formats[to]}.{formats[from]}", FloatForm.Rounded, 0x08, to, from, 0);
                }
            }
        }
    }

    private static FloatOp Op(string name, FloatForm form, uint funct5, uint format, uint rs2, uint funct3) =>
        new(name, form, Formats.R(0x53, funct3, (funct5 << 2) | format, 0, 0, (int)rs2));
}
