using System.Globalization;
using CoveJit.Fuzz.Encoding;
using CoveJit.Fuzz.Generation;
using CoveJit.Fuzz.Harness;

namespace CoveJit.Fuzz.Comparison;

/// <summary>The readable account of one difference.</summary>
public static class DifferenceReport
{
    public static string Write(GeneratedProgram program, int index, Segment segment, bool alone, Comparer comparer)
    {
        StringWriter w = new(CultureInfo.InvariantCulture);
        w.WriteLine($"seed {program.Seed}, program {program.Index} ({program.Profile}), segment {index}, starts in {segment.Start} mode, satp {segment.Satp:x16}");
        w.WriteLine(alone
            ? "The segment differs when run alone; reduced to:"
            : "The segment differs only after the ones before it (state carried over by a machine); not reduced:");
        ListCode(segment, w);
        w.WriteLine("start values:");
        string text = string.Join(' ', segment.Items.SelectMany(i => i.Instructions).Select(i => i.Text));
        for (int i = 1; i < 32; i++)
        {
            if (Mentions(text, Registers.X(i)))
            {
                w.WriteLine($"  {Registers.X(i),-4} {segment.X[i]:x16}");
            }
        }

        for (int i = 0; i < 32; i++)
        {
            if (Mentions(text, Registers.F(i)))
            {
                w.WriteLine($"  {Registers.F(i),-4} {segment.F[i]:x16}");
            }
        }

        w.WriteLine($"  mstatus {segment.Status:x16}");
        for (int i = 0; i < DescriptorLayout.Csrs.Length; i++)
        {
            w.WriteLine($"  {Csr.Name(DescriptorLayout.Csrs[i])} {segment.Csrs[i]:x16}");
        }

        IReadOnlyList<Segment> run = alone ? [segment] : [.. program.Segments.Take(index + 1)];
        int last = run.Count - 1;
        (RunResult a, RunResult b) = comparer.Run(run, program.Profile, i => i == last);
        int dump = comparer.LastCheckpoint(last, run.Count);
        if (!a.Dumps.TryGetValue(dump, out List<ulong>? first) || !b.Dumps.TryGetValue(dump, out List<ulong>? second))
        {
            w.WriteLine($"finished: {comparer.A.Name} {a.Finished}, {comparer.B.Name} {b.Finished}: no state to compare (hang or crash)");
        }
        else
        {
            CompareDumps(segment, first, second, comparer, w);
        }

        return w.ToString();
    }

    public static void ListCode(Segment segment, TextWriter w)
    {
        ulong pc = MemoryLayout.Code;
        foreach (Item item in segment.Items)
        {
            foreach (Insn insn in item.Instructions)
            {
                string bits = insn.Length == 2 ? $"{insn.Word & 0xFFFF:x4}    " : $"{insn.Word:x8}";
                w.WriteLine($"  [{item.Id,3}] {pc:x8}: {bits}  {insn.Text}");
                pc += (ulong)insn.Length;
            }
        }
    }

    private static void CompareDumps(Segment segment, List<ulong> a, List<ulong> b, Comparer comparer, StringWriter w)
    {
        w.WriteLine($"differences ({comparer.A.Name}, {comparer.B.Name}):");
        for (int i = 0; i < StateLayout.Words && i < a.Count && i < b.Count; i++)
        {
            Line(StateLayout.NameOf(i), a[i], b[i]);
        }

        int trapsA = Traps(a), trapsB = Traps(b);
        string[] fields = ["cause", "epc", "tval", "status"];
        for (int i = 0; i < Math.Max(trapsA, trapsB) * 4; i++)
        {
            ulong left = i < trapsA * 4 ? a[StateLayout.Words + i] : 0, right = i < trapsB * 4 ? b[StateLayout.Words + i] : 0;
            string name = $"trap {i / 4} {fields[i % 4]}";
            if (i >= trapsA * 4 || i >= trapsB * 4)
            {
                w.WriteLine($"  {name}: only on {(i < trapsA * 4 ? comparer.A.Name : comparer.B.Name)}: {left | right:x16}");
            }
            else
            {
                Line(name, left, right);
            }
        }

        int atA = StateLayout.Words + (trapsA * 4), atB = StateLayout.Words + (trapsB * 4);
        foreach ((ulong address, int words, _) in segment.Regions)
        {
            for (int i = 0; i < words; i++)
            {
                LineAt($"memory {address + ((ulong)i * 8):x8}");
            }
        }

        foreach ((ulong address, ulong value) in segment.PageTableEntries)
        {
            LineAt($"page-table entry {address:x8} (was {value:x16})");
        }

        // A machine that lost its way may leave any number there: no more traps than words were printed.
        int Traps(List<ulong> dump) => dump.Count <= StateLayout.Words ? 0
            : (int)Math.Min((ulong)Segment.TrapLimit - dump[StateLayout.TrapsLeftIndex], (ulong)(dump.Count - StateLayout.Words) / 4);

        void LineAt(string name)
        {
            if (atA < a.Count && atB < b.Count)
            {
                Line(name, a[atA++], b[atB++]);
            }
        }

        void Line(string name, ulong left, ulong right)
        {
            if (left != right)
            {
                w.WriteLine($"  {name}: {left:x16} {right:x16}");
            }
        }
    }

    private static bool Mentions(string text, string register)
    {
        for (int i = text.IndexOf(register, StringComparison.Ordinal); i >= 0; i = text.IndexOf(register, i + 1, StringComparison.Ordinal))
        {
            int end = i + register.Length;
            if ((i == 0 || !char.IsLetterOrDigit(text[i - 1])) && (end == text.Length || !char.IsLetterOrDigit(text[end])))
            {
                return true;
            }
        }

        return false;
    }
}
