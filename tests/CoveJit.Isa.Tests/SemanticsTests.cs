using System.Numerics;
using CoveJit.Isa.Cryptography;
using CoveJit.Isa.Extensions;

namespace CoveJit.Isa.Tests;

public class SemanticsTests
{
    private static readonly Extension[] FloatingPoint = [Extension.F, Extension.D, Extension.Zfa, Extension.Zfhmin];

    private static readonly ulong[] Edges = MakeEdges();

    private static readonly long[] Immediates = [0, 1, -1, 2, 31, 63, 255, 2047, -2048, 0x12345000, int.MinValue, 0x7FFFF000];

    /// <summary>Operations checked by whole algorithms in <see cref="CryptographyTests"/>.</summary>
    private static readonly Op[] Cryptographic = [Op.Aes64es, Op.Aes64esm, Op.Aes64ks1i, Op.Aes64ks2, Op.Aes64ds, Op.Aes64dsm, Op.Aes64im];

    /// <summary>For each system operation the call it makes with rd = 3, rs1 = 5 and rs2 = 7 (numbers and values alike), csr = 0x342 and so on.</summary>
    private static readonly Dictionary<Op, string> Calls = new()
    {
        [Op.Fence] = "fence 1 2 4",
        [Op.FenceTso] = "fence 8 3 3",
        [Op.Pause] = "pause",
        [Op.Ecall] = "ecall",
        [Op.Ebreak] = "ebreak",
        [Op.FenceI] = "fence.i",
        [Op.Csrrw] = "csrw 834 3 5",
        [Op.Csrrs] = "csrs 834 3 5 True",
        [Op.CsrrsX0] = "csrs 834 3 0 False",
        [Op.Csrrc] = "csrc 834 3 5 True",
        [Op.CsrrcX0] = "csrc 834 3 0 False",
        [Op.Csrrwi] = "csrw 834 3 9",
        [Op.Csrrsi] = "csrs 834 3 9 True",
        [Op.Csrrci] = "csrc 834 3 9 True",
        [Op.Mret] = "mret",
        [Op.Sret] = "sret",
        [Op.Wfi] = "wfi",
        [Op.SfenceVma] = "sfence 5 7",
        [Op.SinvalVma] = "sfence 5 7",
        [Op.SfenceWInval] = "inval",
        [Op.SfenceInvalIr] = "inval",
        [Op.HfenceVvma] = "hfence.vvma 5 7",
        [Op.HfenceGvma] = "hfence.gvma 5 7",
        [Op.HinvalVvma] = "hfence.vvma 5 7",
        [Op.HinvalGvma] = "hfence.gvma 5 7",
        [Op.MfencePa] = "mfence.pa 5 7",
        [Op.MinvalPa] = "mfence.pa 5 7",
        [Op.HlvB] = "hlv 5 3 1 True",
        [Op.HlvBu] = "hlv 5 3 1 False",
        [Op.HlvH] = "hlv 5 3 2 True",
        [Op.HlvHu] = "hlv 5 3 2 False",
        [Op.HlvxHu] = "hlvx 5 3 2",
        [Op.HlvW] = "hlv 5 3 4 True",
        [Op.HlvWu] = "hlv 5 3 4 False",
        [Op.HlvxWu] = "hlvx 5 3 4",
        [Op.HlvD] = "hlv 5 3 8 False",
        [Op.HsvB] = "hsv 5 7 1",
        [Op.HsvH] = "hsv 5 7 2",
        [Op.HsvW] = "hsv 5 7 4",
        [Op.HsvD] = "hsv 5 7 8",
        [Op.LrW] = "lr 5 3 4",
        [Op.LrD] = "lr 5 3 8",
        [Op.ScW] = "sc 5 3 7 4",
        [Op.ScD] = "sc 5 3 7 8",
        [Op.AmocasB] = "cas 5 3 7 1",
        [Op.AmocasH] = "cas 5 3 7 2",
        [Op.AmocasW] = "cas 5 3 7 4",
        [Op.AmocasD] = "cas 5 3 7 8",
        [Op.AmocasQ] = "cas 5 3 7 16",
        [Op.CboInval] = "cbo Invalidate 5",
        [Op.CboClean] = "cbo Clean 5",
        [Op.CboFlush] = "cbo Flush 5",
        [Op.CboZero] = "zero 5",
        [Op.Sspush] = "", // x7 is no link register
        [Op.Sspopchk] = "sspopchk 5",
        [Op.Ssrdp] = "ssrdp 3",
        [Op.SsamoswapW] = "ssswap 5 3 7 4",
        [Op.SsamoswapD] = "ssswap 5 3 7 8",
        [Op.PrefetchI] = "",
        [Op.PrefetchR] = "",
        [Op.PrefetchW] = "",
        [Op.WrsNto] = "wrs False",
        [Op.WrsSto] = "wrs True",
    };

