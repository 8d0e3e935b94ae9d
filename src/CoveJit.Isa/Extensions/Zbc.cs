using CoveJit.Isa.Cryptography;
using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Carry-less multiplication (Unprivileged, chapter "B", Zbc; Zbkc has the first two).</summary>
public static class Zbc
{
    /// <summary>Carry-less product, low half.</summary>
    [Instruction("clmul", "0000101 rs2 rs1 001 rd 0110011", Extension.Zbc, Alternative = Extension.Zbkc)]
    public static ulong Clmul(ulong rs1, ulong rs2) => CarrylessProduct.Low(rs1, rs2);

    /// <summary>Carry-less product, high half.</summary>
    [Instruction("clmulh", "0000101 rs2 rs1 011 rd 0110011", Extension.Zbc, Alternative = Extension.Zbkc)]
    public static ulong Clmulh(ulong rs1, ulong rs2) => CarrylessProduct.High(rs1, rs2);

    /// <summary>Carry-less product, reversed: bits 126 to 63.</summary>
    [Instruction("clmulr", "0000101 rs2 rs1 010 rd 0110011", Extension.Zbc)]
    public static ulong Clmulr(ulong rs1, ulong rs2) => (CarrylessProduct.High(rs1, rs2) << 1) | (CarrylessProduct.Low(rs1, rs2) >> 63);
}
