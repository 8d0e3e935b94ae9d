using System.Diagnostics.CodeAnalysis;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Doe;

/// <summary>A data object (PCIe, Data Object Exchange): two words of header, then payload in whole words of four bytes.</summary>
public sealed class DataObject : WireMessage
{
    /// <summary>PCI-SIG's vendor identifier.</summary>
    public const ushort PciSig = 0x0001;

    /// <summary>The largest data object, in bytes.</summary>
    public const int MaxSize = MaxWords * WordSize;

    /// <summary>The header's size, in bytes.</summary>
    public const int HeaderSize = 2 * WordSize;

    internal const int WordSize = 4;

    // The length has 18 bits; 0 stands for the first number that does not fit.
    private const int MaxWords = 1 << 18;

    /// <summary>Vendor ID.</summary>
    public ushort VendorId { get; set; } = PciSig;

    /// <summary>Data Object Type.</summary>
    public DataObjectType Type { get; set; }

    /// <summary>The payload, filled up with zeros to whole words.</summary>
    public byte[] Payload { get; set; } = [];

    /// <summary>Puts an SPDM packet into a data object.</summary>
    /// <param name="packet">The packet.</param>
    public static DataObject From(SpdmPacket packet) =>
        new() { Type = packet.Secured ? DataObjectType.SecuredSpdm : DataObjectType.Spdm, Payload = Fill(packet.Bytes.Span) };

    /// <summary>Takes the SPDM packet out of this data object.</summary>
    /// <param name="packet">The packet; zeros may follow it.</param>
    /// <returns>False if it is of another protocol.</returns>
    public bool TryGetPacket(out SpdmPacket packet)
    {
        packet = new SpdmPacket(Type == DataObjectType.SecuredSpdm, Payload);
        return VendorId == PciSig && Type is DataObjectType.Spdm or DataObjectType.SecuredSpdm;
    }

    /// <summary>Reads a data object.</summary>
    /// <param name="bytes">The bytes: exactly one data object.</param>
    /// <param name="dataObject">The data object.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    public static bool TryDecode(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out DataObject? dataObject, [NotNullWhen(false)] out MessageFault? fault)
    {
        dataObject = new DataObject();
        fault = dataObject.Fill(bytes, default, padding: 0, out _);
        return fault is null;
    }

    /// <summary>The size that the second word of a header states, in bytes.</summary>
    /// <param name="word">The word.</param>
    public static int SizeOf(uint word)
    {
        int words = (int)(word & (MaxWords - 1));
        return (words == 0 ? MaxWords : words) * WordSize;
    }

    /// <inheritdoc/>
    protected internal override void Visit(FieldVisitor f)
    {
        VendorId = f.U16("Vendor ID", VendorId);
        Type = (DataObjectType)f.U8("Data Object Type", (byte)Type);
        f.Reserved(1);
        uint length = f.U32("Length", (uint)((HeaderSize + Payload.Length) / WordSize) & (MaxWords - 1));
        Payload = f.Rest("Data Object DWs", Payload);
        f.Check(Payload.Length % WordSize == 0 && SizeOf(length) == HeaderSize + Payload.Length, "Length is the number of words, 0 for 2^18");
    }

    private static byte[] Fill(ReadOnlySpan<byte> bytes)
    {
        byte[] filled = new byte[(bytes.Length + WordSize - 1) & -WordSize];
        bytes.CopyTo(filled);
        return filled;
    }
}
