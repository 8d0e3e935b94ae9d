using Iced.Intel;

namespace CoveJit.Machines.Inspection;

/// <summary>Reads x86-64 code: how long it is, and as text.</summary>
internal static unsafe class HostDisassembly
{
    // Far more than the compiler makes of a region.
    private const int MostBytes = 1 << 20;

    /// <summary>
    /// Finds the extent of a compiled method by following its control flow: the runtime does not tell how long a method is that has no name.
    /// </summary>
    /// <param name="entry">Where it is called; a stub that jumps to the code is followed.</param>
    /// <param name="length">Bytes of code.</param>
    /// <returns>Address of the code.</returns>
    public static nint Measure(nint entry, out int length)
    {
        MemoryReader reader = new();
        Decoder decoder = Decoder.Create(64, reader);
        ulong start = (ulong)entry;
        for (int stubs = 0; stubs < 4 && ReadAt(start) is { FlowControl: FlowControl.UnconditionalBranch or FlowControl.IndirectBranch } jump; stubs++)
        {
            if (jump.FlowControl == FlowControl.UnconditionalBranch)
            {
                start = jump.NearBranchTarget;
            }
            else if (jump.IsIPRelativeMemoryOperand)
            {
                start = *(ulong*)jump.IPRelativeMemoryAddress;
            }
        }

        ulong end = start;
        HashSet<ulong> seen = [];
        Stack<ulong> pending = new([start]);
        while (pending.TryPop(out ulong at))
        {
            while (seen.Add(at) && at - start < MostBytes)
            {
                Instruction instruction = ReadAt(at);
                at = instruction.NextIP;
                end = Math.Max(end, at);
                if (instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch)
                {
                    pending.Push(instruction.NearBranchTarget);
                }

                if (instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.IndirectBranch or FlowControl.Return or FlowControl.Interrupt or FlowControl.Exception)
                {
                    break;
                }
            }
        }

        length = (int)(end - start);
        return (nint)start;

        Instruction ReadAt(ulong address)
        {
            reader.Position = (byte*)address;
            decoder.IP = address;
            return decoder.Decode();
        }
    }

    /// <summary>The instructions of code that stood at an address.</summary>
    public static IEnumerable<(ulong Address, string Text)> Disassemble(byte[] code, ulong address)
    {
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        decoder.IP = address;
        IntelFormatter formatter = new();
        formatter.Options.FirstOperandCharIndex = 8;
        formatter.Options.HexPrefix = "0x";
        formatter.Options.HexSuffix = null;
        formatter.Options.UppercaseHex = false;
        StringOutput text = new();
        while (decoder.IP - address < (ulong)code.Length)
        {
            ulong at = decoder.IP;
            formatter.Format(decoder.Decode(), text);
            yield return (at, text.ToStringAndReset());
        }
    }

    private sealed class MemoryReader : CodeReader
    {
        public byte* Position { get; set; }

        public override int ReadByte() => *Position++;
    }
}
