using CoveJit.Memory.Physical;
using CoveJit.Translator.X64.Assembly;
using Iced.Intel;
using Assembler = CoveJit.Translator.X64.Assembly.Assembler;
using Host = CoveJit.Translator.X64.Assembly.Register;
using Label = CoveJit.Translator.X64.Assembly.Label;
using Register = Iced.Intel.Register;

namespace CoveJit.Translator.X64.Tests.Assembly;

/// <summary>Every form that the assembler writes is what an independent disassembler reads.</summary>
public sealed unsafe class AssemblerTests : IDisposable
{
    private static readonly Host[] All = Enum.GetValues<Host>();

    private static readonly Register[] Bytes =
    [
        Register.AL, Register.CL, Register.DL, Register.BL, Register.SPL, Register.BPL, Register.SIL, Register.DIL,
        Register.R8L, Register.R9L, Register.R10L, Register.R11L, Register.R12L, Register.R13L, Register.R14L, Register.R15L,
    ];

    // All bases with no, byte and long displacements; some with all indexes and scales.
    private static readonly Mem[] Memories =
    [
        .. All.SelectMany(basis => ((int[])[0, 1, 127, -128, 128, -129, int.MaxValue, int.MinValue]).Select(displacement => new Mem(basis, displacement))),
        .. All.Where(index => index != Host.Rsp).SelectMany(index => ((Host[])[Host.Rax, Host.Rsp, Host.Rbp, Host.R12, Host.R13])
            .SelectMany(basis => ((int[])[0, 8, -4096]).Select((displacement, scale) => new Mem(basis, displacement, index, scale + ((int)index & 1))))),
    ];

    private static readonly int[] Immediates = [0, 1, 127, -128, 128, -129, int.MaxValue, int.MinValue];

    private readonly NativeMemoryBlock _memory = new(1 << 16);

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Moves_between_registers(bool wide)
    {
        foreach ((Host a, Host b) in Pairs())
        {
            if (a != b || !wide)
            {
                Check(x => x.Move(a, b, wide), Mnemonic.Mov, Wide(a, wide), Wide(b, wide));
            }

            Check(x => x.ZeroExtend8(a, b), Mnemonic.Movzx, Wide(a, false), Bytes[(int)b]);
            Check(x => x.ZeroExtend16(a, b), Mnemonic.Movzx, Wide(a, false), Register.AX + (int)b);
            Check(x => x.SignExtend8(a, b), Mnemonic.Movsx, Wide(a, true), Bytes[(int)b]);
            Check(x => x.SignExtend16(a, b), Mnemonic.Movsx, Wide(a, true), Register.AX + (int)b);
            Check(x => x.SignExtend32(a, b), Mnemonic.Movsxd, Wide(a, true), Wide(b, false));
        }
    }

    [Fact]
    public void A_wide_move_to_itself_is_nothing()
    {
        Assert.Empty(Assemble(x => x.Move(Host.R9, Host.R9)));
    }

