using System.Numerics;

namespace CoveJit.Isa.Tests;

/// <summary>What each computing instruction does, in unbounded arithmetic or bit by bit: written to be compared, not to be fast.</summary>
internal static class ReferenceModels
{
    private static readonly BigInteger Two64 = BigInteger.One << 64;

    /// <summary>Models of operations on rs1 and rs2; the result is taken modulo 2^64.</summary>
    public static readonly Dictionary<Op, Func<ulong, ulong, BigInteger>> Register = new()
    {
        [Op.Add] = (a, b) => U(a) + U(b),
        [Op.Sub] = (a, b) => U(a) - U(b),
        [Op.Sll] = (a, b) => U(a) * Power(b, 64),
        [Op.Slt] = (a, b) => S(a) < S(b) ? 1 : 0,
        [Op.Sltu] = (a, b) => U(a) < U(b) ? 1 : 0,
        [Op.Xor] = (a, b) => Bitwise(a, b, (x, y) => x != y),
        [Op.Srl] = (a, b) => U(a) / Power(b, 64),
        [Op.Sra] = (a, b) => Floor(S(a), Power(b, 64)),
        [Op.Or] = (a, b) => Bitwise(a, b, (x, y) => x || y),
        [Op.And] = (a, b) => Bitwise(a, b, (x, y) => x && y),
        [Op.Addw] = (a, b) => Word(U(a) + U(b)),
        [Op.Subw] = (a, b) => Word(U(a) - U(b)),
        [Op.Sllw] = (a, b) => Word(U(a) * Power(b, 32)),
        [Op.Srlw] = (a, b) => Word((uint)a / Power(b, 32)),
        [Op.Sraw] = (a, b) => Floor(Word(a), Power(b, 32)),
        [Op.Mul] = (a, b) => U(a) * U(b),
        [Op.Mulh] = (a, b) => Floor(S(a) * S(b), Two64),
        [Op.Mulhsu] = (a, b) => Floor(S(a) * U(b), Two64),
        [Op.Mulhu] = (a, b) => U(a) * U(b) / Two64,
        [Op.Mulw] = (a, b) => Word(U(a) * U(b)),
        [Op.Div] = (a, b) => Quotient(S(a), S(b)),
        [Op.Divu] = (a, b) => Quotient(U(a), U(b)),
        [Op.Rem] = (a, b) => Remainder(S(a), S(b)),
        [Op.Remu] = (a, b) => Remainder(U(a), U(b)),
        [Op.Divw] = (a, b) => Word(Quotient(Word(a), Word(b))),
        [Op.Divuw] = (a, b) => Word(Quotient((uint)a, (uint)b)),
        [Op.Remw] = (a, b) => Word(Remainder(Word(a), Word(b))),
        [Op.Remuw] = (a, b) => Word(Remainder((uint)a, (uint)b)),
        [Op.AddUw] = (a, b) => (uint)a + U(b),
        [Op.Sh1add] = (a, b) => (U(a) * 2) + U(b),
        [Op.Sh2add] = (a, b) => (U(a) * 4) + U(b),
        [Op.Sh3add] = (a, b) => (U(a) * 8) + U(b),
        [Op.Sh1addUw] = (a, b) => ((BigInteger)(uint)a * 2) + U(b),
        [Op.Sh2addUw] = (a, b) => ((BigInteger)(uint)a * 4) + U(b),
        [Op.Sh3addUw] = (a, b) => ((BigInteger)(uint)a * 8) + U(b),
        [Op.Andn] = (a, b) => Bitwise(a, b, (x, y) => x && !y),
        [Op.Orn] = (a, b) => Bitwise(a, b, (x, y) => x || !y),
        [Op.Xnor] = (a, b) => Bitwise(a, b, (x, y) => x == y),
        [Op.Max] = (a, b) => BigInteger.Max(S(a), S(b)),
        [Op.Maxu] = (a, b) => BigInteger.Max(U(a), U(b)),
        [Op.Min] = (a, b) => BigInteger.Min(S(a), S(b)),
        [Op.Minu] = (a, b) => BigInteger.Min(U(a), U(b)),
        [Op.Rol] = (a, b) => Rotate(a, (int)(b % 64), 64),
        [Op.Ror] = (a, b) => Rotate(a, 64 - (int)(b % 64), 64),
        [Op.Rolw] = (a, b) => Word(Rotate((uint)a, (int)(b % 32), 32)),
        [Op.Rorw] = (a, b) => Word(Rotate((uint)a, 32 - (int)(b % 32), 32)),
        [Op.Clmul] = (a, b) => Carryless(a, b),
        [Op.Clmulh] = (a, b) => Carryless(a, b) / Two64,
        [Op.Clmulr] = (a, b) => Carryless(a, b) >> 63,
        [Op.Bclr] = (a, b) => MapBits(a, (i, x) => i != (int)(b % 64) && x),
        [Op.Bset] = (a, b) => MapBits(a, (i, x) => i == (int)(b % 64) || x),
        [Op.Binv] = (a, b) => MapBits(a, (i, x) => (i == (int)(b % 64)) != x),
        [Op.Bext] = (a, b) => Bit(a, (int)(b % 64)) ? 1 : 0,
        [Op.Pack] = (a, b) => (U(b) << 32) + (uint)a,
        [Op.Packh] = (a, b) => ((b % 256) * 256) + (a % 256),
        [Op.Packw] = (a, b) => Word((((BigInteger)b % 65536) * 65536) + (a % 65536)),
        [Op.Xperm4] = (a, b) => Permute(a, b, 4),
        [Op.Xperm8] = (a, b) => Permute(a, b, 8),
        [Op.CzeroEqz] = (a, b) => b == 0 ? 0 : a,
        [Op.CzeroNez] = (a, b) => b == 0 ? a : 0,
        [Op.MopRr] = (_, _) => 0,
    };

