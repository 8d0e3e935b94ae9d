using System.Buffers.Binary;
using System.CommandLine;
using System.Globalization;
using CoveJit.Cli.Parsing;
using CoveJit.Harts;
using CoveJit.Harts.Csrs;
using CoveJit.Isa;
using CoveJit.Machines.Loading;

namespace CoveJit.Cli.Commands;

/// <summary><c>covejit disasm</c>: the code of an ELF file with its symbols, raw code, or instruction words given as hexadecimal numbers.</summary>
internal static class DisassembleCommand
{
    private const ulong LargestFile = 1UL << 31;
    private const int LongestWord = 8;

    public static Command Build()
    {
        Argument<string[]> what = new("what") { HelpName = "FILE|HEX", Description = "ELF files, or instructions such as 00000297 or 0x8082", Arity = ArgumentArity.OneOrMore };
        Option<bool> raw = new("--raw") { Description = "Files hold nothing but code" };
        Option<string?> address = new("--address") { HelpName = "A", Description = "Address of the first instruction of raw code and of words [0]" };
        Command command = new("disasm", "Disassemble RISC-V code") { what, raw, address };
        command.SetAction(result =>
            Print(result.InvocationConfiguration.Output, result.GetValue(what)!, result.GetValue(raw), ParseAddress(result.GetValue(address))));
        return command;
    }

    private static ulong ParseAddress(string? text)
    {
        if (text is null)
        {
            return 0;
        }

        bool isHexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(isHexadecimal ? text.AsSpan(2) : text, isHexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out ulong address) && (address & 1) == 0
            ? address
            : throw new UsageException($"--address {text} is no address of an instruction", "write for example 0x80000000");
    }

    private static void Print(TextWriter output, string[] arguments, bool raw, ulong address)
    {
        foreach (string argument in arguments)
        {
            // A word is never taken for a file of that name in the current directory: write ./NAME.
            if (TryParseWord(argument, out byte[] code))
            {
                PrintCode(output, code, address, SymbolTable.Empty);
                address += (ulong)code.Length;
                continue;
            }

            GuestFile file = GuestFile.Read("disasm", argument, LargestFile);
            if (raw)
            {
                PrintCode(output, file.Content.Span, address, SymbolTable.Empty);
            }
            else if (ElfFile.Recognises(file.Content.Span))
            {
                PrintElf(output, ElfFile.Parse(file));
            }
            else
            {
                throw new LoadException($"{file.Display} is no ELF file", "add --raw if it holds nothing but code");
            }
        }
    }

    private static void PrintElf(TextWriter output, ElfFile elf)
    {
        foreach (ElfSegment segment in elf.Segments)
        {
            if (segment.IsExecutable)
            {
                PrintCode(output, elf.Bytes(segment), segment.VirtualAddress, elf.Symbols);
            }
        }
    }

    // Numbers are written as an instruction's value, the way listings show it: the lowest bits come last.
    private static bool TryParseWord(string text, out byte[] code)
    {
        ReadOnlySpan<char> digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text.AsSpan(2) : text;
        code = [];
        if (digits.Length is 0 or > LongestWord || !uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint word))
        {
            return false;
        }

        code = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(code, word);
        if ((word & 3) != 3 && word <= ushort.MaxValue)
        {
            code = code[..sizeof(ushort)];
        }

        return true;
    }

    private static void PrintCode(TextWriter output, ReadOnlySpan<byte> code, ulong address, SymbolTable symbols)
    {
        HartConfiguration configuration = new();
        CsrTable csrs = CsrTable.For(configuration);
        Func<uint, string?> csrName = number => csrs[number]?.Name;
        int position = 0;
        while (position + sizeof(ushort) <= code.Length)
        {
            uint bits = BinaryPrimitives.ReadUInt16LittleEndian(code[position..]);
            if ((bits & 3) == 3)
            {
                if (position + sizeof(uint) > code.Length)
                {
                    break;
                }

                bits = BinaryPrimitives.ReadUInt32LittleEndian(code[position..]);
            }

            ulong pc = address + (ulong)position;
            if (symbols.TryFind(pc, out string symbol, out ulong offset) && offset == 0)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pc:x16} <{symbol}>:"));
            }

            DecodedInstruction instruction = Decoder.Decode(bits, configuration.Extensions);
            string digits = bits.ToString(instruction.Length == 2 ? "x4" : "x8", CultureInfo.InvariantCulture);
            string text = Disassembler.Disassemble(instruction, pc, csrName);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pc,16:x}:  {digits,-8}  {text}"));
            position += instruction.Length;
        }

        if (position < code.Length)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{address + (ulong)position,16:x}:  (cut off)"));
        }
    }
}
