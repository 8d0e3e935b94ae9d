using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CoveJit.Cli.Comparison.Peer;

/// <summary>
/// Records of TLS 1.3 with AES-256-GCM (RFC 8446, "Record Protocol") before a service, as the kernel's TLS of <c>guest/io/peer.h</c> makes and takes them. There
/// is no handshake: the key is known, and the guest begins with the two nonces that records are numbered from.
/// </summary>
internal sealed class TlsRecords : IByteService, IDisposable
{
    /// <summary>Bytes of the key.</summary>
    public const int KeySize = 32;

    private const int NonceSize = 12;
    private const int HeaderSize = 5;
    private const int TagSize = 16;
    private const int MostContent = 1 << 14;
    private const int MostRecord = MostContent + 256;
    private const byte ApplicationData = 23;

    private readonly IByteService _service;
    private readonly AesGcm _cipher;
    private readonly byte[] _nonces = new byte[2 * NonceSize];
    private readonly byte[] _received = new byte[HeaderSize + MostRecord];
    private readonly byte[] _content = new byte[MostRecord];
    private readonly byte[] _record = new byte[HeaderSize + MostContent + 1 + TagSize];
    private int _nonceBytes;
    private int _receivedBytes;
    private ulong _opened;
    private ulong _sealed;
    private int _recordBytes;
    private int _sent;

    /// <summary>Begins a connection.</summary>
    /// <param name="service">What is said to whom has the key.</param>
    /// <param name="key">The key, of <see cref="KeySize"/> bytes, for both directions.</param>
    public TlsRecords(IByteService service, ReadOnlySpan<byte> key)
    {
        _service = service;
        _cipher = new AesGcm(key, TagSize);
    }

    /// <inheritdoc/>
    public bool TryReceive(ReadOnlySpan<byte> bytes)
    {
        int part = Math.Min(bytes.Length, _nonces.Length - _nonceBytes);
        bytes[..part].CopyTo(_nonces.AsSpan(_nonceBytes));
        _nonceBytes += part;
        bytes = bytes[part..];
        while (!bytes.IsEmpty)
        {
            int wanted = _receivedBytes < HeaderSize ? HeaderSize : HeaderSize + ContentLength;
            part = Math.Min(bytes.Length, wanted - _receivedBytes);
            bytes[..part].CopyTo(_received.AsSpan(_receivedBytes));
            _receivedBytes += part;
            bytes = bytes[part..];
            if (_receivedBytes >= HeaderSize && (_received[0] != ApplicationData || ContentLength is <= TagSize or > MostRecord))
            {
                return false;
            }

            if (_receivedBytes > HeaderSize && _receivedBytes == HeaderSize + ContentLength && !TryOpen())
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public int Send(Span<byte> destination)
    {
        if (_sent == _recordBytes && !TrySeal())
        {
            return 0;
        }

        int size = Math.Min(destination.Length, _recordBytes - _sent);
        _record.AsSpan(_sent, size).CopyTo(destination);
        _sent += size;
        return size;
    }

    /// <inheritdoc/>
    public void Dispose() => _cipher.Dispose();

    private int ContentLength => BinaryPrimitives.ReadUInt16BigEndian(_received.AsSpan(3));

    private bool TryOpen()
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        Number(nonce, _nonces.AsSpan(0, NonceSize), _opened++);
        int length = ContentLength - TagSize;
        ReadOnlySpan<byte> sealedContent = _received.AsSpan(HeaderSize, length);
        _receivedBytes = 0;
        try
        {
            _cipher.Decrypt(nonce, sealedContent, _received.AsSpan(HeaderSize + length, TagSize), _content.AsSpan(0, length), _received.AsSpan(0, HeaderSize));
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        // The type follows the data; the kernel puts no padding behind it.
        return _content[length - 1] == ApplicationData && _service.TryReceive(_content.AsSpan(0, length - 1));
    }

    private bool TrySeal()
    {
        int length = _nonceBytes == _nonces.Length ? _service.Send(_content.AsSpan(0, MostContent)) : 0;
        if (length == 0)
        {
            return false;
        }

        _content[length++] = ApplicationData;
        Span<byte> header = _record.AsSpan(0, HeaderSize);
        header[0] = ApplicationData;
        BinaryPrimitives.WriteUInt16BigEndian(header[1..], 0x0303); // legacy_record_version
        BinaryPrimitives.WriteUInt16BigEndian(header[3..], (ushort)(length + TagSize));
        Span<byte> nonce = stackalloc byte[NonceSize];
        Number(nonce, _nonces.AsSpan(NonceSize), _sealed++);
        _cipher.Encrypt(nonce, _content.AsSpan(0, length), _record.AsSpan(HeaderSize, length), _record.AsSpan(HeaderSize + length, TagSize), header);
        _recordBytes = HeaderSize + length + TagSize;
        _sent = 0;
        return true;
    }

    // RFC 8446, "Per-Record Nonce".
    private static void Number(Span<byte> nonce, ReadOnlySpan<byte> first, ulong record)
    {
        first.CopyTo(nonce);
        Span<byte> low = nonce[^sizeof(ulong)..];
        BinaryPrimitives.WriteUInt64BigEndian(low, BinaryPrimitives.ReadUInt64BigEndian(low) ^ record);
    }
}