    /// <summary>Models of operations on rs1 alone.</summary>
    public static readonly Dictionary<Op, Func<ulong, BigInteger>> Unary = new()
    {
        [Op.Clz] = a => Enumerable.Range(0, 64).TakeWhile(i => !Bit(a, 63 - i)).Count(),
        [Op.Ctz] = a => Enumerable.Range(0, 64).TakeWhile(i => !Bit(a, i)).Count(),
        [Op.Cpop] = a => Enumerable.Range(0, 64).Count(i => Bit(a, i)),
        [Op.Clzw] = a => Enumerable.Range(0, 32).TakeWhile(i => !Bit(a, 31 - i)).Count(),
        [Op.Ctzw] = a => Enumerable.Range(0, 32).TakeWhile(i => !Bit(a, i)).Count(),
        [Op.Cpopw] = a => Enumerable.Range(0, 32).Count(i => Bit(a, i)),
        [Op.SextB] = a => Signed(a % 256, 8),
        [Op.SextH] = a => Signed(a % 65536, 16),
        [Op.ZextH] = a => a % 65536,
        [Op.OrcB] = a => MapBits(a, (i, _) => Enumerable.Range(i & ~7, 8).Any(j => Bit(a, j))),
        [Op.Rev8] = a => MapBits(a, (i, _) => Bit(a, (56 - (i & ~7)) + (i & 7))),
        [Op.Brev8] = a => MapBits(a, (i, _) => Bit(a, (i & ~7) + 7 - (i & 7))),
        [Op.Sha256sum0] = a => Word(Xor(Rotate((uint)a, 30, 32), Rotate((uint)a, 19, 32), Rotate((uint)a, 10, 32))),
        [Op.Sha256sum1] = a => Word(Xor(Rotate((uint)a, 26, 32), Rotate((uint)a, 21, 32), Rotate((uint)a, 7, 32))),
        [Op.Sha256sig0] = a => Word(Xor(Rotate((uint)a, 25, 32), Rotate((uint)a, 14, 32), (uint)a / 8)),
        [Op.Sha256sig1] = a => Word(Xor(Rotate((uint)a, 15, 32), Rotate((uint)a, 13, 32), (uint)a / 1024)),
        [Op.Sha512sum0] = a => Xor(Rotate(a, 36, 64), Rotate(a, 30, 64), Rotate(a, 25, 64)),
        [Op.Sha512sum1] = a => Xor(Rotate(a, 50, 64), Rotate(a, 46, 64), Rotate(a, 23, 64)),
        [Op.Sha512sig0] = a => Xor(Rotate(a, 63, 64), Rotate(a, 56, 64), a / 128),
        [Op.Sha512sig1] = a => Xor(Rotate(a, 45, 64), Rotate(a, 3, 64), a / 64),
        [Op.MopR] = _ => 0,
    };

