using System.Globalization;
using CoveJit.Isa;
using CoveJit.Machines.Options;
using CoveJit.Translator.Inspection;

namespace CoveJit.Machines.Inspection;

/// <summary><c>--dump-asm</c>: guest code, IL and host code side by side.</summary>
public static class AssemblyReport
{
    private const int Hottest = 10;
    private const int LeftWidth = 64;

    /// <summary>Writes what a machine that has run made of the code that its options ask for.</summary>
    public static void Write(Machine machine, TextWriter output)
    {
        if (machine.Translations is not { } log || machine.Options.DumpAsm is not DumpTarget target)
        {
            return;
        }

        LoggedTranslation[] chosen = target.Address is ulong address
            ? [.. log.Translations.Where(logged => logged.Translation.Blocks.Any(block => Covers(block, address)))]
            : [.. log.Translations.OrderByDescending(logged => logged.Instructions).Take(Hottest)];
        if (chosen.Length == 0)
        {
            output.WriteLine(target.Address is ulong missed
                ? string.Create(CultureInfo.InvariantCulture, $"no translated code covers 0x{missed:x}: it is the virtual address of an instruction that has run often that counts; --hot 1 translates at once")
                : "nothing was translated");
        }

        foreach (LoggedTranslation logged in chosen)
        {
            Write(machine, logged, output);
            output.WriteLine();
        }
    }

    private static void Write(Machine machine, LoggedTranslation logged, TextWriter output)
    {
        Translation translation = logged.Translation;
        ulong pc = translation.Pc;
        string symbol = machine.Symbols.TryFind(pc, out _, out _) ? $" ({machine.Symbols.Symbolize(pc)})" : string.Empty;
        string runs = logged.Runs > 0 ? $", {logged.Runs} runs, {logged.Instructions} instructions executed" : string.Empty;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{logged.Tier} 0x{pc:x}{symbol}: {translation.Blocks.Sum(block => block.Instructions.Count)} instructions in {translation.Blocks.Count} blocks, {logged.Code.Length} bytes of host code{runs}"));
        List<(ulong Address, string Text)> host = [.. HostDisassembly.Disassemble(logged.Code, logged.Start)];
        if (translation.IsRegion)
        {
            WriteRegion(machine, translation, host, output);
        }
        else
        {
            WriteBlock(machine, logged, host, output);
        }
    }

    // Guest instruction and its host code; in front what every run of the block begins with, at the end what is out of the way.
    private static void WriteBlock(Machine machine, LoggedTranslation logged, List<(ulong Address, string Text)> host, TextWriter output)
    {
        Dictionary<ulong, string> guest = GuestLines(machine, logged.Translation);
        IReadOnlyList<HostMark> marks = logged.Translation.Marks;
        int first = marks.Count > 0 ? marks[0].Offset : int.MaxValue;
        WriteColumns(["(entry)"], HostLines(0, first), output);
        for (int i = 0; i < marks.Count; i++)
        {
            string left = marks[i].Pc is ulong pc ? guest[pc] : "(exits)";
            WriteColumns([left], HostLines(marks[i].Offset, i + 1 < marks.Count ? marks[i + 1].Offset : int.MaxValue), output);
        }

        List<string> HostLines(int from, int to) =>
            [.. host.Where(line => (long)(line.Address - logged.Start) >= from && (long)(line.Address - logged.Start) < to).Select(HostLine)];
    }

    // Guest instruction and its IL; the compiler orders host code as it likes, so that follows as a whole.
    private static void WriteRegion(Machine machine, Translation translation, List<(ulong Address, string Text)> host, TextWriter output)
    {
        Dictionary<ulong, string> guest = GuestLines(machine, translation);
        for (int i = 0; i < translation.Il.Count;)
        {
            ulong? pc = translation.Il[i].Pc;
            int end = i;
            while (end < translation.Il.Count && translation.Il[end].Pc == pc)
            {
                end++;
            }

            string left = pc is ulong known ? guest[known] : string.Empty;
            WriteColumns([left], [.. translation.Il.Skip(i).Take(end - i).Select(line => line.Text)], output);
            i = end;
        }

        output.WriteLine("host code:");
        foreach ((ulong Address, string Text) line in host)
        {
            output.WriteLine($"  {HostLine(line)}");
        }
    }

    private static Dictionary<ulong, string> GuestLines(Machine machine, Translation translation)
    {
        Dictionary<ulong, string> lines = [];
        foreach (TranslatedBlock block in translation.Blocks)
        {
            ulong pc = block.Pc;
            foreach (DecodedInstruction prepared in block.Instructions)
            {
                lines[pc] = GuestCode.Line(pc, Decoder.Decode(prepared.Raw, machine.Configuration.Extensions), machine.Configuration);
                pc += prepared.Length;
            }
        }

        return lines;
    }

    private static void WriteColumns(List<string> left, List<string> right, TextWriter output)
    {
        for (int i = 0; i < Math.Max(left.Count, right.Count); i++)
        {
            output.WriteLine($"{(i < left.Count ? left[i] : string.Empty).PadRight(LeftWidth)}  {(i < right.Count ? right[i] : string.Empty)}".TrimEnd());
        }
    }

    private static string HostLine((ulong Address, string Text) line) => string.Create(CultureInfo.InvariantCulture, $"{line.Address:x12}  {line.Text}");

    private static bool Covers(TranslatedBlock block, ulong address) =>
        address >= block.Pc && address - block.Pc < (ulong)block.Instructions.Sum(instruction => instruction.Length);
}
