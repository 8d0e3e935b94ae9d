using CoveJit.Isa.Cryptography;
using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>AES encryption (Unprivileged, chapter "Scalar cryptography", Zkne; Zknd has the key schedule as well).</summary>
public static class Zkne
{
    /// <summary>Half of the last encryption round.</summary>
    [Instruction("aes64es", "0011001 rs2 rs1 000 rd 0110011", Extension.Zkne)]
    public static ulong Aes64es(ulong rs1, ulong rs2) => AesRound.EncryptLast(rs1, rs2);

    /// <summary>Half of a middle encryption round.</summary>
    [Instruction("aes64esm", "0011011 rs2 rs1 000 rd 0110011", Extension.Zkne)]
    public static ulong Aes64esm(ulong rs1, ulong rs2) => AesRound.Encrypt(rs1, rs2);

    /// <summary>Key schedule: rotation, substitution and round constant.</summary>
    [Instruction("aes64ks1i", "0011000 1 rnum!={11,12,13,14,15} rs1 001 rd 0010011", Extension.Zkne, Alternative = Extension.Zknd)]
    public static ulong Aes64ks1i(ulong rs1, int rnum) => AesRound.KeyScheduleCore(rs1, rnum);

    /// <summary>Key schedule: combines two words.</summary>
    [Instruction("aes64ks2", "0111111 rs2 rs1 000 rd 0110011", Extension.Zkne, Alternative = Extension.Zknd)]
    public static ulong Aes64ks2(ulong rs1, ulong rs2)
    {
        uint low = (uint)(rs1 >> 32) ^ (uint)rs2;
        uint high = low ^ (uint)(rs2 >> 32);
        return low | ((ulong)high << 32);
    }
}
