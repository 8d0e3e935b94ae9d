using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>KEY_EXCHANGE_RSP: the responder's half of the exchange, signed.</summary>
public sealed class KeyExchangeResponse : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.KeyExchangeRsp;

    /// <summary>Param1, HeartbeatPeriod in seconds; 0 without heartbeat.</summary>
    public byte HeartbeatPeriod { get; set; }

    /// <summary>RspSessionID: the responder's half of the session's identifier.</summary>
    public ushort ResponderSessionId { get; set; }

    /// <summary>MutAuthRequested: whether the requester has to prove itself too.</summary>
    public byte MutualAuthentication { get; set; }

    /// <summary>SlotIDParam: the slot of the requester's certificate.</summary>
    public byte RequesterSlot { get; set; }

    /// <summary>RandomData, 32 bytes.</summary>
    public byte[] RandomData { get; set; } = [];

    /// <summary>ExchangeData: the responder's public point, x then y.</summary>
    public byte[] ExchangeData { get; set; } = [];

    /// <summary>MeasurementSummaryHash, if it was asked for.</summary>
    public byte[] SummaryHash { get; set; } = [];

    /// <summary>OpaqueData: the version of secured messages.</summary>
    public byte[] OpaqueData { get; set; } = [];

    /// <summary>Signature over the transcript so far.</summary>
    public byte[] Signature { get; set; } = [];

    /// <summary>ResponderVerifyData: the responder has the keys.</summary>
    public byte[] VerifyData { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        HeartbeatPeriod = f.U8("Param1: HeartbeatPeriod", HeartbeatPeriod);
        f.Reserved(1);
        ResponderSessionId = f.U16("RspSessionID", ResponderSessionId);
        MutualAuthentication = f.U8("MutAuthRequested", MutualAuthentication);
        RequesterSlot = f.U8("SlotIDParam", RequesterSlot);
        RandomData = f.Bytes("RandomData", RandomData, SpdmLimits.RandomSize);
        ExchangeData = f.Bytes("ExchangeData", ExchangeData, f.ExchangeSize);
        f.When(f.Context.SummaryRequested, "summary asked for", () => SummaryHash = f.Bytes("MeasurementSummaryHash", SummaryHash, f.HashSize));
        OpaqueData = f.Counted16("OpaqueData", OpaqueData, SpdmLimits.OpaqueDataSize);
        Signature = f.Bytes("Signature", Signature, f.SignatureSize);
        VerifyData = f.Bytes("ResponderVerifyData", VerifyData, f.HashSize);
    }
}