    /// <summary>System operations after which decoding goes on.</summary>
    private static readonly Op[] Continuing =
    [
        Op.Fence, Op.FenceTso, Op.Pause, Op.LrW, Op.LrD, Op.ScW, Op.ScD, Op.AmocasB, Op.AmocasH, Op.AmocasW, Op.AmocasD, Op.AmocasQ,
        Op.CboInval, Op.CboClean, Op.CboFlush, Op.CboZero, Op.PrefetchI, Op.PrefetchR, Op.PrefetchW,
        Op.HlvB, Op.HlvBu, Op.HlvH, Op.HlvHu, Op.HlvxHu, Op.HlvW, Op.HlvWu, Op.HlvxWu, Op.HlvD, Op.HsvB, Op.HsvH, Op.HsvW, Op.HsvD,
        Op.Sspush, Op.Sspopchk, Op.Ssrdp, Op.SsamoswapW, Op.SsamoswapD,
    ];

    [Fact]
    public void Every_integer_operation_has_a_semantic_test()
    {
        HashSet<Op> tested = [.. ReferenceModels.Register.Keys, .. ReferenceModels.Unary.Keys, .. ReferenceModels.Immediate.Keys, .. ReferenceModels.Shift.Keys,
            .. ReferenceModels.Branch.Keys, .. ReferenceModels.Load.Keys, .. ReferenceModels.Store.Keys, .. Calls.Keys, .. Cryptographic];
        IEnumerable<Op> missing = Enum.GetValues<Op>().Where(op => op is not (Op.Illegal or Op.BlockEnd) && OpInfo.Kind(op) != OpKind.Amo && !FloatingPoint.Contains(OpInfo.Extension(op)) && !tested.Contains(op));
        Assert.Empty(missing);
    }

    [Fact]
    public void Register_operations()
    {
        foreach ((Op op, Func<ulong, ulong, BigInteger> model) in ReferenceModels.Register)
        {
            foreach (ulong a in Edges)
            {
                foreach (ulong b in Edges)
                {
                    Check(ReferenceModels.Low(model(a, b), 64), SemanticMethod.Call(op, a, b, 0), $"{op} {a:x} {b:x}");
                }
            }
        }
    }

    [Fact]
    public void Unary_operations()
    {
        foreach ((Op op, Func<ulong, BigInteger> model) in ReferenceModels.Unary)
        {
            foreach (ulong a in Edges)
            {
                Check(ReferenceModels.Low(model(a), 64), SemanticMethod.Call(op, a, 0, 0), $"{op} {a:x}");
            }
        }
    }

    [Fact]
    public void Immediate_operations()
    {
        foreach ((Op op, Func<ulong, long, BigInteger> model) in ReferenceModels.Immediate)
        {
            foreach (ulong a in Edges)
            {
                foreach (long imm in Immediates)
                {
                    Check(ReferenceModels.Low(model(a, imm), 64), SemanticMethod.Call(op, a, 0, imm), $"{op} {a:x} {imm}");
                }
            }
        }
    }

