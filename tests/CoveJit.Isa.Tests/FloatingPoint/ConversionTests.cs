using System.Numerics;
using CoveJit.Isa.Extensions;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Isa.Tests.FloatingPoint;

/// <summary>Conversions, as the instructions make them, against the reference.</summary>
public class ConversionTests
{
    private static readonly Dictionary<string, (BigInteger Minimum, BigInteger Maximum)> Integers = new()
    {
        ["w"] = (int.MinValue, int.MaxValue),
        ["wu"] = (0, uint.MaxValue),
        ["l"] = (long.MinValue, long.MaxValue),
        ["lu"] = (0, ulong.MaxValue),
    };

    private delegate ulong Conversion(ulong a, ref FloatContext context);

    [Fact]
    public void Every_half_widens_exactly()
    {
        for (uint a = 0; a <= 0xFFFF; a++)
        {
            ushort half = (ushort)a;
            Check("fcvt.s.h", a, ReferenceFloat.Half.ConvertTo(ReferenceFloat.Single, a, RoundingMode.Rne), RoundingMode.Rne, (ulong _, ref FloatContext context) => Zfhmin.FcvtSH(half, ref context));
            Check("fcvt.d.h", a, ReferenceFloat.Half.ConvertTo(ReferenceFloat.Double, a, RoundingMode.Rne), RoundingMode.Rne, (ulong _, ref FloatContext context) => Zfhmin.FcvtDH(half, ref context));
        }
    }

    [Fact]
    public void Narrowing_to_half_is_right_at_every_half_and_every_midpoint()
    {
        // Between two neighbouring halves lie 2^13 singles; the interesting ones are the ends, the middle, and their neighbours.
        int[] offsets = [0, 1, 0xFFF, 0x1000, 0x1001, 0x1FFF];
        for (uint a = 0; a <= 0xFFFF; a++)
        {
            FloatContext exact = default;
            uint single = Zfhmin.FcvtSH((ushort)a, ref exact);
            RoundingMode mode = FloatOperation.Modes[a % 5];
            foreach (int offset in offsets)
            {
                uint near = single + (uint)offset;
                Check("fcvt.h.s", near, ReferenceFloat.Single.ConvertTo(ReferenceFloat.Half, near, mode), mode, (ulong x, ref FloatContext context) => Zfhmin.FcvtHS((uint)x, ref context));
            }
        }
    }

    [Fact]
    public void Narrowing_is_right_in_every_mode()
    {
        OperandSource singles = new(ReferenceFloat.Single, seed: 5);
        OperandSource doubles = new(ReferenceFloat.Double, seed: 6);
        OperandSource halves = new(ReferenceFloat.Half, seed: 7);
        for (int i = 0; i < 20_000; i++)
        {
            // Besides doubles of all sizes, ones near the numbers of the narrower format.
            FloatContext ignored = default;
            ulong a = (i % 3) switch
            {
                0 => doubles.Next(),
                1 => Rv64D.FcvtDS((uint)singles.Next(), ref ignored) + (doubles.Next() & 0x1FFF_FFFF),
                _ => Zfhmin.FcvtDH((ushort)halves.Next(), ref ignored) + (doubles.Next() & 0x3FF_FFFF_FFFF),
            };
            foreach (RoundingMode mode in FloatOperation.Modes)
            {
                Check("fcvt.s.d", a, ReferenceFloat.Double.ConvertTo(ReferenceFloat.Single, a, mode), mode, Wide(Rv64D.FcvtSD));
                Check("fcvt.h.d", a, ReferenceFloat.Double.ConvertTo(ReferenceFloat.Half, a, mode), mode, (ulong x, ref FloatContext context) => Zfhmin.FcvtHD(x, ref context));
            }
        }
    }

    [Fact]
    public void Single_widens_to_double_exactly()
    {
        OperandSource singles = new(ReferenceFloat.Single, seed: 8);
        for (int i = 0; i < 50_000; i++)
        {
            ulong a = singles.Next();
            Check("fcvt.d.s", a, ReferenceFloat.Single.ConvertTo(ReferenceFloat.Double, a, RoundingMode.Rne), RoundingMode.Rne, (ulong x, ref FloatContext context) => Rv64D.FcvtDS((uint)x, ref context));
        }
    }

