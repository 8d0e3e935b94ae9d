using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Carry-less multiplication (Unprivileged, chapter "B", Zbc; Zbkc has the first two).</summary>
public static class Zbc
{
    /// <summary>Carry-less product, low half.</summary>
    [Instruction("clmul", "0000101 rs2 rs1 001 rd 0110011", Extension.Zbc, Alternative = Extension.Zbkc)]
    public static ulong Clmul(ulong rs1, ulong rs2) => Multiply(rs1, rs2).Low;

    /// <summary>Carry-less product, high half.</summary>
    [Instruction("clmulh", "0000101 rs2 rs1 011 rd 0110011", Extension.Zbc, Alternative = Extension.Zbkc)]
    public static ulong Clmulh(ulong rs1, ulong rs2) => Multiply(rs1, rs2).High;

    /// <summary>Carry-less product, reversed: bits 126 to 63.</summary>
    [Instruction("clmulr", "0000101 rs2 rs1 010 rd 0110011", Extension.Zbc)]
    public static ulong Clmulr(ulong rs1, ulong rs2)
    {
        (ulong high, ulong low) = Multiply(rs1, rs2);
        return (high << 1) | (low >> 63);
    }

    private static (ulong High, ulong Low) Multiply(ulong a, ulong b)
    {
        if (Pclmulqdq.IsSupported)
        {
            Vector128<ulong> product = Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(a), Vector128.CreateScalar(b), 0);
            return (product.GetElement(1), product.GetElement(0));
        }

        return MultiplyPortably(a, b);
    }

    internal static (ulong High, ulong Low) MultiplyPortably(ulong a, ulong b)
    {
        UInt128 product = 0;
        for (int i = 0; i < 64; i++)
        {
            product ^= ((b >> i) & 1) != 0 ? (UInt128)a << i : 0;
        }

        return ((ulong)(product >> 64), (ulong)product);
    }
}
