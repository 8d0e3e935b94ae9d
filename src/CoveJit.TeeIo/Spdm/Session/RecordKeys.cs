using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CoveJit.TeeIo.Spdm.Session;

/// <summary>
/// One direction of a session: seals or opens its records in order (DSP0277, "Secured Messages"). A record is the session's identifier,
/// the length of what follows, then encrypted the length of the message and the message, then a tag of 16 bytes. The sequence number is
/// not sent: it is a counter on both sides, so a record that is repeated, lost or reordered does not open.
/// </summary>
internal sealed class RecordKeys : IDisposable
{
    /// <summary>Bytes that a record adds to a message.</summary>
    public const int Overhead = HeaderSize + LengthSize + TagSize;

    /// <summary>The largest message that a record can hold, in bytes.</summary>
    public const int MaxMessage = ushort.MaxValue - LengthSize - TagSize;

    private const int HeaderSize = sizeof(uint) + LengthSize;
    private const int LengthSize = sizeof(ushort);
    private const int TagSize = 16;
    private const int KeySize = 32;
    private const int NonceSize = 12;

    private readonly SpdmAlgorithms _algorithms;
    private readonly byte[] _secret;
    private readonly byte[] _salt;
    private AesGcm _cipher;

    /// <summary>Derives key and salt.</summary>
    /// <param name="algorithms">The connection's algorithms.</param>
    /// <param name="secret">The direction's secret; it is copied.</param>
    public RecordKeys(SpdmAlgorithms algorithms, ReadOnlySpan<byte> secret)
    {
        _algorithms = algorithms;
        _secret = secret.ToArray();
        _salt = new byte[NonceSize];
        _cipher = Derive();
    }

    /// <summary>How many records these keys have sealed or opened.</summary>
    public ulong SequenceNumber { get; private set; }

    /// <summary>Seals a message.</summary>
    /// <param name="session">The session's identifier.</param>
    /// <param name="message">The message, at most <see cref="MaxMessage"/> bytes.</param>
    /// <param name="form">What is to be wrong with the record.</param>
    public byte[] Seal(uint session, ReadOnlySpan<byte> message, RecordForm form = default)
    {
        byte[] plain = new byte[LengthSize + message.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(plain, checked((ushort)(message.Length + form.MessageLength)));
        message.CopyTo(plain.AsSpan(LengthSize));
        byte[] record = new byte[Overhead + message.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(record, session ^ form.SessionFlips);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(sizeof(uint)), checked((ushort)(plain.Length + TagSize + form.RecordLength)));
        Span<byte> cipherText = record.AsSpan(HeaderSize, plain.Length);
        Span<byte> tag = record.AsSpan(HeaderSize + plain.Length);
        _cipher.Encrypt(Nonce(SequenceNumber++ + form.Skipped), plain, cipherText, tag, record.AsSpan(0, HeaderSize));
        CryptographicOperations.ZeroMemory(plain);
        return record;
    }

    /// <summary>The session that a record says it is of, or null if it is too short for a record.</summary>
    public static uint? SessionOf(ReadOnlySpan<byte> record) =>
        record.Length < Overhead ? null : BinaryPrimitives.ReadUInt32LittleEndian(record);

    /// <summary>Opens a record; a failure uses no sequence number up.</summary>
    /// <param name="session">The session's identifier.</param>
    /// <param name="record">The record; up to <paramref name="padding"/> bytes of zero may follow it.</param>
    /// <param name="padding">How many bytes of zero the transport may have appended.</param>
    /// <param name="message">The message.</param>
    /// <returns>False if the record is not the next one of this direction.</returns>
    public bool TryOpen(uint session, ReadOnlySpan<byte> record, int padding, [NotNullWhen(true)] out byte[]? message)
    {
        message = null;
        if (SessionOf(record) != session)
        {
            return false;
        }

        int size = HeaderSize + BinaryPrimitives.ReadUInt16LittleEndian(record[sizeof(uint)..]);
        if (size < Overhead || size > record.Length || record.Length - size > padding || record[size..].ContainsAnyExcept((byte)0))
        {
            return false;
        }

        byte[] plain = new byte[size - HeaderSize - TagSize];
        try
        {
            _cipher.Decrypt(Nonce(SequenceNumber), record.Slice(HeaderSize, plain.Length), record.Slice(size - TagSize, TagSize), plain, record[..HeaderSize]);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        SequenceNumber++;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(plain);
        if (length > plain.Length - LengthSize)
        {
            return false;
        }

        // What follows the message is the sender's random padding.
        message = plain.AsSpan(LengthSize, length).ToArray();
        CryptographicOperations.ZeroMemory(plain);
        return true;
    }

    /// <summary>Replaces the keys by the next ones (DSP0274, "Major secrets update"); the sequence starts again.</summary>
    public void Update()
    {
        byte[] next = SessionKeys.Expand(_algorithms.HashName, _secret, "traffic upd", [], _algorithms.HashSize);
        next.CopyTo(_secret, 0);
        CryptographicOperations.ZeroMemory(next);
        _cipher.Dispose();
        _cipher = Derive();
        SequenceNumber = 0;
    }

    /// <summary>Wipes the keys.</summary>
    public void Dispose()
    {
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_secret);
        CryptographicOperations.ZeroMemory(_salt);
    }

    private AesGcm Derive()
    {
        byte[] key = SessionKeys.Expand(_algorithms.HashName, _secret, "key", [], KeySize);
        SessionKeys.Expand(_algorithms.HashName, _secret, "iv", [], NonceSize).CopyTo(_salt, 0);
        AesGcm cipher = new(key, TagSize);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }

    // The sequence number lies little-endian in the low bytes.
    private byte[] Nonce(ulong sequenceNumber)
    {
        byte[] nonce = new byte[NonceSize];
        BinaryPrimitives.WriteUInt64LittleEndian(nonce, sequenceNumber);
        for (int i = 0; i < NonceSize; i++)
        {
            nonce[i] ^= _salt[i];
        }

        return nonce;
    }
}

/// <summary>What is wrong with a record that a liar seals; nothing by default. The tag is right.</summary>
/// <param name="SessionFlips">Bits of the session's identifier.</param>
/// <param name="Skipped">How many sequence numbers it is ahead.</param>
/// <param name="MessageLength">What is added to the length of the message.</param>
/// <param name="RecordLength">What is added to the length of what follows.</param>
internal readonly record struct RecordForm(uint SessionFlips = 0, ulong Skipped = 0, int MessageLength = 0, int RecordLength = 0);