    [Theory]
    [InlineData("w")]
    [InlineData("wu")]
    [InlineData("l")]
    [InlineData("lu")]
    public void Floats_become_integers(string type)
    {
        (BigInteger minimum, BigInteger maximum) = Integers[type];
        Conversion fromSingle = type switch
        {
            "w" => (ulong x, ref FloatContext context) => Rv64F.FcvtWS((uint)x, ref context),
            "wu" => (ulong x, ref FloatContext context) => Rv64F.FcvtWuS((uint)x, ref context),
            "l" => (ulong x, ref FloatContext context) => Rv64F.FcvtLS((uint)x, ref context),
            _ => (ulong x, ref FloatContext context) => Rv64F.FcvtLuS((uint)x, ref context),
        };
        Conversion fromDouble = type switch
        {
            "w" => Rv64D.FcvtWD,
            "wu" => Rv64D.FcvtWuD,
            "l" => Rv64D.FcvtLD,
            _ => Rv64D.FcvtLuD,
        };
        OperandSource singles = new(ReferenceFloat.Single, seed: 9);
        OperandSource doubles = new(ReferenceFloat.Double, seed: 10);
        for (int i = 0; i < 10_000; i++)
        {
            // Every third one lies near the end of an integer range, where saturation depends on rounding.
            ulong s = i % 3 != 0 ? singles.Next() : BitConverter.SingleToUInt32Bits(MathF.ScaleB(1, 31 + (i / 3 % 34))) + (ulong)(i % 5) - 2;
            ulong d = i % 3 != 0 ? doubles.Next() : BitConverter.DoubleToUInt64Bits(Math.ScaleB(1, 31 + (i / 3 % 34)) - ((i % 7) * 0.25));
            d ^= (ulong)(i & 1) << 63;
            foreach (RoundingMode mode in FloatOperation.Modes)
            {
                Check($"fcvt.{type}.s", s, SignExtendWord(type, ReferenceFloat.Single.ToInteger(s, minimum, maximum, mode)), mode, fromSingle);
                Check($"fcvt.{type}.d", d, SignExtendWord(type, ReferenceFloat.Double.ToInteger(d, minimum, maximum, mode)), mode, fromDouble);
            }
        }
    }

    [Fact]
    public void Integers_become_floats()
    {
        OperandSource source = new(ReferenceFloat.Double, seed: 11);
        for (int i = 0; i < 10_000; i++)
        {
            // Integers of every length, with runs of ones and zeros that make ties.
            ulong a = source.Bits() >> (i % 64);
            a = (i % 4) switch
            {
                0 => a,
                1 => 0UL - a,
                2 => a & (~0UL << (i / 4 % 64)),
                _ => (1UL << (i % 64)) + (1UL << (i / 64 % 64)) - (ulong)(i % 3),
            };
            foreach (RoundingMode mode in FloatOperation.Modes)
            {
                Check("fcvt.s.w", a, ReferenceFloat.Single.FromInteger((int)a, mode), mode, Wide(Rv64F.FcvtSW));
                Check("fcvt.s.wu", a, ReferenceFloat.Single.FromInteger((uint)a, mode), mode, Wide(Rv64F.FcvtSWu));
                Check("fcvt.s.l", a, ReferenceFloat.Single.FromInteger((long)a, mode), mode, Wide(Rv64F.FcvtSL));
                Check("fcvt.s.lu", a, ReferenceFloat.Single.FromInteger(a, mode), mode, Wide(Rv64F.FcvtSLu));
                Check("fcvt.d.w", a, ReferenceFloat.Double.FromInteger((int)a, mode), mode, (ulong x, ref FloatContext _) => Rv64D.FcvtDW(x));
                Check("fcvt.d.wu", a, ReferenceFloat.Double.FromInteger((uint)a, mode), mode, (ulong x, ref FloatContext _) => Rv64D.FcvtDWu(x));
                Check("fcvt.d.l", a, ReferenceFloat.Double.FromInteger((long)a, mode), mode, Rv64D.FcvtDL);
                Check("fcvt.d.lu", a, ReferenceFloat.Double.FromInteger(a, mode), mode, Rv64D.FcvtDLu);
            }
        }
    }

    [Fact]
    public void Modular_conversion_keeps_the_low_word_and_flags_as_a_saturating_one_does()
    {
        OperandSource source = new(ReferenceFloat.Double, seed: 12);
        for (int i = 0; i < 50_000; i++)
        {
            ulong a = i % 2 == 0 ? source.Next() : ((ulong)(1023 + (i / 2 % 90)) << 52) | (source.Bits() & 0x800F_FFFF_FFFF_FFFF);
            FloatFlags flags = ReferenceFloat.Double.ToInteger(a, int.MinValue, int.MaxValue, RoundingMode.Rtz).Flags;
            ulong expected = 0;
            if (!ReferenceFloat.Double.IsNaN(a) && !ReferenceFloat.Double.IsInfinity(a))
            {
                Rational value = ReferenceFloat.Double.Value(a);
                expected = (ulong)(int)(uint)(BigInteger.Divide(value.Numerator, value.Denominator) & uint.MaxValue);
            }

            // The dynamic mode must not matter.
            Check("fcvtmod.w.d", a, (expected, flags), FloatOperation.Modes[i % 5], Zfa.FcvtmodWD);
        }
    }

    private static (ulong, FloatFlags) SignExtendWord(string type, (ulong Integer, FloatFlags Flags) result)
        => (type is "w" or "wu" ? (ulong)(int)result.Integer : result.Integer, result.Flags);

    private static Conversion Wide(NarrowConversion conversion) => (ulong x, ref FloatContext context) => conversion(x, ref context);

    private static void Check(string name, ulong a, (ulong Result, FloatFlags Flags) expected, RoundingMode mode, Conversion conversion)
    {
        foreach (FloatFlags before in (ReadOnlySpan<FloatFlags>)[FloatFlags.None, FloatFlags.Inexact])
        {
            FloatContext context = new() { Rounding = mode, Flags = before };
            ulong actual = conversion(a, ref context);
            if (actual != expected.Result || context.Flags != (expected.Flags | before) || context.Rounding != mode)
            {
                Assert.Fail($"{name} {a:x} {mode} after {before}: expected {expected.Result:x} {expected.Flags}, got {actual:x} {context.Flags}");
            }
        }
    }

    private delegate uint NarrowConversion(ulong a, ref FloatContext context);
}
