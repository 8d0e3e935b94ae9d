using System.Buffers.Binary;

namespace CoveJit.Attestation.Measurements;

/// <summary>What a TVM is told of one register, <c>struct MeasurementRegisterDescriptor</c> of the CoVE ABI.</summary>
/// <param name="Algorithm">Its hash function.</param>
/// <param name="Type">Whether the TVM may extend it.</param>
/// <param name="TcgPcrIndex">The TCG platform configuration register it stands for, or <see cref="Unmapped"/>.</param>
public readonly record struct MeasurementRegisterDescriptor(MeasurementAlgorithm Algorithm, MeasurementType Type, byte TcgPcrIndex)
{
    /// <summary>Bytes in guest memory.</summary>
    public const int Size = 12;

    /// <summary><c>UNMAPPED_TCG_PCR</c>: it stands for no platform configuration register.</summary>
    public const byte Unmapped = 0xFF;

    /// <summary>Writes it as the ABI lays it out: little-endian, padding zero.</summary>
    /// <param name="destination">At least <see cref="Size"/> bytes.</param>
    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)Algorithm);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], (uint)Type);
        destination[8] = TcgPcrIndex;
    }
}
