using System.Buffers.Binary;

namespace CoveJit.Attestation.Measurements;

/// <summary>What <c>sbi_covg_get_attcaps</c> tells a TVM, <c>struct AttestationCapabilities</c> of the CoVE ABI.</summary>
/// <param name="TcbSvn">Security version number of the trusted computing base.</param>
public readonly record struct AttestationCapabilities(ulong TcbSvn)
{
    /// <summary>Bytes in guest memory.</summary>
    public const int Size = RegistersOffset + (MaxRegisters * MeasurementRegisterDescriptor.Size) + TailPadding;

    // 8 initial and 18 runtime registers at most; the structure is aligned to its 64-bit member.
    private const int MaxRegisters = 26;
    private const int RegistersOffset = 20;
    private const int TailPadding = 4;

    /// <summary>Writes it as the ABI lays it out: little-endian, padding and unused descriptors zero.</summary>
    /// <param name="destination">At least <see cref="Size"/> bytes.</param>
    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, TcbSvn);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], (uint)MeasurementAlgorithm.Sha384);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], (uint)(CertificateFormats.Cbor | CertificateFormats.X509));
        destination[16] = RegisterLayout.InitialCount;
        destination[17] = RegisterLayout.RuntimeCount;
        for (int i = 0; i < RegisterLayout.Count; i++)
        {
            RegisterLayout.Descriptors[i].Write(destination[(RegistersOffset + (i * MeasurementRegisterDescriptor.Size))..]);
        }
    }
}