    /// <summary>Models of operations on rs1 (or pc) and a sign-extended immediate.</summary>
    public static readonly Dictionary<Op, Func<ulong, long, BigInteger>> Immediate = new()
    {
        [Op.Addi] = (a, i) => U(a) + i,
        [Op.Slti] = (a, i) => S(a) < i ? 1 : 0,
        [Op.Sltiu] = (a, i) => U(a) < U((ulong)i) ? 1 : 0,
        [Op.Xori] = (a, i) => Bitwise(a, (ulong)i, (x, y) => x != y),
        [Op.Ori] = (a, i) => Bitwise(a, (ulong)i, (x, y) => x || y),
        [Op.Andi] = (a, i) => Bitwise(a, (ulong)i, (x, y) => x && y),
        [Op.Addiw] = (a, i) => Word(U(a) + i),
        [Op.Jalr] = (a, i) => Floor(U(a) + i, 2) * 2,
        [Op.Jal] = (pc, i) => U(pc) + i,
        [Op.Auipc] = (pc, i) => U(pc) + i,
        [Op.Lui] = (_, i) => i,
    };

    /// <summary>Immediate shifts and single-bit operations, with the width of the shift amount in bits of the register.</summary>
    public static readonly Dictionary<Op, (int Width, Func<ulong, int, BigInteger> Model)> Shift = new()
    {
        [Op.Slli] = (64, (a, n) => U(a) << n),
        [Op.Srli] = (64, (a, n) => U(a) >> n),
        [Op.Srai] = (64, (a, n) => S(a) >> n),
        [Op.Slliw] = (32, (a, n) => Word(U(a) << n)),
        [Op.Srliw] = (32, (a, n) => Word((BigInteger)(uint)a >> n)),
        [Op.Sraiw] = (32, (a, n) => Word(a) >> n),
        [Op.SlliUw] = (64, (a, n) => (BigInteger)(uint)a << n),
        [Op.Rori] = (64, (a, n) => Rotate(a, 64 - n, 64)),
        [Op.Roriw] = (32, (a, n) => Word(Rotate((uint)a, 32 - n, 32))),
        [Op.Bclri] = (64, (a, n) => MapBits(a, (i, x) => i != n && x)),
        [Op.Bseti] = (64, (a, n) => MapBits(a, (i, x) => i == n || x)),
        [Op.Binvi] = (64, (a, n) => MapBits(a, (i, x) => (i == n) != x)),
        [Op.Bexti] = (64, (a, n) => Bit(a, n) ? 1 : 0),
    };

    public static readonly Dictionary<Op, Func<ulong, ulong, bool>> Branch = new()
    {
        [Op.Beq] = (a, b) => U(a) == U(b),
        [Op.Bne] = (a, b) => U(a) != U(b),
        [Op.Blt] = (a, b) => S(a) < S(b),
        [Op.Bge] = (a, b) => S(a) >= S(b),
        [Op.Bltu] = (a, b) => U(a) < U(b),
        [Op.Bgeu] = (a, b) => U(a) >= U(b),
    };

