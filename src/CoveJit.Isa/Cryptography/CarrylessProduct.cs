using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CoveJit.Isa.Cryptography;

/// <summary>The product of two polynomials over GF(2), 64 coefficients each. Translators know these methods and emit the host's instruction in their place.</summary>
public static class CarrylessProduct
{
    /// <summary>Coefficients 0 to 63.</summary>
    public static ulong Low(ulong a, ulong b) => Pclmulqdq.IsSupported ? Multiply(a, b).GetElement(0) : (ulong)MultiplyPortably(a, b);

    /// <summary>Coefficients 64 to 127.</summary>
    public static ulong High(ulong a, ulong b) => Pclmulqdq.IsSupported ? Multiply(a, b).GetElement(1) : (ulong)(MultiplyPortably(a, b) >> 64);

    /// <summary>The whole product, on any host.</summary>
    public static UInt128 MultiplyPortably(ulong a, ulong b)
    {
        UInt128 product = 0;
        for (int i = 0; i < 64; i++)
        {
            product ^= ((b >> i) & 1) != 0 ? (UInt128)a << i : 0;
        }

        return product;
    }

    private static Vector128<ulong> Multiply(ulong a, ulong b) => Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(a), Vector128.CreateScalar(b), 0);
}
