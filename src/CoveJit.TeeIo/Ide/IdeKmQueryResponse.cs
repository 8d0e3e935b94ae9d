using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Ide;

/// <summary>QUERY_RESP: which function a port is, and its IDE registers.</summary>
public sealed class IdeKmQueryResponse : IdeKmMessage
{
    /// <inheritdoc/>
    public override IdeKmCode Code => IdeKmCode.QueryResponse;

    /// <summary>PortIndex.</summary>
    public byte PortIndex { get; set; }

    /// <summary>Device (7:3) and function (2:0).</summary>
    public byte DeviceFunction { get; set; }

    /// <summary>Bus.</summary>
    public byte Bus { get; set; }

    /// <summary>Segment.</summary>
    public byte Segment { get; set; }

    /// <summary>MaxPortIndex: the last port of the device.</summary>
    public byte MaxPortIndex { get; set; }

    /// <summary>The IDE extended capability's registers from its second word on, four bytes each.</summary>
    public byte[] Registers { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        f.Reserved(1);
        PortIndex = f.U8("PortIndex", PortIndex);
        DeviceFunction = f.U8("Device/Function", DeviceFunction);
        Bus = f.U8("Bus", Bus);
        Segment = f.U8("Segment", Segment);
        MaxPortIndex = f.U8("MaxPortIndex", MaxPortIndex);
        Registers = f.Rest("IDE registers", Registers);
        f.Check(Registers.Length % sizeof(uint) == 0, "registers are whole words");
    }
}
