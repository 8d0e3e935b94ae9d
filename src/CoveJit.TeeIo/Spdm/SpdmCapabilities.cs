namespace CoveJit.TeeIo.Spdm;

/// <summary>Flags of GET_CAPABILITIES and CAPABILITIES in SPDM 1.2 (DSP0274, "Flag fields definitions").</summary>
[Flags]
public enum SpdmCapabilities : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Responder only: keeps the negotiated state across a reset.</summary>
    Cache = 0x1,

    /// <summary>DIGESTS and CERTIFICATE.</summary>
    Certificate = 0x2,

    /// <summary>CHALLENGE_AUTH.</summary>
    Challenge = 0x4,

    /// <summary>Responder only: MEASUREMENTS without signature.</summary>
    MeasurementUnsigned = 0x8,

    /// <summary>Responder only: MEASUREMENTS with signature.</summary>
    MeasurementSigned = 0x10,

    /// <summary>Responder only: measurements are taken anew for each request.</summary>
    MeasurementFresh = 0x20,

    /// <summary>Encryption of messages in sessions.</summary>
    Encrypt = 0x40,

    /// <summary>Authentication of messages in sessions.</summary>
    Mac = 0x80,

    /// <summary>Mutual authentication.</summary>
    MutualAuthentication = 0x100,

    /// <summary>KEY_EXCHANGE.</summary>
    KeyExchange = 0x200,

    /// <summary>PSK_EXCHANGE, both bits.</summary>
    PreSharedKey = 0xC00,

    /// <summary>Encapsulated requests.</summary>
    Encapsulated = 0x1000,

    /// <summary>HEARTBEAT.</summary>
    Heartbeat = 0x2000,

    /// <summary>KEY_UPDATE.</summary>
    KeyUpdate = 0x4000,

    /// <summary>The handshake of a session travels in the clear.</summary>
    HandshakeInTheClear = 0x8000,

    /// <summary>The peer's public key was provisioned.</summary>
    PublicKeyId = 0x10000,

    /// <summary>Messages in chunks.</summary>
    Chunk = 0x20000,

    /// <summary>Responder only: certificates of the alias model.</summary>
    AliasCertificate = 0x40000,

    /// <summary>Responder only, 1.2.1: SET_CERTIFICATE.</summary>
    SetCertificate = 0x80000,

    /// <summary>Responder only, 1.2.1: GET_CSR.</summary>
    CertificateSigningRequest = 0x100000,

    /// <summary>Responder only, 1.2.1: a new certificate needs a reset.</summary>
    CertificateInstallReset = 0x200000,
}
