using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CoveJit.Isa.Cryptography;

/// <summary>
/// The steps of AES (FIPS 197) on half a state, as Zkne and Zknd cut it: eight bytes, byte 4c + r being row r of column c. Columns 0 and 1
/// are in rs1, columns 2 and 3 in rs2. Translators know the four rounds and emit the host's instructions in their place.
/// </summary>
public static class AesRound
{
    private static readonly byte[] SBox = MakeSBox();
    private static readonly byte[] InverseSBox = Invert(SBox);

    /// <summary>Round constants by round number; round 10 is the one of AES-256 that has neither rotation nor constant.</summary>
    private static ReadOnlySpan<byte> RoundConstants => [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1B, 0x36, 0x00];

    /// <summary>Half of a middle encryption round, without the round key: ShiftRows, SubBytes, MixColumns.</summary>
    public static ulong Encrypt(ulong rs1, ulong rs2) => Aes.IsSupported ? Half(Aes.Encrypt(State(rs1, rs2), default)) : EncryptPortably(rs1, rs2);

    /// <summary>Half of the last encryption round: ShiftRows, SubBytes.</summary>
    public static ulong EncryptLast(ulong rs1, ulong rs2) => Aes.IsSupported ? Half(Aes.EncryptLast(State(rs1, rs2), default)) : EncryptLastPortably(rs1, rs2);

    /// <summary>Half of a middle decryption round of the equivalent inverse cipher: InvShiftRows, InvSubBytes, InvMixColumns.</summary>
    public static ulong Decrypt(ulong rs1, ulong rs2) => Aes.IsSupported ? Half(Aes.Decrypt(State(rs1, rs2), default)) : DecryptPortably(rs1, rs2);

    /// <summary>Half of the last decryption round: InvShiftRows, InvSubBytes.</summary>
    public static ulong DecryptLast(ulong rs1, ulong rs2) => Aes.IsSupported ? Half(Aes.DecryptLast(State(rs1, rs2), default)) : DecryptLastPortably(rs1, rs2);

    /// <summary>InvMixColumns on two columns.</summary>
    public static ulong InverseMixColumns(ulong state) => MixColumns(state, 0x0E, 0x0B, 0x0D, 0x09);

    /// <summary><see cref="Encrypt"/> on any host.</summary>
    public static ulong EncryptPortably(ulong rs1, ulong rs2) => MixColumns(EncryptLastPortably(rs1, rs2), 0x02, 0x03, 0x01, 0x01);

    /// <summary><see cref="EncryptLast"/> on any host.</summary>
    public static ulong EncryptLastPortably(ulong rs1, ulong rs2) => Map(MoveRows(rs1, rs2, 1), SBox);

    /// <summary><see cref="Decrypt"/> on any host.</summary>
    public static ulong DecryptPortably(ulong rs1, ulong rs2) => InverseMixColumns(DecryptLastPortably(rs1, rs2));

    /// <summary><see cref="DecryptLast"/> on any host.</summary>
    public static ulong DecryptLastPortably(ulong rs1, ulong rs2) => Map(MoveRows(rs1, rs2, -1), InverseSBox);

    /// <summary>AES64KS1I: the transformed last word of a round key, twice.</summary>
    /// <param name="rs1">The round key's upper half.</param>
    /// <param name="round">Round number, 0 to 10 (the decoder refuses others).</param>
    public static ulong KeyScheduleCore(ulong rs1, int round)
    {
        uint word = (uint)(rs1 >> 32);
        word = round == 10 ? word : BitOperations.RotateRight(word, 8);

        // Map substitutes the four zero bytes above the word as well; the cast drops them.
        uint result = (uint)Map(word, SBox) ^ RoundConstants[round];
        return result | ((ulong)result << 32);
    }

    private static Vector128<byte> State(ulong rs1, ulong rs2) => Vector128.Create(rs1, rs2).AsByte();

    private static ulong Half(Vector128<byte> state) => state.AsUInt64().GetElement(0);

    private static ulong MoveRows(ulong rs1, ulong rs2, int direction)
    {
        ulong result = 0;
        for (int i = 0; i < 8; i++)
        {
            int row = i & 3;
            int column = ((i >> 2) + (direction * row)) & 3;
            ulong half = column < 2 ? rs1 : rs2;
            ulong value = (half >> (8 * (((column & 1) * 4) + row))) & 0xFF;
            result |= value << (8 * i);
        }

        return result;
    }

    private static ulong Map(ulong state, byte[] table)
    {
        ulong result = 0;
        for (int shift = 0; shift < 64; shift += 8)
        {
            result |= (ulong)table[(byte)(state >> shift)] << shift;
        }

        return result;
    }

    /// <summary>Multiplies each column by the circulant matrix whose first row is a, b, c, d.</summary>
    private static ulong MixColumns(ulong state, byte a, byte b, byte c, byte d)
    {
        ulong result = 0;
        for (int i = 0; i < 8; i++)
        {
            int column = i & 4;
            int value = Multiply(At(state, column + (i & 3)), a)
                ^ Multiply(At(state, column + ((i + 1) & 3)), b)
                ^ Multiply(At(state, column + ((i + 2) & 3)), c)
                ^ Multiply(At(state, column + ((i + 3) & 3)), d);
            result |= (ulong)(byte)value << (8 * i);
        }

        return result;
    }

    private static byte At(ulong state, int index) => (byte)(state >> (8 * index));

    /// <summary>Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.</summary>
    private static byte Multiply(int x, int y)
    {
        int product = 0;
        for (; y != 0; y >>= 1)
        {
            product ^= (y & 1) != 0 ? x : 0;
            x = (x << 1) ^ ((x & 0x80) != 0 ? 0x11B : 0);
        }

        return (byte)product;
    }

    /// <summary>FIPS 197, section 5.1.1: the multiplicative inverse, then an affine map.</summary>
    private static byte[] MakeSBox()
    {
        byte[] box = new byte[256];
        for (int x = 0; x < 256; x++)
        {
            // x^254 is the inverse, and 0 for 0.
            byte inverse = 1;
            for (int i = 0; i < 254; i++)
            {
                inverse = Multiply(inverse, x);
            }

            int twice = inverse | (inverse << 8);
            box[x] = (byte)(inverse ^ (twice >> 4) ^ (twice >> 5) ^ (twice >> 6) ^ (twice >> 7) ^ 0x63);
        }

        return box;
    }

    private static byte[] Invert(byte[] box)
    {
        byte[] inverse = new byte[256];
        for (int x = 0; x < 256; x++)
        {
            inverse[box[x]] = (byte)x;
        }

        return inverse;
    }
}