    /// <summary>Width in bits and signedness of each load.</summary>
    public static readonly Dictionary<Op, (int Width, bool Signed)> Load = new()
    {
        [Op.Lb] = (8, true),
        [Op.Lh] = (16, true),
        [Op.Lw] = (32, true),
        [Op.Ld] = (64, false),
        [Op.Lbu] = (8, false),
        [Op.Lhu] = (16, false),
        [Op.Lwu] = (32, false),
    };

    /// <summary>Width in bits of each store.</summary>
    public static readonly Dictionary<Op, int> Store = new() { [Op.Sb] = 8, [Op.Sh] = 16, [Op.Sw] = 32, [Op.Sd] = 64 };

    /// <summary>Models of atomics by the mnemonic without its width: (memory, rs2, width) to the new memory.</summary>
    public static readonly Dictionary<string, Func<BigInteger, BigInteger, int, BigInteger>> Amo = new()
    {
        ["amoswap"] = (_, b, _) => b,
        ["amoadd"] = (m, b, _) => m + b,
        ["amoxor"] = (m, b, _) => m ^ b,
        ["amoand"] = (m, b, _) => m & b,
        ["amoor"] = (m, b, _) => m | b,
        ["amomin"] = (m, b, w) => BigInteger.Min(Signed(m, w), Signed(b, w)),
        ["amomax"] = (m, b, w) => BigInteger.Max(Signed(m, w), Signed(b, w)),
        ["amominu"] = (m, b, _) => BigInteger.Min(m, b),
        ["amomaxu"] = (m, b, _) => BigInteger.Max(m, b),
    };

    public static ulong Low(BigInteger value, int width) => (ulong)(value & ((BigInteger.One << width) - 1));

    public static BigInteger Signed(BigInteger value, int width) => value >= BigInteger.One << (width - 1) ? value - (BigInteger.One << width) : value;

    private static BigInteger U(ulong value) => value;

    private static BigInteger S(ulong value) => Signed(value, 64);

    private static BigInteger Word(BigInteger value) => Signed(Low(value, 32), 32);

    private static BigInteger Power(ulong count, ulong width) => BigInteger.Pow(2, (int)(count % width));

    private static BigInteger Floor(BigInteger a, BigInteger b) => (a - (((a % b) + b) % b)) / b;

    private static BigInteger Quotient(BigInteger a, BigInteger b) => b.IsZero ? -1 : BigInteger.Divide(a, b);

    private static BigInteger Remainder(BigInteger a, BigInteger b) => b.IsZero ? a : BigInteger.Remainder(a, b);

    private static bool Bit(ulong value, int index) => ((value >> index) & 1) != 0;

    private static BigInteger MapBits(ulong value, Func<int, bool, bool> map)
    {
        BigInteger result = 0;
        for (int i = 0; i < 64; i++)
        {
            result += map(i, Bit(value, i)) ? BigInteger.One << i : 0;
        }

        return result;
    }

    private static BigInteger Bitwise(ulong a, ulong b, Func<bool, bool, bool> operation) => MapBits(a, (i, x) => operation(x, Bit(b, i)));

    /// <summary>Rotates left.</summary>
    private static BigInteger Rotate(ulong value, int count, int width)
    {
        BigInteger wide = U(value) << (count % width);
        return (wide >> width) + (wide & ((BigInteger.One << width) - 1));
    }

    private static BigInteger Xor(params BigInteger[] values) => values.Aggregate((x, y) => x ^ y);

    private static BigInteger Carryless(ulong a, ulong b)
    {
        BigInteger product = 0;
        for (int i = 0; i < 64; i++)
        {
            product ^= Bit(b, i) ? U(a) << i : 0;
        }

        return product;
    }

    private static BigInteger Permute(ulong table, ulong indices, int width)
    {
        BigInteger result = 0;
        for (int i = 0; i < 64 / width; i++)
        {
            BigInteger index = (U(indices) >> (i * width)) % BigInteger.Pow(2, width);
            BigInteger element = index < 64 / width ? (U(table) >> ((int)index * width)) % BigInteger.Pow(2, width) : 0;
            result += element << (i * width);
        }

        return result;
    }
}
