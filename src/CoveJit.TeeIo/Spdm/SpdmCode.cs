namespace CoveJit.TeeIo.Spdm;

/// <summary>Request and response codes of SPDM 1.2 (DSP0274, "SPDM request codes" and "SPDM response codes"). Bit 7 marks a request.</summary>
public enum SpdmCode : byte
{
    /// <summary>DIGESTS.</summary>
    Digests = 0x01,

    /// <summary>CERTIFICATE.</summary>
    Certificate = 0x02,

    /// <summary>CHALLENGE_AUTH.</summary>
    ChallengeAuth = 0x03,

    /// <summary>VERSION.</summary>
    Version = 0x04,

    /// <summary>MEASUREMENTS.</summary>
    Measurements = 0x60,

    /// <summary>CAPABILITIES.</summary>
    Capabilities = 0x61,

    /// <summary>ALGORITHMS.</summary>
    Algorithms = 0x63,

    /// <summary>KEY_EXCHANGE_RSP.</summary>
    KeyExchangeRsp = 0x64,

    /// <summary>FINISH_RSP.</summary>
    FinishRsp = 0x65,

    /// <summary>HEARTBEAT_ACK.</summary>
    HeartbeatAck = 0x68,

    /// <summary>KEY_UPDATE_ACK.</summary>
    KeyUpdateAck = 0x69,

    /// <summary>END_SESSION_ACK.</summary>
    EndSessionAck = 0x6C,

    /// <summary>VENDOR_DEFINED_RESPONSE.</summary>
    VendorDefinedResponse = 0x7E,

    /// <summary>ERROR.</summary>
    Error = 0x7F,

    /// <summary>GET_DIGESTS.</summary>
    GetDigests = 0x81,

    /// <summary>GET_CERTIFICATE.</summary>
    GetCertificate = 0x82,

    /// <summary>CHALLENGE.</summary>
    Challenge = 0x83,

    /// <summary>GET_VERSION.</summary>
    GetVersion = 0x84,

    /// <summary>CHUNK_SEND; not supported.</summary>
    ChunkSend = 0x85,

    /// <summary>CHUNK_GET; not supported.</summary>
    ChunkGet = 0x86,

    /// <summary>GET_MEASUREMENTS.</summary>
    GetMeasurements = 0xE0,

    /// <summary>GET_CAPABILITIES.</summary>
    GetCapabilities = 0xE1,

    /// <summary>NEGOTIATE_ALGORITHMS.</summary>
    NegotiateAlgorithms = 0xE3,

    /// <summary>KEY_EXCHANGE.</summary>
    KeyExchange = 0xE4,

    /// <summary>FINISH.</summary>
    Finish = 0xE5,

    /// <summary>PSK_EXCHANGE; not supported.</summary>
    PskExchange = 0xE6,

    /// <summary>PSK_FINISH; not supported.</summary>
    PskFinish = 0xE7,

    /// <summary>HEARTBEAT.</summary>
    Heartbeat = 0xE8,

    /// <summary>KEY_UPDATE.</summary>
    KeyUpdate = 0xE9,

    /// <summary>GET_ENCAPSULATED_REQUEST; not supported.</summary>
    GetEncapsulatedRequest = 0xEA,

    /// <summary>DELIVER_ENCAPSULATED_RESPONSE; not supported.</summary>
    DeliverEncapsulatedResponse = 0xEB,

    /// <summary>END_SESSION.</summary>
    EndSession = 0xEC,

    /// <summary>VENDOR_DEFINED_REQUEST.</summary>
    VendorDefinedRequest = 0xFE,

    /// <summary>RESPOND_IF_READY.</summary>
    RespondIfReady = 0xFF,
}
