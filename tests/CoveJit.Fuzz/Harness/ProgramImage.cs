using System.Buffers.Binary;
using CoveJit.Fuzz.Encoding;
using CoveJit.Fuzz.Generation;

namespace CoveJit.Fuzz.Harness;

/// <summary>Segments laid out in memory with the harness: what both machines load and run.</summary>
public sealed class ProgramImage
{
    private const uint Ecall = 0x0000_0073;

    private ProgramImage(byte[] elf, IReadOnlyList<ulong> entries)
    {
        Elf = elf;
        Entries = entries;
    }

    public byte[] Elf { get; }

    /// <summary>Address of each segment's first instruction.</summary>
    public IReadOnlyList<ulong> Entries { get; }

    /// <summary>
    /// Lays out a program that runs its segments <paramref name="loops"/> times over; <paramref name="fullDump"/> says which segments print their
    /// whole state the last time.
    /// </summary>
    public static ProgramImage Build(IReadOnlyList<Segment> segments, Func<int, bool> fullDump, int loops = 1)
    {
        using MemoryStream code = new();
        using MemoryStream descriptors = new();
        List<ulong> entries = [];
        List<ulong> ends = [];
        foreach (Segment segment in segments)
        {
            while (code.Length % 4 != 0)
            {
                code.WriteByte(0);
            }

            ulong entry = MemoryLayout.Code + (ulong)code.Length;
            entries.Add(entry);
            ends.Add(Assemble(segment, entry, code));
        }

        for (int i = 0; i < loops * segments.Count; i++)
        {
            int n = i % segments.Count;
            bool lastTime = i / segments.Count == loops - 1;
            ulong flags = (lastTime && fullDump(n) ? DescriptorLayout.FullDump : 0) | (i == (loops * segments.Count) - 1 ? DescriptorLayout.Last : 0);
            Describe(segments[n], entries[n], ends[n], flags, descriptors);
        }

        if (MemoryLayout.Code + (ulong)code.Length > MemoryLayout.CodeEnd
            || MemoryLayout.Descriptors + (ulong)descriptors.Length > MemoryLayout.PageTables)
        {
            throw new InvalidOperationException("The program does not fit its memory layout: use fewer segments.");
        }

        byte[] elf = ElfWriter.Write(MemoryLayout.Harness,
            [(MemoryLayout.Harness, HarnessCode.Build()), (MemoryLayout.Code, code.ToArray()), (MemoryLayout.Descriptors, descriptors.ToArray())]);
        return new ProgramImage(elf, entries);
    }

    /// <summary>Writes the code of a segment; returns the address of the ecall that ends it.</summary>
    public static ulong Assemble(Segment segment, ulong entry, Stream output)
    {
        ulong[] starts = new ulong[segment.Items.Count + 1];
        starts[0] = entry;
        for (int i = 0; i < segment.Items.Count; i++)
        {
            starts[i + 1] = starts[i] + (ulong)segment.Items[i].Bytes;
        }

        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0; i < segment.Items.Count; i++)
        {
            IReadOnlyList<Insn> list = segment.Items[i].Instructions;
            ulong pc = starts[i];
            ulong previous = pc;
            for (int j = 0; j < list.Count; j++)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, Complete(list[j], pc, previous, Target));
                output.Write(bytes[..list[j].Length]);
                previous = pc;
                pc += (ulong)list[j].Length;
            }

            ulong Target(Fixup fixup)
            {
                if (fixup.Item < 0)
                {
                    return starts[i] + (ulong)list.Take(fixup.Index).Sum(n => n.Length);
                }

                int k = i + 1;
                while (k < segment.Items.Count && segment.Items[k].Id < fixup.Item)
                {
                    k++;
                }

                return starts[k];
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Ecall);
        output.Write(bytes);
        return starts[^1];
    }

    private static uint Complete(Insn insn, ulong pc, ulong previous, Func<Fixup, ulong> target)
    {
        if (insn.Fixup.Kind == FixupKind.None)
        {
            return insn.Word;
        }

        long distance = (long)(target(insn.Fixup) - pc);
        switch (insn.Fixup.Kind)
        {
            case FixupKind.Branch:
                return insn.Word | Formats.BranchOffset((int)distance);
            case FixupKind.Jump:
                return insn.Word | Formats.JumpOffset((int)distance);
            case FixupKind.CompressedBranch:
                return insn.Word | Compressed.BranchOffset((int)distance);
            case FixupKind.CompressedJump:
                return insn.Word | Compressed.JumpOffset((int)distance);
            case FixupKind.PcRelativeHigh:
                return insn.Word | ((uint)((distance + 0x800) >> 12) << 12);
            case FixupKind.PcRelativeLow:
                return insn.Word | ((uint)(long)(target(insn.Fixup) - previous) << 20);
            default:
                throw new InvalidOperationException($"Unknown fixup {insn.Fixup.Kind}.");
        }
    }

    private static void Describe(Segment s, ulong entry, ulong end, ulong flags, MemoryStream output)
    {
        int bytes = DescriptorLayout.Lists + 8 + (s.Regions.Count * 24) + 8 + (s.PageTableEntries.Count * 16);
        ulong next = MemoryLayout.Descriptors + (ulong)output.Length + (ulong)bytes;
        using BinaryWriter w = new(output, System.Text.Encoding.ASCII, leaveOpen: true);
        Write(entry, end, flags, Segment.TrapLimit, next, s.Status | ((ulong)s.Start << 11), s.Satp);
        Write(s.Csrs);
        Write(s.PmpAddresses);
        Write(s.PmpConfiguration);
        Write(s.X.AsSpan(1));
        Write(s.F);
        Write((ulong)s.Regions.Count);
        foreach ((ulong address, int words, ulong seed) in s.Regions)
        {
            Write(address, (ulong)words, seed);
        }

        Write((ulong)s.PageTableEntries.Count);
        foreach ((ulong address, ulong value) in s.PageTableEntries)
        {
            Write(address, value);
        }

        void Write(params ReadOnlySpan<ulong> values)
        {
            foreach (ulong value in values)
            {
                w.Write(value);
            }
        }
    }
}
