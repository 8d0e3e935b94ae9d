using System.Buffers.Binary;

namespace CoveJit.Devices.Nvme;

/// <summary>A submission queue entry (NVMe 1.4, section 4.2): what all commands share, and the dwords each gives a meaning of its own.</summary>
internal readonly record struct NvmeCommand(
    byte Opcode, byte Flags, ushort Id, uint Namespace, NvmeDataPointer Data, uint Dword10, uint Dword11, uint Dword12, uint Dword13)
{
    public const int Size = 64;

    private const int Psdt = 6;
    private const byte FuseMask = 3;

    /// <summary>Whether the data pointer is an SGL.</summary>
    public bool UsesSgl => Flags >> Psdt != 0;

    /// <summary>Whether the data pointer is of a kind that does not exist.</summary>
    public bool HasReservedPointer => Flags >> Psdt == 3;

    /// <summary>Whether the command is half of a fused operation.</summary>
    public bool IsFused => (Flags & FuseMask) != 0;

    /// <summary>Dwords 10 and 11 as one: a starting LBA.</summary>
    public ulong Start => ((ulong)Dword11 << 32) | Dword10;

    public static NvmeCommand Parse(ReadOnlySpan<byte> entry) => new(
        entry[0],
        entry[1],
        BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]),
        new NvmeDataPointer(BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]), BinaryPrimitives.ReadUInt64LittleEndian(entry[32..])),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[40..]),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[44..]),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[48..]),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[52..]));
}

/// <summary>Dwords 6 to 9 of a command: two PRP entries, or one SGL descriptor.</summary>
internal readonly record struct NvmeDataPointer(ulong Low, ulong High);
