namespace CoveJit.Fuzz.Generation;

/// <summary>Random operands biased towards the edges where implementations go wrong.</summary>
public static class OperandPool
{
    private static readonly ulong[] IntegerEdges =
    [
        0, 1, 2, ulong.MaxValue, ulong.MaxValue - 1, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0x8000_0000_0000_0001,
        0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0xFFFF_FFFF_8000_0000, 0xFFFF_FFFF_7FFF_FFFF, 0xFFFF_FFFF_0000_0000,
        0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 31, 32, 63, 64, 0x5555_5555_5555_5555, 0xAAAA_AAAA_AAAA_AAAA, 0x0102_0408_1020_4080,
    ];

    private static readonly uint[] SingleEdges =
    [
        0, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001, 0xFFBF_FFFF,
        0x7FFF_FFFF, 1, 0x8000_0001, 0x007F_FFFF, 0x0080_0000, 0x8080_0000, 0x7F7F_FFFF, 0xFF7F_FFFF, 0x3F00_0000, 0x3FC0_0000,
        0x4020_0000, 0x4B7F_FFFF, 0x4F00_0000, 0xCF00_0000, 0x4F80_0000, 0x5F00_0000, 0xDF00_0000, 0x5F80_0000, 0x3F80_0001, 0x3F7F_FFFF,
        0x3380_0000, 0x477F_E000, 0x3880_0000, 0x387F_C000, 0xBF00_0000, 0xBF7F_FFFF,
    ];

    private static readonly ulong[] DoubleEdges =
    [
        0, 0x8000_0000_0000_0000, 0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000,
        0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0000, 0x7FF0_0000_0000_0001, 0xFFF7_FFFF_FFFF_FFFF, 1, 0x8000_0000_0000_0001,
        0x000F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000, 0x7FEF_FFFF_FFFF_FFFF, 0xFFEF_FFFF_FFFF_FFFF, 0x3FE0_0000_0000_0000,
        0x3FF8_0000_0000_0000, 0x4004_0000_0000_0000, 0x41DF_FFFF_FFC0_0000, 0x41E0_0000_0000_0000, 0xC1E0_0000_0020_0000,
        0x41EF_FFFF_FFF0_0000, 0x43E0_0000_0000_0000, 0xC3E0_0000_0000_0000, 0x43F0_0000_0000_0000, 0x47EF_FFFF_E000_0000,
        0x47EF_FFFF_F000_0000, 0x3810_0000_0000_0000, 0x36A0_0000_0000_0000, 0x3690_0000_0000_0000, 0x380F_FFFF_FFFF_FFFF,
        0x3FF0_0000_0000_0001, 0x3FEF_FFFF_FFFF_FFFF, 0x3CA0_0000_0000_0000, 0xBFE0_0000_0000_0000, 0x40EF_FFC0_0000_0000, 0x3F0F_FFFF_0000_0000,
    ];

    private static readonly ushort[] HalfEdges = [0, 0x8000, 0x3C00, 0x7C00, 0xFC00, 0x7E00, 0x7C01, 1, 0x3FF, 0x400, 0x7BFF, 0xFBFF];

    public static ulong Integer(Rng rng) => rng.Below(10) switch
    {
        < 4 => rng.Pick(IntegerEdges),
        4 => 1UL << rng.Below(64),
        5 => (1UL << rng.Below(64)) - 1,
        6 => (ulong)(long)(int)rng.Next(),
        7 => rng.Next() >> rng.Below(64),
        _ => rng.Next(),
    };

    public static ulong Float(Rng rng) => rng.Below(20) switch
    {
        < 9 => Double(rng),
        < 17 => 0xFFFF_FFFF_0000_0000 | Single(rng),
        17 => 0xFFFF_FFFF_FFFF_0000 | Half(rng),
        18 => (rng.Next() << 32) | Single(rng), // not NaN-boxed
        _ => rng.Next(),
    };

    private static ulong Double(Rng rng)
    {
        ulong edge = rng.Pick(DoubleEdges);
        return rng.Below(6) switch
        {
            0 or 1 => edge,
            2 => edge ^ (1UL << rng.Below(64)),
            // Exponents close to each other make cancellation and rounding likely.
            3 => (rng.Next() & 0x800F_FFFF_FFFF_FFFF) | ((ulong)rng.Between(1000, 1046) << 52),
            4 => (rng.Next() & 0xFFFF_FFFF_E000_0000) & 0xBFFF_FFFF_FFFF_FFFF | 0x3800_0000_0000_0000,
            _ => rng.Next(),
        };
    }

    private static uint Single(Rng rng)
    {
        uint edge = rng.Pick(SingleEdges);
        return rng.Below(5) switch
        {
            0 or 1 => edge,
            2 => edge ^ (1u << rng.Below(32)),
            3 => ((uint)rng.Next() & 0x807F_FFFF) | ((uint)rng.Between(110, 146) << 23),
            _ => (uint)rng.Next(),
        };
    }

    private static ushort Half(Rng rng) => rng.Chance(50) ? rng.Pick(HalfEdges) : (ushort)rng.Next();
}
