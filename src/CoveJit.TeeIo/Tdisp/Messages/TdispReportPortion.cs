using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>DEVICE_INTERFACE_REPORT: a part of the report.</summary>
public sealed class TdispReportPortion : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.DeviceInterfaceReport;

    /// <summary>REPORT_BYTES.</summary>
    public byte[] Portion { get; set; } = [];

    /// <summary>REMAINDER_LENGTH: how many bytes come after this part.</summary>
    public ushort RemainderLength { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        ushort length = f.U16("PORTION_LENGTH", checked((ushort)Portion.Length));
        RemainderLength = f.U16("REMAINDER_LENGTH", RemainderLength);
        Portion = f.Bytes("REPORT_BYTES", Portion, new FieldSize(length, "PORTION_LENGTH"));
    }
}