    [Fact]
    public void Immediate_shifts()
    {
        foreach ((Op op, (int width, Func<ulong, int, BigInteger> model)) in ReferenceModels.Shift)
        {
            foreach (ulong a in Edges)
            {
                for (int shamt = 0; shamt < width; shamt++)
                {
                    Check(ReferenceModels.Low(model(a, shamt), 64), SemanticMethod.Call(op, a, 0, shamt), $"{op} {a:x} {shamt}");
                }
            }
        }
    }

    [Fact]
    public void Branches()
    {
        foreach ((Op op, Func<ulong, ulong, bool> model) in ReferenceModels.Branch)
        {
            foreach (ulong a in Edges)
            {
                foreach (ulong b in Edges)
                {
                    Assert.Equal(model(a, b), SemanticMethod.Call(op, name => name == "rs1" ? a : b));
                }
            }
        }
    }

    [Fact]
    public void Loads_extend()
    {
        foreach ((Op op, (int width, bool signed)) in ReferenceModels.Load)
        {
            foreach (ulong a in Edges)
            {
                BigInteger value = ReferenceModels.Low(a, width);
                ulong expected = ReferenceModels.Low(signed ? ReferenceModels.Signed(value, width) : value, 64);
                Check(expected, SemanticMethod.Bits(SemanticMethod.Call(op, _ => a)), $"{op} {a:x}");
            }
        }
    }

    [Fact]
    public void Stores_truncate()
    {
        foreach ((Op op, int width) in ReferenceModels.Store)
        {
            foreach (ulong a in Edges)
            {
                object stored = SemanticMethod.Call(op, _ => a);
                Assert.Equal(width, WidthOf(stored));
                Check(ReferenceModels.Low(a, width), SemanticMethod.Bits(stored), $"{op} {a:x}");
            }
        }
    }

    [Fact]
    public void Atomics()
    {
        foreach (Op op in Enum.GetValues<Op>().Where(op => OpInfo.Kind(op) == OpKind.Amo))
        {
            string[] name = OpInfo.Mnemonic(op).Split('.');
            int width = name[1] switch { "b" => 8, "h" => 16, "w" => 32, _ => 64 };
            foreach (ulong memory in Edges)
            {
                foreach (ulong rs2 in Edges)
                {
                    BigInteger expected = ReferenceModels.Amo[name[0]](ReferenceModels.Low(memory, width), ReferenceModels.Low(rs2, width), width);
                    object result = SemanticMethod.Call(op, parameter => parameter == "memory" ? memory : rs2);
                    Assert.Equal(width, WidthOf(result));
                    Check(ReferenceModels.Low(expected, width), SemanticMethod.Bits(result), $"{op} {memory:x} {rs2:x}");
                }
            }
        }
    }

    [Fact]
    public void System_operations_ask_the_machine()
    {
        foreach ((Op op, string call) in Calls)
        {
            Assert.Equal(OpKind.System, OpInfo.Kind(op));
            RecordingMachine machine = new();
            object flow = SemanticMethod.Call(op, name => name switch
            {
                "machine" => machine,
                "rd" => 3UL,
                "rs1" => 5UL,
                "rs2" => 7UL,
                "zimm" => 9UL,
                "csr" => 0x342UL,
                "fm" => 1UL,
                "pred" => 2UL,
                _ => 4UL,
            });
            Assert.Equal(call, machine.Call);
            // What the machine answers is passed on; the prefetches ask nothing.
            Assert.Equal(call.Length == 0 ? Flow.Next : Flow.Redirect, flow);
            Assert.Equal(!Continuing.Contains(op), OpInfo.EndsBlock(op));
        }
    }

