namespace CoveJit.TeeIo.Spdm;

/// <summary>Why a requester cannot go on.</summary>
public enum SpdmFailure
{
    /// <summary>The transport lost the connection or refused the message.</summary>
    Transport,

    /// <summary>The peer answered ERROR.</summary>
    PeerError,

    /// <summary>A response cannot be read, or breaks a rule.</summary>
    Malformed,

    /// <summary>A response of another kind than asked for.</summary>
    Unexpected,

    /// <summary>No version, capability or algorithm in common.</summary>
    Unsupported,

    /// <summary>The certificate chain is not trusted or not fit for SPDM.</summary>
    Certificate,

    /// <summary>A signature is wrong.</summary>
    Signature,

    /// <summary>The peer's verify data is wrong: it does not have the keys.</summary>
    VerifyData,

    /// <summary>Measurements are not those that were promised.</summary>
    Measurement,

    /// <summary>A record cannot be decrypted.</summary>
    Decryption,

    /// <summary>The session is over, or not established yet.</summary>
    Session,

    /// <summary>The keys have protected as many records as they may; KEY_UPDATE comes first.</summary>
    KeyUpdateRequired,
}
