using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Session;

namespace CoveJit.TeeIo.Tests.Cryptography;

/// <summary>The key schedule against the specification's formulas, written out with HMAC alone.</summary>
public sealed class KeyScheduleTests
{
    private static readonly SpdmAlgorithms Algorithms = new() { BaseHash = BaseHashAlgorithms.Sha384, BaseAsymmetric = BaseAsymmetricAlgorithms.EcdsaP384 };

    private readonly byte[] _th1 = SHA384.HashData("th1"u8);
    private readonly byte[] _th2 = SHA384.HashData("th2"u8);
    private readonly byte[] _secret = SHA384.HashData("shared"u8);

    [Fact]
    public void Verify_data_is_the_HMAC_of_the_transcript_under_the_finished_key()
    {
        byte[] handshake = HMACSHA384.HashData(new byte[48], _secret);
        byte[] requester = Expand(handshake, "req hs data", _th1, 48);
        byte[] responder = Expand(handshake, "rsp hs data", _th1, 48);
        using SessionKeys keys = new(Algorithms, [.. _secret], _th1);

        Assert.Equal(HMACSHA384.HashData(Expand(requester, "finished", [], 48), _th2), keys.RequesterVerifyData(_th2));
        Assert.Equal(HMACSHA384.HashData(Expand(responder, "finished", [], 48), _th1), keys.ResponderVerifyData(_th1));
    }

    [Fact]
    public void Records_are_sealed_with_the_keys_of_the_schedule()
    {
        const uint Session = 0x00010002;
        byte[] handshake = HMACSHA384.HashData(new byte[48], _secret);
        byte[] master = HMACSHA384.HashData(Expand(handshake, "derived", [], 48), new byte[48]);
        byte[] direction = Expand(master, "req app data", _th2, 48);
        using SessionKeys keys = new(Algorithms, [.. _secret], _th1);
        (RecordKeys requester, _) = keys.Establish(_th2);

        Assert.Equal("first", Open(requester.Seal(Session, "first"u8), direction, 0));
        Assert.Equal("second", Open(requester.Seal(Session, "second"u8), direction, 1));
        requester.Update();
        Assert.Equal("third", Open(requester.Seal(Session, "third"u8), Expand(direction, "traffic upd", [], 48), 0));
    }

    // DSP0277: session, length, then AES-256-GCM with the header as associated data.
    private static string Open(byte[] record, byte[] secret, ulong sequence)
    {
        Assert.Equal(record.Length - 6, BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(4)));
        byte[] nonce = Expand(secret, "iv", [], 12);
        for (int i = 0; i < 8; i++)
        {
            nonce[i] ^= (byte)(sequence >> (8 * i));
        }

        using AesGcm cipher = new(Expand(secret, "key", [], 32), 16);
        byte[] plain = new byte[record.Length - 6 - 16];
        cipher.Decrypt(nonce, record.AsSpan(6, plain.Length), record.AsSpan(record.Length - 16), plain, record.AsSpan(0, 6));
        return Encoding.ASCII.GetString(plain, 2, BinaryPrimitives.ReadUInt16LittleEndian(plain));
    }

    // HKDF-Expand of at most one block: HMAC(secret, info || 1).
    private static byte[] Expand(byte[] secret, string label, byte[] context, int size)
    {
        byte[] info = [(byte)size, 0, .. Encoding.ASCII.GetBytes("spdm1.2 " + label), .. context, 1];
        return HMACSHA384.HashData(secret, info)[..size];
    }
}