    [Fact]
    public void A_zero_immediate_does_not_write_the_csr()
    {
        RecordingMachine machine = new();
        Zicsr.Csrrsi(machine, 1, 2, 0);
        Assert.Equal("csrs 1 2 0 False", machine.Call);
        Zicsr.Csrrci(machine, 1, 2, 0);
        Assert.Equal("csrc 1 2 0 False", machine.Call);
    }

    [Fact]
    public void Carryless_products_do_not_depend_on_the_host()
    {
        foreach (ulong a in Edges)
        {
            foreach (ulong b in Edges)
            {
                UInt128 product = CarrylessProduct.MultiplyPortably(a, b);
                Assert.Equal(new UInt128(Zbc.Clmulh(a, b), Zbc.Clmul(a, b)), product);
                Assert.Equal((ulong)(product >> 63), Zbc.Clmulr(a, b));
            }
        }
    }

    [Fact]
    public void Rounds_of_AES_do_not_depend_on_the_host()
    {
        foreach (ulong a in Edges.Append(0x0123456789ABCDEFUL))
        {
            foreach (ulong b in Edges.Append(0xFEDCBA9876543210UL))
            {
                Assert.Equal(AesRound.EncryptPortably(a, b), Zkne.Aes64esm(a, b));
                Assert.Equal(AesRound.EncryptLastPortably(a, b), Zkne.Aes64es(a, b));
                Assert.Equal(AesRound.DecryptPortably(a, b), Zknd.Aes64dsm(a, b));
                Assert.Equal(AesRound.DecryptLastPortably(a, b), Zknd.Aes64ds(a, b));
            }
        }
    }

    [Fact]
    public void Flags_follow_from_the_declaration()
    {
        Assert.Equal(OpFlags.WritesRd | OpFlags.ReadsRs1 | OpFlags.ReadsRs2 | OpFlags.Hot, OpInfo.FlagsOf(Op.Add));
        Assert.Equal(OpFlags.ReadsRs1 | OpFlags.ReadsRs2 | OpFlags.Hot, OpInfo.FlagsOf(Op.Sd));
        Assert.Equal(OpFlags.WritesFd | OpFlags.ReadsRs1 | OpFlags.UsesFloat | OpFlags.Hot, OpInfo.FlagsOf(Op.Fld));
        Assert.Equal(OpFlags.ReadsFs2 | OpFlags.ReadsRs1 | OpFlags.UsesFloat | OpFlags.Hot, OpInfo.FlagsOf(Op.Fsd));
        Assert.Equal(OpFlags.ReadsRs1 | OpFlags.ReadsRs2 | OpFlags.EndsBlock | OpFlags.PcRelative | OpFlags.Hot, OpInfo.FlagsOf(Op.Beq));
        Assert.Equal(OpFlags.None, OpInfo.FlagsOf(Op.Fence));
        Assert.Equal(OpFlags.EndsBlock, OpInfo.FlagsOf(Op.Illegal));
        Assert.Equal(Extension.Zba, OpInfo.Extension(Op.Sh1add));
    }

    private static int WidthOf(object value) => 8 * System.Runtime.InteropServices.Marshal.SizeOf(value);

    private static void Check(ulong expected, ulong actual, string what) => Assert.True(expected == actual, $"{what}: expected {expected:x}, got {actual:x}");

    private static ulong[] MakeEdges()
    {
        List<ulong> values = [0x0123456789ABCDEF, 0xFEDCBA9876543210, 0x8080808080808080, 0x00FF00FF00FF00FF, 0x0102030405060708];
        foreach (int bit in new[] { 0, 1, 5, 7, 8, 15, 16, 31, 32, 33, 63 })
        {
            ulong power = 1UL << bit;
            values.AddRange([power, power - 1, 0 - power, ~power]);
        }

        Random random = new(7);
        values.AddRange(Enumerable.Range(0, 8).Select(_ => (ulong)random.NextInt64() << 1));
        return [.. values.Distinct()];
    }
}