    [Fact]
    public void Loads_and_stores()
    {
        foreach ((Host r, Mem m) in All.SelectMany(r => Memories.Select(m => (r, m))))
        {
            Check(x => x.Load(r, m), Mnemonic.Mov, Wide(r, true), (m, 8));
            Check(x => x.Load(r, m, wide: false), Mnemonic.Mov, Wide(r, false), (m, 4));
            Check(x => x.Store(m, r), Mnemonic.Mov, (m, 8), Wide(r, true));
            Check(x => x.Store(m, r, wide: false), Mnemonic.Mov, (m, 4), Wide(r, false));
            Check(x => x.Store16(m, r), Mnemonic.Mov, (m, 2), Register.AX + (int)r);
            Check(x => x.Store8(m, r), Mnemonic.Mov, (m, 1), Bytes[(int)r]);
            Check(x => x.LoadZero8(r, m), Mnemonic.Movzx, Wide(r, false), (m, 1));
            Check(x => x.LoadZero16(r, m), Mnemonic.Movzx, Wide(r, false), (m, 2));
            Check(x => x.LoadSign8(r, m), Mnemonic.Movsx, Wide(r, true), (m, 1));
            Check(x => x.LoadSign16(r, m), Mnemonic.Movsx, Wide(r, true), (m, 2));
            Check(x => x.LoadSign32(r, m), Mnemonic.Movsxd, Wide(r, true), (m, 4));
            Check(x => x.Lea(r, m), Mnemonic.Lea, Wide(r, true), (m, 0));
            Check(x => x.Lea(r, m, wide: false), Mnemonic.Lea, Wide(r, false), (m, 0));
            Check(x => x.Exchange(m, r, wide: true), Mnemonic.Xchg, (m, 8), Wide(r, true));
            Check(x => x.Exchange(m, r, wide: false), Mnemonic.Xchg, (m, 4), Wide(r, false));
            Check(x => x.LockedExchangeAdd(m, r, wide: true), Mnemonic.Xadd, (m, 8), Wide(r, true), "lock");
            Check(x => x.LockedExchangeAdd(m, r, wide: false), Mnemonic.Xadd, (m, 4), Wide(r, false), "lock");
            Check(x => x.LockedCompareExchange(m, r, wide: true), Mnemonic.Cmpxchg, (m, 8), Wide(r, true), "lock");
            Check(x => x.LockedCompareExchange(m, r, wide: false), Mnemonic.Cmpxchg, (m, 4), Wide(r, false), "lock");
        }

        foreach ((Mem m, int value) in Memories.SelectMany(m => Immediates.Select(value => (m, value))))
        {
            Check(x => x.StoreImmediate(m, value), Mnemonic.Mov, (m, 8), value);
            Check(x => x.StoreImmediate(m, value, wide: false), Mnemonic.Mov, (m, 4), value);
        }

        foreach (Mem m in Memories)
        {
            Check(x => x.LoadMxcsr(m), Mnemonic.Ldmxcsr, (m, 4));
            Check(x => x.StoreMxcsr(m), Mnemonic.Stmxcsr, (m, 4));
            Check(x => x.JumpThrough(m), Mnemonic.Jmp, (m, 8));
        }
    }

