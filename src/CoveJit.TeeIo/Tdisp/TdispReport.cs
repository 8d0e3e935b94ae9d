using System.Diagnostics.CodeAnalysis;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp;

/// <summary>DEVICE_INTERFACE_REPORT structure: what a locked interface is. It is read in parts and belongs together only as a whole.</summary>
public sealed class TdispReport : WireMessage
{
    /// <summary>INTERFACE_INFO.</summary>
    public TdispInterfaceInfo InterfaceInfo { get; set; }

    /// <summary>MSI_X_MESSAGE_CONTROL: the register of the function, if the MSI-X table is locked.</summary>
    public ushort MsixMessageControl { get; set; }

    /// <summary>LNR_CONTROL.</summary>
    public ushort LnrControl { get; set; }

    /// <summary>TPH_CONTROL.</summary>
    public uint TphControl { get; set; }

    /// <summary>MMIO_RANGE, in the order of the BARs.</summary>
    public IReadOnlyList<TdispMmioRange> MmioRanges { get; set; } = [];

    /// <summary>DEVICE_SPECIFIC_INFO.</summary>
    public byte[] DeviceSpecificInfo { get; set; } = [];

    /// <summary>Reads a report.</summary>
    /// <param name="bytes">The whole report.</param>
    /// <param name="report">The report.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out TdispReport? report, [NotNullWhen(false)] out MessageFault? fault)
    {
        report = new TdispReport();
        fault = report.Fill(bytes, default, padding: 0, out _);
        return fault is null;
    }

    /// <inheritdoc/>
    protected internal override void Visit(FieldVisitor f)
    {
        // The report is at most 65535 bytes, which is what its offsets can reach.
        const int MaxRanges = ushort.MaxValue / 16;

        InterfaceInfo = (TdispInterfaceInfo)f.U16("INTERFACE_INFO", (ushort)InterfaceInfo);
        f.Reserved(2);
        MsixMessageControl = f.U16("MSI_X_MESSAGE_CONTROL", MsixMessageControl);
        LnrControl = f.U16("LNR_CONTROL", LnrControl);
        TphControl = f.U32("TPH_CONTROL", TphControl);
        uint count = f.U32("MMIO_RANGE_COUNT", (uint)MmioRanges.Count);
        f.Check(count <= MaxRanges, "MMIO_RANGE_COUNT is at most 4095");
        MmioRanges = f.List("MMIO_RANGE", MmioRanges, new FieldSize((int)Math.Min(count, MaxRanges), "MMIO_RANGE_COUNT"), TdispMmioRange.Visit);
        uint size = f.U32("DEVICE_SPECIFIC_INFO_LEN", (uint)DeviceSpecificInfo.Length);
        f.Check(size <= ushort.MaxValue, "DEVICE_SPECIFIC_INFO_LEN is at most 65535");
        DeviceSpecificInfo = f.Bytes("DEVICE_SPECIFIC_INFO", DeviceSpecificInfo, new FieldSize((int)Math.Min(size, ushort.MaxValue), "DEVICE_SPECIFIC_INFO_LEN"));
    }
}
