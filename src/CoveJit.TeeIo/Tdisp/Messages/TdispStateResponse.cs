using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>DEVICE_INTERFACE_STATE.</summary>
public sealed class TdispStateResponse : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.DeviceInterfaceState;

    /// <summary>TDI_STATE.</summary>
    public TdispState State { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        State = (TdispState)f.U8("TDI_STATE", (byte)State);
        f.Check(State <= TdispState.Error, "TDI_STATE is 0 to 3");
    }
}
