using CoveJit.Isa.Cryptography;
using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>AES decryption (Unprivileged, chapter "Scalar cryptography", Zknd).</summary>
public static class Zknd
{
    /// <summary>Half of the last decryption round.</summary>
    [Instruction("aes64ds", "0011101 rs2 rs1 000 rd 0110011", Extension.Zknd)]
    public static ulong Aes64ds(ulong rs1, ulong rs2) => AesRound.DecryptLast(rs1, rs2);

    /// <summary>Half of a middle decryption round.</summary>
    [Instruction("aes64dsm", "0011111 rs2 rs1 000 rd 0110011", Extension.Zknd)]
    public static ulong Aes64dsm(ulong rs1, ulong rs2) => AesRound.Decrypt(rs1, rs2);

    /// <summary>Inverse MixColumns, for decryption keys.</summary>
    [Instruction("aes64im", "001100000000 rs1 001 rd 0010011", Extension.Zknd)]
    public static ulong Aes64im(ulong rs1) => AesRound.InverseMixColumns(rs1);
}
