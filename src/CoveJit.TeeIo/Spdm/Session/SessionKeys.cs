using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace CoveJit.TeeIo.Spdm.Session;

/// <summary>
/// The key schedule of a session (DSP0274, "Key schedule"): HKDF with the base hash, from the shared secret of the key exchange by way of
/// the handshake secret and the master secret to the secrets of both directions.
/// </summary>
internal sealed class SessionKeys : IDisposable
{
    private const string Version = "spdm1.2 ";

    private readonly SpdmAlgorithms _algorithms;
    private readonly byte[] _handshakeSecret;
    private readonly byte[] _requesterSecret;
    private readonly byte[] _responderSecret;

    /// <summary>Derives the handshake's secrets.</summary>
    /// <param name="algorithms">The connection's algorithms.</param>
    /// <param name="sharedSecret">The secret of the key exchange; it is wiped.</param>
    /// <param name="th1">TH1, the digest of the transcript up to the responder's signature.</param>
    public SessionKeys(SpdmAlgorithms algorithms, byte[] sharedSecret, ReadOnlySpan<byte> th1)
    {
        _algorithms = algorithms;
        _handshakeSecret = HKDF.Extract(algorithms.HashName, sharedSecret, new byte[algorithms.HashSize]);
        CryptographicOperations.ZeroMemory(sharedSecret);
        _requesterSecret = Expand(_handshakeSecret, "req hs data", th1, algorithms.HashSize);
        _responderSecret = Expand(_handshakeSecret, "rsp hs data", th1, algorithms.HashSize);
    }

    /// <summary>Handshake keys of records from the requester.</summary>
    public RecordKeys RequesterHandshake() => new(_algorithms, _requesterSecret);

    /// <summary>Handshake keys of records from the responder.</summary>
    public RecordKeys ResponderHandshake() => new(_algorithms, _responderSecret);

    /// <summary>RequesterVerifyData.</summary>
    /// <param name="th">The digest of the transcript up to FINISH without its verify data.</param>
    public byte[] RequesterVerifyData(ReadOnlySpan<byte> th) => VerifyData(_requesterSecret, th);

    /// <summary>ResponderVerifyData.</summary>
    /// <param name="th">The digest of the transcript up to the responder's signature.</param>
    public byte[] ResponderVerifyData(ReadOnlySpan<byte> th) => VerifyData(_responderSecret, th);

    /// <summary>Derives the keys of the established session.</summary>
    /// <param name="th2">TH2, the digest of the transcript up to FINISH_RSP.</param>
    public (RecordKeys Requester, RecordKeys Responder) Establish(ReadOnlySpan<byte> th2)
    {
        int size = _algorithms.HashSize;
        byte[] salt = Expand(_handshakeSecret, "derived", [], size);
        byte[] master = HKDF.Extract(_algorithms.HashName, new byte[size], salt);
        byte[] requester = Expand(master, "req app data", th2, size);
        byte[] responder = Expand(master, "rsp app data", th2, size);
        (RecordKeys Requester, RecordKeys Responder) keys = (new RecordKeys(_algorithms, requester), new RecordKeys(_algorithms, responder));
        CryptographicOperations.ZeroMemory(salt);
        CryptographicOperations.ZeroMemory(master);
        CryptographicOperations.ZeroMemory(requester);
        CryptographicOperations.ZeroMemory(responder);
        return keys;
    }

    /// <summary>Wipes the secrets.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_handshakeSecret);
        CryptographicOperations.ZeroMemory(_requesterSecret);
        CryptographicOperations.ZeroMemory(_responderSecret);
    }

    /// <summary>HKDF-Expand with BinConcat(length, version, label, context) as its info.</summary>
    internal static byte[] Expand(HashAlgorithmName hash, byte[] secret, string label, ReadOnlySpan<byte> context, int size)
    {
        byte[] info = new byte[sizeof(ushort) + Version.Length + label.Length + context.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(info, (ushort)size);
        Encoding.ASCII.GetBytes(Version + label, info.AsSpan(sizeof(ushort)));
        context.CopyTo(info.AsSpan(info.Length - context.Length));
        return HKDF.Expand(hash, secret, size, info);
    }

    private byte[] Expand(byte[] secret, string label, ReadOnlySpan<byte> context, int size) =>
        Expand(_algorithms.HashName, secret, label, context, size);

    private byte[] VerifyData(byte[] secret, ReadOnlySpan<byte> th)
    {
        byte[] finishedKey = Expand(secret, "finished", [], _algorithms.HashSize);
        byte[] data = CryptographicOperations.HmacData(_algorithms.HashName, finishedKey, th);
        CryptographicOperations.ZeroMemory(finishedKey);
        return data;
    }
}
