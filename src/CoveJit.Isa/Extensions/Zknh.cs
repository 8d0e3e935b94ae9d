using System.Numerics;
using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>SHA-2 hash functions (Unprivileged, chapter "Scalar cryptography", Zknh).</summary>
public static class Zknh
{
    /// <summary>SHA-256 Σ0; the result is sign-extended.</summary>
    [Instruction("sha256sum0", "000100000000 rs1 001 rd 0010011", Extension.Zknh)]
    public static ulong Sha256sum0(ulong rs1) => (ulong)(int)(BitOperations.RotateRight((uint)rs1, 2) ^ BitOperations.RotateRight((uint)rs1, 13) ^ BitOperations.RotateRight((uint)rs1, 22));

    /// <summary>SHA-256 Σ1; the result is sign-extended.</summary>
    [Instruction("sha256sum1", "000100000001 rs1 001 rd 0010011", Extension.Zknh)]
    public static ulong Sha256sum1(ulong rs1) => (ulong)(int)(BitOperations.RotateRight((uint)rs1, 6) ^ BitOperations.RotateRight((uint)rs1, 11) ^ BitOperations.RotateRight((uint)rs1, 25));

    /// <summary>SHA-256 σ0; the result is sign-extended.</summary>
    [Instruction("sha256sig0", "000100000010 rs1 001 rd 0010011", Extension.Zknh)]
    public static ulong Sha256sig0(ulong rs1) => (ulong)(int)(BitOperations.RotateRight((uint)rs1, 7) ^ BitOperations.RotateRight((uint)rs1, 18) ^ ((uint)rs1 >> 3));

    /// <summary>SHA-256 σ1; the result is sign-extended.</summary>
    [Instruction("sha256sig1", "000100000011 rs1 001 rd 0010011", Extension.Zknh)]
    public static ulong Sha256sig1(ulong rs1) => (ulong)(int)(BitOperations.RotateRight((uint)rs1, 17) ^ BitOperations.RotateRight((uint)rs1, 19) ^ ((uint)rs1 >> 10));

    /// <summary>SHA-512 Σ0.</summary>
    [Instruction("sha512sum0", "000100000100 rs1 001 rd 0010011", Extension.Zknh)]
    public static ulong Sha512sum0(ulong rs1) => BitOperations.RotateRight(rs1, 28) ^ BitOperations.RotateRight(rs1, 34) ^ BitOperations.RotateRight(rs1, 39);

    /// <summary>SHA-512 Σ1.</summary>
    [Instruction("sha512sum1", "000100000101 rs1 001 rd 0010011", Extension.Zknh)]
    public static ulong Sha512sum1(ulong rs1) => BitOperations.RotateRight(rs1, 14) ^ BitOperations.RotateRight(rs1, 18) ^ BitOperations.RotateRight(rs1, 41);

    /// <summary>SHA-512 σ0.</summary>
    [Instruction("sha512sig0", "000100000110 rs1 001 rd 0010011", Extension.Zknh)]
    public static ulong Sha512sig0(ulong rs1) => BitOperations.RotateRight(rs1, 1) ^ BitOperations.RotateRight(rs1, 8) ^ (rs1 >> 7);

    /// <summary>SHA-512 σ1.</summary>
    [Instruction("sha512sig1", "000100000111 rs1 001 rd 0010011", Extension.Zknh)]
    public static ulong Sha512sig1(ulong rs1) => BitOperations.RotateRight(rs1, 19) ^ BitOperations.RotateRight(rs1, 61) ^ (rs1 >> 6);
}
