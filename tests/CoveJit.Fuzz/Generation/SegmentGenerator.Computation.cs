using CoveJit.Fuzz.Encoding;
using static CoveJit.Fuzz.Encoding.Registers;

namespace CoveJit.Fuzz.Generation;

/// <content>Integer, compressed and floating-point computation; illegal encodings.</content>
public sealed partial class SegmentGenerator
{
    private static readonly uint[] IllegalWords =
    [
        0xFFFF_FFFF, 0x0000_000B, 0x0000_002B, 0x0000_005B, 0x0000_007B, 0x0000_006B, 0x0000_0057, 0x0000_0077,
        0x0000_001F, 0x0000_003F, 0x0000_005F, 0x0000_007F,
        0x0000_7003, 0x0000_4023, 0x0000_7023, 0x0000_2063, 0x0000_3063, 0x0000_1067, 0x0000_7067,
        0x7FF0_0073, 0x0600_2043, 0x0600_0053, 0x5E00_0053,
    ];

    private static readonly uint[] ReservedFunct7 = [0x03, 0x09, 0x0B, 0x0D, 0x12, 0x22, 0x41, 0x61, 0x7E, 0x7F];

    // Reserved 16-bit encodings that no extension known to either side uses.
    private static readonly uint[] IllegalHalves = [0x0000, 0x2001, 0x8002, 0x4002, 0x6002, 0x6101, 0x0004, 0x001C];

    private void Integer()
    {
        IntegerOp op = _rng.Pick(IntegerOps.All);
        if (_rng.Chance(12))
        {
            LoadImmediate(Temporary(), OperandPool.Integer(_rng));
        }

        Emit(op.Encode(Destination(), Any(), Any(), (int)_rng.Next()));
    }

    /// <summary>A single instruction that computes and cannot trap, into a given register.</summary>
    private Insn Plain(int rd)
    {
        IntegerOp op = _rng.Pick(IntegerOps.All);
        return op.Encode(rd, Any(), Any(), (int)_rng.Next());
    }

    private void CompressedInteger()
    {
        int immediate = _rng.Between(-32, 31);
        int rd = Temporary(2);
        int small = CompressedDestination();
        int other = _rng.Between(8, 15);
        switch (_rng.Below(20))
        {
            case 0:
                Emit(Insn.Short(Compressed.Ci(1, 0, rd, immediate), $"c.addi {X(rd)}, {immediate}"));
                break;
            case 1:
                Emit(Insn.Short(Compressed.Ci(1, 1, rd, immediate), $"c.addiw {X(rd)}, {immediate}"));
                break;
            case 2:
                Emit(Insn.Short(Compressed.Ci(1, 2, rd, immediate), $"c.li {X(rd)}, {immediate}"));
                break;
            case 3:
                immediate = immediate == 0 ? 1 : immediate;
                Emit(Insn.Short(Compressed.Ci(1, 3, rd, immediate), $"c.lui {X(rd)}, {immediate}"));
                break;
            case 4 when !_reserved[Sp]:
                immediate = _rng.Between(-32, 31) * 16;
                immediate = immediate == 0 ? 16 : immediate;
                Emit(Insn.Short(Compressed.Addi16Sp(immediate), $"c.addi16sp {immediate}"));
                break;
            case 5:
                immediate = _rng.Between(1, 255) * 4;
                Emit(Insn.Short(Compressed.Addi4Spn(small, immediate), $"c.addi4spn {X(small)}, {immediate}"));
                break;
            case 6:
                immediate = _rng.Between(1, 63);
                Emit(Insn.Short(Compressed.Ci(2, 0, rd, immediate), $"c.slli {X(rd)}, {immediate}"));
                break;
            case 7 or 8:
                immediate = _rng.Between(1, 63);
                uint arithmetic = (uint)_rng.Below(2);
                Emit(Insn.Short(Compressed.CbArithmetic(arithmetic, small, immediate), $"{(arithmetic == 0 ? "c.srli" : "c.srai")} {X(small)}, {immediate}"));
                break;
            case 9:
                Emit(Insn.Short(Compressed.CbArithmetic(2, small, immediate), $"c.andi {X(small)}, {immediate}"));
                break;
            case 10 or 11 or 12 or 13:
                string[] names = ["c.sub", "c.xor", "c.or", "c.and"];
                uint which = (uint)_rng.Below(4);
                Emit(Insn.Short(Compressed.Ca(0x23, which, small, other), $"{names[which]} {X(small)}, {X(other)}"));
                break;
            case 14:
                Emit(Insn.Short(Compressed.Ca(0x27, 0, small, other), $"c.subw {X(small)}, {X(other)}"));
                break;
            case 15:
                Emit(Insn.Short(Compressed.Ca(0x27, 1, small, other), $"c.addw {X(small)}, {X(other)}"));
                break;
            case 16 or 17:
                int source = _rng.Between(1, 31);
                Emit(Insn.Short(Compressed.Cr(8, rd, source), $"c.mv {X(rd)}, {X(source)}"));
                break;
            case 18:
                int addend = _rng.Between(1, 31);
                Emit(Insn.Short(Compressed.Cr(9, rd, addend), $"c.add {X(rd)}, {X(addend)}"));
                break;
            default:
                Emit(Insn.Short(Compressed.Ci(1, 0, 0, 0), "c.nop"));
                break;
        }
    }

    private void Float()
    {
        FloatOp op = _rng.Pick(FloatOps.All);
        if (_rng.Chance(15))
        {
            // A fresh edge value: registers otherwise decay to NaN.
            int t = Temporary();
            int f = _rng.Below(32);
            LoadImmediate(t, OperandPool.Float(_rng));
            Emit(Formats.R(0x53, 0, 0x79, f, t, 0), $"fmv.d.x {F(f)}, {X(t)}");
        }

        int rm = _rng.Below(50) switch
        {
            0 => _rng.Between(5, 6),
            < 25 => 7,
            _ => _rng.Below(5),
        };
        int rd = op.Form.HasFlag(FloatForm.IntegerResult) ? Destination() : _rng.Below(32);
        Emit(op.Encode(rd, _rng.Below(32), _rng.Below(32), _rng.Below(32), rm));
        if (_rng.Chance(8))
        {
            int t = Destination();
            Emit(Formats.I(0x73, 2, t, 0, 1), $"csrr {X(t)}, fflags");
        }
    }

    private void Illegal()
    {
        switch (_rng.Below(3))
        {
            case 0:
                uint word = _rng.Pick(IllegalWords);
                Emit(word, $".word 0x{word:x8}");
                break;
            case 1:
                uint funct7 = _rng.Pick(ReservedFunct7);
                uint reserved = Formats.R(_rng.Chance(50) ? 0x33u : 0x3Bu, 0, funct7, Destination(), Any(), Any());
                Emit(reserved, $".word 0x{reserved:x8}");
                break;
            default:
                uint half = _rng.Pick(IllegalHalves);
                Emit(Insn.Short(half, $".half 0x{half:x4}"));
                break;
        }
    }

    private void Fences()
    {
        switch (_rng.Below(3))
        {
            case 0:
                Emit(0x0000_100F, "fence.i");
                break;
            case 1:
                Emit(0x0FF0_000F, "fence iorw, iorw");
                break;
            default:
                Emit(0x8330_000F, "fence.tso");
                break;
        }
    }
}
