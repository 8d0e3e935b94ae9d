using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace CoveJit.Devices.Pcie.Security;

/// <summary>What a selective stream is for: its number and the registers of association (CoVE-IO, "CoVE IDE Stream Descriptor").</summary>
public sealed class IdeStreamDescriptor
{
    /// <summary>Bytes of the largest descriptor: the ports here have one block of addresses.</summary>
    public const int MaximumSize = HeaderSize + BlockSize;

    /// <summary>Bytes of a descriptor without blocks of addresses.</summary>
    public const int HeaderSize = 12;

    private const int BlockSize = 12;
    private const uint Valid = 1;

    private IdeStreamDescriptor(byte streamId, uint[] registers)
    {
        StreamId = streamId;
        Registers = [.. registers];
    }

    /// <summary>Bits that each of the registers has: requesters' limit; base, segment, valid; addresses' base and limit 31:20, valid; limit and base 63:32.</summary>
    internal static ImmutableArray<uint> Masks { get; } = [0x00FF_FF00, 0xFFFF_FF01, 0xFFFF_FF01, uint.MaxValue, uint.MaxValue];

    /// <summary>The stream.</summary>
    public byte StreamId { get; }

    /// <summary>The registers of association.</summary>
    public ImmutableArray<uint> Registers { get; }

    /// <summary>Whether a requester is one that the two registers are about.</summary>
    internal static bool IsFor(uint limit, uint first, RequesterId requester) =>
        (first & Valid) != 0 && requester.Value >= (ushort)(first >> 8) && requester.Value <= (ushort)(limit >> 8);

    /// <summary>How many bytes a descriptor has, by its first four.</summary>
    public static int SizeOf(ReadOnlySpan<byte> start) => HeaderSize + (start[1] * BlockSize);

    /// <summary>Reads a descriptor.</summary>
    /// <returns>False if there are more blocks than registers, or reserved bits are set.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out IdeStreamDescriptor? descriptor)
    {
        descriptor = null;
        if (bytes.Length < HeaderSize || bytes[1] > 1 || bytes[2] != 0 || bytes[3] != 0 || bytes.Length != SizeOf(bytes))
        {
            return false;
        }

        uint[] registers = new uint[Masks.Length];
        for (int i = 0; i < (bytes.Length - 4) / 4; i++)
        {
            registers[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + (4 * i))..]);
            if ((registers[i] & ~Masks[i]) != 0)
            {
                return false;
            }
        }

        descriptor = new IdeStreamDescriptor(bytes[0], registers);
        return true;
    }

    /// <summary>Whether a requester is one that the stream is for.</summary>
    public bool IsFor(RequesterId requester) => IsFor(Registers[0], Registers[1], requester);

    /// <summary>Whether a range of addresses is one that the stream is for: any, unless there is a block of addresses.</summary>
    public bool IsFor(ulong address, ulong length)
    {
        if ((Registers[2] & Valid) == 0)
        {
            return true;
        }

        ulong first = ((ulong)Registers[4] << 32) | ((Registers[2] << 12) & 0xFFF0_0000);
        ulong last = ((ulong)Registers[3] << 32) | (Registers[2] & 0xFFF0_0000) | 0xF_FFFF;
        return address >= first && address + length - 1 <= last && address + length - 1 >= address;
    }
}
