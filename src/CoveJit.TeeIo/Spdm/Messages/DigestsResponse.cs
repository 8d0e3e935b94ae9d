using System.Numerics;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>DIGESTS: the digests of the certificate chains, in the order of their slots.</summary>
public sealed class DigestsResponse : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Digests;

    /// <summary>Param2, SlotMask: one bit for each slot that has a chain.</summary>
    public byte SlotMask { get; set; }

    /// <summary>The digests, one after another.</summary>
    public byte[] Digests { get; set; } = [];

    /// <summary>The digest of a slot.</summary>
    /// <param name="slot">The slot, 0 to 7.</param>
    /// <param name="hashSize">H, in bytes.</param>
    /// <returns>The digest, or nothing if the slot has no chain.</returns>
    public ReadOnlySpan<byte> DigestOf(int slot, int hashSize) => (SlotMask >> slot & 1) == 0
        ? []
        : Digests.AsSpan(BitOperations.PopCount((uint)SlotMask & ((1u << slot) - 1)) * hashSize, hashSize);

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        f.Reserved(1);
        SlotMask = f.U8("Param2: SlotMask", SlotMask);
        Digests = f.Bytes("Digest", Digests, new FieldSize(BitOperations.PopCount(SlotMask) * f.HashSize.Bytes, "H x bits of SlotMask"));
    }
}