    [Fact]
    public void Constants()
    {
        long[] values = [0, 1, -1, int.MaxValue, int.MinValue, uint.MaxValue, 1L + uint.MaxValue, int.MinValue - 1L, long.MaxValue, long.MinValue, 0x0123_4567_89AB_CDEF];
        foreach ((Host r, long value) in All.SelectMany(r => values.Select(value => (r, value))))
        {
            Instruction instruction = Decode(Assemble(x => x.MoveConstant(r, value)));
            Assert.Equal(Mnemonic.Mov, instruction.Mnemonic);
            bool wide = instruction.Op0Register == Wide(r, true);
            Assert.Equal(Wide(r, wide), instruction.Op0Register);
            Assert.Equal(value, wide ? (long)instruction.GetImmediate(1) : (uint)instruction.GetImmediate(1));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Arithmetic(bool wide)
    {
        foreach (Alu op in Enum.GetValues<Alu>())
        {
            Mnemonic mnemonic = Enum.Parse<Mnemonic>(op.ToString());
            foreach ((Host a, Host b) in Pairs())
            {
                Check(x => x.Op(op, a, b, wide), mnemonic, Wide(a, wide), Wide(b, wide));
            }

            foreach (Host r in All)
            {
                foreach (Mem m in Memories)
                {
                    Check(x => x.Op(op, r, m, wide), mnemonic, Wide(r, wide), (m, wide ? 8 : 4));
                    Check(x => x.Op(op, m, r, wide), mnemonic, (m, wide ? 8 : 4), Wide(r, wide));
                }

                foreach (int value in Immediates)
                {
                    Check(x => x.Op(op, r, value, wide), mnemonic, Wide(r, wide), value);
                }
            }

            foreach ((Mem m, int value) in Memories.SelectMany(m => Immediates.Select(value => (m, value))))
            {
                Check(x => x.Op(op, m, value, wide), mnemonic, (m, wide ? 8 : 4), value);
            }
        }

        foreach ((Host a, Host b) in Pairs())
        {
            Check(x => x.Test(a, b, wide), Mnemonic.Test, Wide(a, wide), Wide(b, wide));
            Check(x => x.Multiply(a, b, wide), Mnemonic.Imul, Wide(a, wide), Wide(b, wide));
            Check(x => x.CountLeadingZeros(a, b, wide), Mnemonic.Lzcnt, Wide(a, wide), Wide(b, wide));
            Check(x => x.CountTrailingZeros(a, b, wide), Mnemonic.Tzcnt, Wide(a, wide), Wide(b, wide));
            Check(x => x.CountOnes(a, b, wide), Mnemonic.Popcnt, Wide(a, wide), Wide(b, wide));
        }

        foreach (Host r in All)
        {
            Check(x => x.Not(r, wide), Mnemonic.Not, Wide(r, wide));
            Check(x => x.Negate(r, wide), Mnemonic.Neg, Wide(r, wide));
            Check(x => x.Divide(r, wide), Mnemonic.Div, Wide(r, wide));
            Check(x => x.DivideSigned(r, wide), Mnemonic.Idiv, Wide(r, wide));
            Check(x => x.ReverseBytes(r, wide), Mnemonic.Bswap, Wide(r, wide));
            foreach (Shift shift in Enum.GetValues<Shift>())
            {
                Mnemonic mnemonic = shift switch
                {
                    Shift.RotateLeft => Mnemonic.Rol,
                    Shift.RotateRight => Mnemonic.Ror,
                    Shift.Left => Mnemonic.Shl,
                    Shift.Right => Mnemonic.Shr,
                    _ => Mnemonic.Sar,
                };
                Check(x => x.ShiftBy(shift, r, 5, wide), mnemonic, Wide(r, wide), 5);
                Check(x => x.ShiftByCl(shift, r, wide), mnemonic, Wide(r, wide), Register.CL);
            }
        }

        Check(x => x.SignIntoRdx(wide), wide ? Mnemonic.Cqo : Mnemonic.Cdq);
    }

    [Fact]
    public void Wide_multiplication()
    {
        foreach (Host r in All)
        {
            Check(x => x.MultiplyWide(r), Mnemonic.Mul, Wide(r, true));
            Check(x => x.MultiplyWideSigned(r), Mnemonic.Imul, Wide(r, true));
        }
    }

    [Fact]
    public void Conditions()
    {
        foreach ((Condition condition, string suffix) in Suffixes)
        {
            foreach (Host r in All)
            {
                Check(x => x.SetIf(condition, r), Enum.Parse<Mnemonic>("Set" + suffix), Bytes[(int)r]);
            }

            foreach ((Host a, Host b) in Pairs())
            {
                Check(x => x.MoveIf(condition, a, b), Enum.Parse<Mnemonic>("Cmov" + suffix), Wide(a, true), Wide(b, true));
            }

            byte* target = _memory.Pointer + 0x1234;
            Check(x => x.JumpIf(condition, target), Enum.Parse<Mnemonic>("J" + suffix), (nint)target);
        }
    }

    [Fact]
    public void Transfers()
    {
        byte* target = _memory.Pointer + 0x8765;
        Check(x => x.Jump(target), Mnemonic.Jmp, (nint)target);
        Check(x => x.Call(target), Mnemonic.Call, (nint)target);
        Check(x => x.Return(), Mnemonic.Ret);
        Instruction through = Decode(Assemble(x => x.JumpThrough((void*)target)));
        Assert.Equal((Mnemonic.Jmp, Register.RIP, (ulong)target), (through.Mnemonic, through.MemoryBase, through.IPRelativeMemoryAddress));
        Instruction increment = Decode(Assemble(x => x.Increment((int*)target)));
        Assert.Equal((Mnemonic.Inc, Register.RIP, (ulong)target, 4), (increment.Mnemonic, increment.MemoryBase, increment.IPRelativeMemoryAddress, increment.MemorySize.GetSize()));
        Check(x => x.FullFence(), Mnemonic.Or, (new Mem(Host.Rsp, -8), 4), 0, "lock");
        foreach (Host r in All)
        {
            Check(x => x.JumpTo(r), Mnemonic.Jmp, Wide(r, true));
            Check(x => x.CallTo(r), Mnemonic.Call, Wide(r, true));
            Check(x => x.Push(r), Mnemonic.Push, Wide(r, true));
            Check(x => x.Pop(r), Mnemonic.Pop, Wide(r, true));
        }
    }

    [Fact]
    public void Labels_lead_forwards_and_backwards()
    {
        Label back = new();
        Label ahead = new();
        byte[] code = Assemble(x =>
        {
            x.Jump(ahead);
            x.Mark(back);
            x.JumpIf(Condition.Equal, ahead);
            x.Return();
            x.Mark(ahead);
            x.JumpIf(Condition.NotEqual, back);
            x.Jump(back);
        });
        Decoder decoder = Decoder.Create(64, code, (ulong)_memory.Pointer);
        Instruction[] instructions = [.. Enumerable.Range(0, 5).Select(_ => decoder.Decode())];
        Assert.Equal((ulong)code.Length, decoder.IP - (ulong)_memory.Pointer);
        Assert.Equal(instructions[3].IP, instructions[0].NearBranch64);
        Assert.Equal(instructions[3].IP, instructions[1].NearBranch64);
        Assert.Equal(instructions[1].IP, instructions[3].NearBranch64);
        Assert.Equal(instructions[1].IP, instructions[4].NearBranch64);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Floating_point(bool single)
    {
        (int Code, string Name)[] operations = [(0x58, "Add"), (0x59, "Mul"), (0x5C, "Sub"), (0x5E, "Div"), (0x51, "Sqrt"), (0x10, "Mov")];
        string suffix = single ? "ss" : "sd";
        int size = single ? 4 : 8;
        foreach (int a in (int[])[0, 1, 7, 8, 15])
        {
            Register xmm = Register.XMM0 + a;
            foreach ((int code, string name) in operations)
            {
                Mnemonic mnemonic = Enum.Parse<Mnemonic>(name + suffix);
                Array.ForEach(Memories, m => Check(x => x.Scalar(code, a, m, single), mnemonic, xmm, (m, size)));
                if (code != 0x10)
                {
                    Check(x => x.Scalar(code, a, 9, single), mnemonic, xmm, Register.XMM9);
                }
            }

            Array.ForEach(Memories, m => Check(x => x.Scalar(0x11, a, m, single), Enum.Parse<Mnemonic>("Mov" + suffix), (m, size), xmm));
            Array.ForEach(Memories, m => Check(x => x.Scalar(0x5A, a, m, single), single ? Mnemonic.Cvtss2sd : Mnemonic.Cvtsd2ss, xmm, (m, size)));
            foreach (int b in (int[])[0, 1, 7, 8, 15])
            {
                Register other = Register.XMM0 + b;
                Check(x => x.Compare(a, b, single), single ? Mnemonic.Ucomiss : Mnemonic.Ucomisd, xmm, other);
                Check(x => x.Packed(PackedOp.UnpackLow, a, b), Mnemonic.Punpcklqdq, xmm, other);
                Check(x => x.Packed(PackedOp.UnpackHigh, a, b), Mnemonic.Punpckhqdq, xmm, other);
                Check(x => x.Packed(PackedOp.Xor, a, b), Mnemonic.Pxor, xmm, other);
                Check(x => x.Aes(AesOp.Encrypt, a, b), Mnemonic.Aesenc, xmm, other);
                Check(x => x.Aes(AesOp.EncryptLast, a, b), Mnemonic.Aesenclast, xmm, other);
                Check(x => x.Aes(AesOp.Decrypt, a, b), Mnemonic.Aesdec, xmm, other);
                Check(x => x.Aes(AesOp.DecryptLast, a, b), Mnemonic.Aesdeclast, xmm, other);
            }

            foreach (Host r in All)
            {
                foreach (bool wide in (bool[])[true, false])
                {
                    Check(x => x.Scalar(0x2A, a, (int)r, single, wide), Enum.Parse<Mnemonic>("Cvtsi2" + suffix), xmm, Wide(r, wide));
                    Check(x => x.Scalar(0x2D, (int)r, a, single, wide), Enum.Parse<Mnemonic>($"Cvt{suffix}2si"), Wide(r, wide), xmm);
                    Check(x => x.Scalar(0x2C, (int)r, a, single, wide), Enum.Parse<Mnemonic>($"Cvtt{suffix}2si"), Wide(r, wide), xmm);
                    Check(x => x.MoveToXmm(a, r, wide), wide ? Mnemonic.Movq : Mnemonic.Movd, xmm, Wide(r, wide));
                }

                Check(x => x.MoveFromXmm(r, a), Mnemonic.Movq, Wide(r, true), xmm);
            }
        }

        foreach ((int code, string name) in ((int, string)[])[(0xA9, "Vfmadd213"), (0xAB, "Vfmsub213"), (0xAD, "Vfnmadd213"), (0xAF, "Vfnmsub213")])
        {
            Check(x => x.Fused213(code, single), Enum.Parse<Mnemonic>(name + suffix), Register.XMM0, Register.XMM1, Register.XMM2);
        }
    }

    private static readonly (Condition, string)[] Suffixes =
    [
        (Condition.Overflow, "o"), (Condition.NoOverflow, "no"), (Condition.Below, "b"), (Condition.AboveOrEqual, "ae"), (Condition.Equal, "e"), (Condition.NotEqual, "ne"),
        (Condition.BelowOrEqual, "be"), (Condition.Above, "a"), (Condition.Sign, "s"), (Condition.NoSign, "ns"), (Condition.Parity, "p"), (Condition.NoParity, "np"),
        (Condition.Less, "l"), (Condition.GreaterOrEqual, "ge"), (Condition.LessOrEqual, "le"), (Condition.Greater, "g"),
    ];

    private static IEnumerable<(Host, Host)> Pairs() => All.SelectMany(a => All.Select(b => (a, b)));

    private static Register Wide(Host register, bool wide) => (wide ? Register.RAX : Register.EAX) + (int)register;

    private byte[] Assemble(Action<Assembler> emit)
    {
        Assembler assembler = new() { Position = _memory.Pointer };
        emit(assembler);
        return new ReadOnlySpan<byte>(_memory.Pointer, (int)(assembler.Position - _memory.Pointer)).ToArray();
    }

    // The one instruction that the bytes are.
    private Instruction Decode(byte[] code)
    {
        Decoder decoder = Decoder.Create(64, code, (ulong)_memory.Pointer);
        Instruction instruction = decoder.Decode();
        Assert.False(instruction.IsInvalid, Convert.ToHexString(code));
        Assert.Equal(code.Length, instruction.Length);
        return instruction;
    }

    // Operands: a register, memory with its size (0: none), an immediate, a branch's target; "lock" at the end for a prefix.
    private void Check(Action<Assembler> emit, Mnemonic mnemonic, params object[] operands)
    {
        byte[] code = Assemble(emit);
        Instruction instruction = Decode(code);
        bool locked = operands.LastOrDefault() is string;
        object[] expected = locked ? operands[..^1] : operands;
        string what = $"{Convert.ToHexString(code)}: {instruction}, expected {mnemonic} {string.Join(", ", operands)}";
        Assert.True(instruction.Mnemonic == mnemonic && instruction.HasLockPrefix == locked && instruction.OpCount == expected.Length, what);
        for (int i = 0; i < expected.Length; i++)
        {
            bool same = expected[i] switch
            {
                Register register => instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i) == register,
                int immediate => (int)instruction.GetImmediate(i) == immediate,
                nint target => instruction.NearBranch64 == (ulong)target,
                (Mem memory, int size) => instruction.GetOpKind(i) == OpKind.Memory
                    && instruction.MemoryBase == Wide(memory.Base, true)
                    && instruction.MemoryIndex == (memory.Index is Host index ? Wide(index, true) : Register.None)
                    && instruction.MemoryIndexScale == 1 << memory.Scale
                    && (int)instruction.MemoryDisplacement64 == memory.Displacement
                    && instruction.MemorySize.GetSize() == size,
                _ => false,
            };
            Assert.True(same, what);
        }
    }
}
