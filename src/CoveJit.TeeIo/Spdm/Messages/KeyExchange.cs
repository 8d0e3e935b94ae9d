using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>KEY_EXCHANGE: begins a session.</summary>
public sealed class KeyExchange : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.KeyExchange;

    /// <summary>Param1: which measurement summary hash is asked for.</summary>
    public MeasurementSummary Summary { get; set; }

    /// <summary>Param2, SlotID: 0 to 7; 0xFF is a provisioned public key.</summary>
    public byte Slot { get; set; }

    /// <summary>ReqSessionID: the requester's half of the session's identifier.</summary>
    public ushort RequesterSessionId { get; set; }

    /// <summary>SessionPolicy: bit 0, whether the session survives a run-time update.</summary>
    public byte SessionPolicy { get; set; }

    /// <summary>RandomData, 32 bytes.</summary>
    public byte[] RandomData { get; set; } = [];

    /// <summary>ExchangeData: the requester's public point, x then y.</summary>
    public byte[] ExchangeData { get; set; } = [];

    /// <summary>OpaqueData: the versions of secured messages.</summary>
    public byte[] OpaqueData { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        Summary = (MeasurementSummary)f.U8("Param1: MeasurementSummaryHashType", (byte)Summary);
        f.Check(Enum.IsDefined(Summary), "MeasurementSummaryHashType is 0, 1 or 0xFF");
        Slot = f.U8("Param2: SlotID", Slot);
        f.Check(Slot is <= 7 or 0xFF, "SlotID is at most 7, or 0xFF");
        RequesterSessionId = f.U16("ReqSessionID", RequesterSessionId);
        SessionPolicy = f.U8("SessionPolicy", SessionPolicy);
        f.Reserved(1);
        RandomData = f.Bytes("RandomData", RandomData, SpdmLimits.RandomSize);
        ExchangeData = f.Bytes("ExchangeData", ExchangeData, f.ExchangeSize);
        OpaqueData = f.Counted16("OpaqueData", OpaqueData, SpdmLimits.OpaqueDataSize);
    }
}
