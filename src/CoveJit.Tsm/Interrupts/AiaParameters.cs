using System.Buffers.Binary;

namespace CoveJit.Tsm.Interrupts;

/// <summary>Where a TVM's interrupt files may be (CoVE, <c>struct tvm_aia_params</c>).</summary>
/// <param name="Base">imsic_base_addr: the file of group, hart and guest 0.</param>
/// <param name="GroupBits">group_index_bits.</param>
/// <param name="GroupShift">group_index_shift.</param>
/// <param name="HartBits">hart_index_bits.</param>
/// <param name="GuestBits">guest_index_bits.</param>
/// <param name="GuestsPerHart">guests_per_hart.</param>
internal sealed record AiaParameters(ulong Base, uint GroupBits, uint GroupShift, uint HartBits, uint GuestBits, uint GuestsPerHart)
{
    /// <summary>Bytes of the members; the structure has 4 more of padding.</summary>
    public const int Size = 28;

    private const int PageShift = 12;
    private const uint SmallestGroupShift = 24;

    public static AiaParameters Read(ReadOnlySpan<byte> bytes)
    {
        uint Word(ReadOnlySpan<byte> from) => BinaryPrimitives.ReadUInt32LittleEndian(from);
        return new AiaParameters(BinaryPrimitives.ReadUInt64LittleEndian(bytes), Word(bytes[8..]), Word(bytes[12..]), Word(bytes[16..]), Word(bytes[20..]), Word(bytes[24..]));
    }

    /// <summary>Whether the parameters describe addresses of a width. TVMs have no guests of their own, hence no files for them.</summary>
    public bool AreValid(int addressBits) =>
        GuestsPerHart == 0
        && GuestBits <= 6
        && HartBits <= 16
        && PageShift + GuestBits + HartBits <= GroupShift
        && GroupShift is >= SmallestGroupShift and < 64
        && GroupBits < 64
        && GroupShift + GroupBits <= (uint)addressBits
        && Base >> addressBits == 0
        && (Base & (Variable | ((1UL << (PageShift + (int)GuestBits)) - 1))) == 0;

    /// <summary>Whether an address is one of a hart's own file.</summary>
    public bool IsFile(ulong guestAddress) => (guestAddress & ~Variable) == Base;

    private ulong Variable => (((1UL << (int)HartBits) - 1) << (PageShift + (int)GuestBits)) | (((1UL << (int)GroupBits) - 1) << (int)GroupShift);
}
