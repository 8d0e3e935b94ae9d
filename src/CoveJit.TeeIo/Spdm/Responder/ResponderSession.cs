using CoveJit.TeeIo.Spdm.Session;

namespace CoveJit.TeeIo.Spdm.Responder;

/// <summary>A responder's session.</summary>
internal sealed class ResponderSession(uint id, SessionKeys keys, Transcript th) : IDisposable
{
    public uint Id => id;

    /// <summary>Whether FINISH has been accepted.</summary>
    public bool IsEstablished { get; private set; }

    public RecordKeys RequesterKeys { get; private set; } = keys.RequesterHandshake();

    public RecordKeys ResponderKeys { get; private set; } = keys.ResponderHandshake();

    public SessionKeys Handshake => keys;

    /// <summary>The handshake's messages, up to ResponderVerifyData and then FINISH.</summary>
    public Transcript Th => th;

    public Transcript Measurements { get; } = new();

    /// <summary>When the last message of the session came.</summary>
    public long LastHeard { get; set; }

    /// <summary>KEY_UPDATE that VerifyNewKey has not confirmed yet.</summary>
    public bool IsUpdatePending { get; set; }

    /// <summary>Replaces the handshake's keys by the session's.</summary>
    public void Establish(byte[] th2)
    {
        RequesterKeys.Dispose();
        ResponderKeys.Dispose();
        (RequesterKeys, ResponderKeys) = keys.Establish(th2);
        keys.Dispose();
        IsEstablished = true;
    }

    public void Dispose()
    {
        RequesterKeys.Dispose();
        ResponderKeys.Dispose();
        keys.Dispose();
    }
}
