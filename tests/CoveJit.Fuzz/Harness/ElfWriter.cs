namespace CoveJit.Fuzz.Harness;

/// <summary>A minimal static ELF64 executable for RISC-V: one loadable program header a chunk.</summary>
public static class ElfWriter
{
    public static byte[] Write(ulong entry, IReadOnlyList<(ulong Address, byte[] Bytes)> chunks)
    {
        const int headerSize = 64, programHeaderSize = 56;
        using MemoryStream stream = new();
        using BinaryWriter w = new(stream);
        w.Write([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        w.Write((ushort)2); // ET_EXEC
        w.Write((ushort)243); // EM_RISCV
        w.Write(1u);
        w.Write(entry);
        w.Write((ulong)headerSize);
        w.Write(0UL);
        w.Write(0x5u); // RVC, double-float ABI
        w.Write((ushort)headerSize);
        w.Write((ushort)programHeaderSize);
        w.Write((ushort)chunks.Count);
        w.Write((ushort)64);
        w.Write((ushort)0);
        w.Write((ushort)0);
        ulong offset = headerSize + ((ulong)chunks.Count * programHeaderSize);
        foreach ((ulong address, byte[] bytes) in chunks)
        {
            w.Write(1u); // PT_LOAD
            w.Write(7u);
            w.Write(offset);
            w.Write(address);
            w.Write(address);
            w.Write((ulong)bytes.Length);
            w.Write((ulong)bytes.Length);
            w.Write(1UL);
            offset += (ulong)bytes.Length;
        }

        foreach ((_, byte[] bytes) in chunks)
        {
            w.Write(bytes);
        }

        w.Flush();
        return stream.ToArray();
    }
}
