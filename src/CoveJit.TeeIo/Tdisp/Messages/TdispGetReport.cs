using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>GET_DEVICE_INTERFACE_REPORT: asks for a part of the report.</summary>
public sealed class TdispGetReport : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.GetDeviceInterfaceReport;

    /// <summary>OFFSET, in bytes.</summary>
    public ushort Offset { get; set; }

    /// <summary>LENGTH, in bytes.</summary>
    public ushort Length { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        Offset = f.U16("OFFSET", Offset);
        Length = f.U16("LENGTH", Length);
    }
}
