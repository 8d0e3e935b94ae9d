using System.Runtime.InteropServices;
using CoveJit.Harts.Tests;
using CoveJit.Isa;

namespace CoveJit.Translator.Tests.Support;

/// <summary>Code under construction, at a virtual address, with labels.</summary>
internal sealed class Code(ulong start)
{
    private readonly List<ushort> _halfwords = [];
    private readonly List<(int At, Op Op, int Rd, int Rs1, int Rs2, Label Target)> _transfers = [];

    /// <summary>Address of the first instruction.</summary>
    public ulong Start => start;

    /// <summary>Address of the next instruction.</summary>
    public ulong Here => start + (2 * (ulong)_halfwords.Count);

    /// <summary>A place in the code, now or later.</summary>
    public sealed class Label
    {
        public ulong? Address { get; set; }
    }

    public void Mark(Label label) => label.Address = Here;

    public Label Mark()
    {
        Label label = new();
        Mark(label);
        return label;
    }

    /// <summary>Adds an instruction; a compressed one if its lowest bits say so.</summary>
    public void Add(uint word)
    {
        _halfwords.Add((ushort)word);
        if ((word & 3) == 3)
        {
            _halfwords.Add((ushort)(word >> 16));
        }
    }

    /// <summary>Adds an instruction; register numbers stand for integer and floating-point ones, imm for any immediate.</summary>
    public void Add(Op op, int rd = 0, int rs1 = 0, int rs2 = 0, int imm = 0, int rs3 = 0, int rm = 0) => Add(Encode(op, rd, rs1, rs2, imm, rs3, rm));

    /// <summary>The instruction that <see cref="Add(Op, int, int, int, int, int, int)"/> adds.</summary>
    public static uint Encode(Op op, int rd = 0, int rs1 = 0, int rs2 = 0, int imm = 0, int rs3 = 0, int rm = 0) => Instructions.Encode(op, field => field switch
    {
        "rd" or "fd" => rd,
        "rs1" or "fs1" => rs1,
        "rs2" or "fs2" => rs2,
        "fs3" => rs3,
        "rm" => rm,
        "aq" or "rl" or "fm" => 0,
        "pred" or "succ" => 15,
        _ => imm,
    });

    /// <summary>Adds a branch or JAL to a label.</summary>
    public void Go(Op op, Label target, int rs1 = 0, int rs2 = 0, int rd = 0)
    {
        _transfers.Add((_halfwords.Count, op, rd, rs1, rs2, target));
        Add(Encode(op, rd, rs1, rs2));
    }

    /// <summary>Adds the end: a jump to itself.</summary>
    /// <returns>Its address.</returns>
    public ulong AddEnd()
    {
        ulong end = Here;
        Add(Asm.Jal(0, 0));
        return end;
    }

    /// <summary>Resolves the labels and writes the code to RAM; <paramref name="physical"/> maps the pages, which is the identity if it is missing.</summary>
    public void Write(TestMachine machine, Func<ulong, ulong>? physical = null)
    {
        foreach ((int at, Op op, int rd, int rs1, int rs2, Label target) in _transfers)
        {
            long distance = (long)(target.Address!.Value - (start + (2 * (ulong)at)));
            Assert.True(Math.Abs(distance) < (op == Op.Jal ? 1 << 20 : 1 << 12), $"{op} over {distance} bytes");
            uint word = Encode(op, rd, rs1, rs2, (int)distance);
            _halfwords[at] = (ushort)word;
            _halfwords[at + 1] = (ushort)(word >> 16);
        }

        Span<byte> bytes = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_halfwords));
        for (int done = 0; done < bytes.Length;)
        {
            ulong address = start + (ulong)done;
            int length = Math.Min(bytes.Length - done, (int)(0x1000 - (address & 0xFFF)));
            Assert.True(machine.Ram.TryWrite(physical is null ? address : physical(address), bytes.Slice(done, length)));
            done += length;
        }
    }
}
