namespace CoveJit.Translator.X64.Assembly;

/// <summary>
/// Writes x86-64 instructions into a buffer, straight as bytes. Only what the translator needs; every form is tested against an independent
/// disassembler.
/// </summary>
internal sealed unsafe class Assembler
{
    private byte* _at;

    /// <summary>Where the next byte goes. The caller has made sure that there is room.</summary>
    public byte* Position
    {
        get => _at;
        set => _at = value;
    }

    /// <summary>Where the displacements of what is emitted are noted, or null. Those to labels ahead are not: they do not leave what is emitted.</summary>
    public List<Fixup>? Fixups { get; set; }

    // --- moves ---

    public void Move(Register destination, Register source, bool wide = true)
    {
        if (destination != source || !wide)
        {
            Encode(0x8B, (int)destination, (int)source, wide);
        }
    }

    public void Load(Register destination, Mem source, bool wide = true) => Encode(0x8B, (int)destination, source, wide);

    public void Store(Mem destination, Register source, bool wide = true) => Encode(0x89, (int)source, destination, wide);

    public void LoadZero8(Register destination, Mem source) => Encode(0x0FB6, (int)destination, source, wide: false);

    public void LoadZero16(Register destination, Mem source) => Encode(0x0FB7, (int)destination, source, wide: false);

    public void LoadSign8(Register destination, Mem source) => Encode(0x0FBE, (int)destination, source, wide: true);

    public void LoadSign16(Register destination, Mem source) => Encode(0x0FBF, (int)destination, source, wide: true);

    public void LoadSign32(Register destination, Mem source) => Encode(0x63, (int)destination, source, wide: true);

    public void Store8(Mem destination, Register source) => Encode(0x88, (int)source, destination, wide: false, byteRegister: true);

    public void Store16(Mem destination, Register source)
    {
        Byte(0x66);
        Encode(0x89, (int)source, destination, wide: false);
    }

    public void StoreImmediate(Mem destination, int value, bool wide = true)
    {
        Encode(0xC7, 0, destination, wide);
        Int32(value);
    }

    public void ZeroExtend8(Register destination, Register source) => Encode(0x0FB6, (int)destination, (int)source, wide: false, byteRegister: true);

    public void ZeroExtend16(Register destination, Register source) => Encode(0x0FB7, (int)destination, (int)source, wide: false);

    public void SignExtend8(Register destination, Register source) => Encode(0x0FBE, (int)destination, (int)source, wide: true, byteRegister: true);

    public void SignExtend16(Register destination, Register source) => Encode(0x0FBF, (int)destination, (int)source, wide: true);

    public void SignExtend32(Register destination, Register source) => Encode(0x63, (int)destination, (int)source, wide: true);

    /// <summary>The shortest way to a 64-bit constant; leaves the flags alone.</summary>
    public void MoveConstant(Register destination, long value)
    {
        if (value is >= 0 and <= uint.MaxValue)
        {
            Rex(0, 0, (int)destination, wide: false);
            Byte((byte)(0xB8 | ((int)destination & 7)));
            Int32((int)value);
        }
        else if (value == (int)value)
        {
            Encode(0xC7, 0, (int)destination, wide: true);
            Int32((int)value);
        }
        else
        {
            Rex(0, 0, (int)destination, wide: true);
            Byte((byte)(0xB8 | ((int)destination & 7)));
            *(long*)_at = value;
            _at += 8;
        }
    }

    /// <summary>The address of something within 2 GiB.</summary>
    public void LeaOf(Register destination, void* target)
    {
        Rex((int)destination, 0, 0, wide: true);
        Byte(0x8D);
        Byte((byte)((((int)destination & 7) << 3) | 5));
        Relative((byte*)target);
    }

    public void Lea(Register destination, Mem source, bool wide = true) => Encode(0x8D, (int)destination, source, wide);

    // --- arithmetic ---

    public void Op(Alu op, Register destination, Register source, bool wide = true) => Encode(((int)op << 3) | 3, (int)destination, (int)source, wide);

    public void Op(Alu op, Register destination, Mem source, bool wide = true) => Encode(((int)op << 3) | 3, (int)destination, source, wide);

    public void Op(Alu op, Mem destination, Register source, bool wide = true) => Encode(((int)op << 3) | 1, (int)source, destination, wide);

    public void Op(Alu op, Register destination, int value, bool wide = true)
    {
        bool small = value == (sbyte)value;
        Encode(small ? 0x83 : 0x81, (int)op, (int)destination, wide);
        Immediate(value, small);
    }

    public void Op(Alu op, Mem destination, int value, bool wide = true)
    {
        bool small = value == (sbyte)value;
        Encode(small ? 0x83 : 0x81, (int)op, destination, wide);
        Immediate(value, small);
    }

    /// <summary>Increments a 32-bit cell within 2 GiB.</summary>
    public void Increment(int* cell)
    {
        Byte(0xFF);
        Byte(0x05);
        Relative((byte*)cell);
    }

    public void Test(Register a, Register b, bool wide = true) => Encode(0x85, (int)b, (int)a, wide);

    public void Not(Register register, bool wide = true) => Encode(0xF7, 2, (int)register, wide);

    public void Negate(Register register, bool wide = true) => Encode(0xF7, 3, (int)register, wide);

    /// <summary>rdx:rax = rax x source, unsigned.</summary>
    public void MultiplyWide(Register source) => Encode(0xF7, 4, (int)source, wide: true);

    /// <summary>rdx:rax = rax x source, signed.</summary>
    public void MultiplyWideSigned(Register source) => Encode(0xF7, 5, (int)source, wide: true);

    /// <summary>rax, rdx = rdx:rax / source, unsigned.</summary>
    public void Divide(Register source, bool wide) => Encode(0xF7, 6, (int)source, wide);

    /// <summary>rax, rdx = rdx:rax / source, signed.</summary>
    public void DivideSigned(Register source, bool wide) => Encode(0xF7, 7, (int)source, wide);

    /// <summary>Sign-extends rax into rdx.</summary>
    public void SignIntoRdx(bool wide)
    {
        if (wide)
        {
            Byte(0x48);
        }

        Byte(0x99);
    }

    public void Multiply(Register destination, Register source, bool wide = true) => Encode(0x0FAF, (int)destination, (int)source, wide);

    public void ShiftBy(Shift shift, Register register, int count, bool wide = true)
    {
        Encode(0xC1, (int)shift, (int)register, wide);
        Byte((byte)count);
    }

    /// <summary>Shifts by cl.</summary>
    public void ShiftByCl(Shift shift, Register register, bool wide = true) => Encode(0xD3, (int)shift, (int)register, wide);

    public void SetIf(Condition condition, Register register) => Encode(0x0F90 | (int)condition, 0, (int)register, wide: false, byteRegister: true);

    public void MoveIf(Condition condition, Register destination, Register source) => Encode(0x0F40 | (int)condition, (int)destination, (int)source, wide: true);

    public void CountLeadingZeros(Register destination, Register source, bool wide) => Prefixed(0xF3, 0x0FBD, (int)destination, (int)source, wide);

    public void CountTrailingZeros(Register destination, Register source, bool wide) => Prefixed(0xF3, 0x0FBC, (int)destination, (int)source, wide);

    public void CountOnes(Register destination, Register source, bool wide) => Prefixed(0xF3, 0x0FB8, (int)destination, (int)source, wide);

    public void ReverseBytes(Register register, bool wide)
    {
        Rex(0, 0, (int)register, wide);
        Byte(0x0F);
        Byte((byte)(0xC8 | ((int)register & 7)));
    }

    // --- atomics ---

    /// <summary>Atomically exchanges a register with memory.</summary>
    public void Exchange(Mem memory, Register register, bool wide) => Encode(0x87, (int)register, memory, wide);

    /// <summary>Atomically adds a register to memory; the register receives the old value.</summary>
    public void LockedExchangeAdd(Mem memory, Register register, bool wide)
    {
        Byte(0xF0);
        Encode(0x0FC1, (int)register, memory, wide);
    }

    /// <summary>Atomically: if memory equals rax it becomes the register, else rax becomes memory; ZF tells.</summary>
    public void LockedCompareExchange(Mem memory, Register register, bool wide)
    {
        Byte(0xF0);
        Encode(0x0FB1, (int)register, memory, wide);
    }

    /// <summary>A full fence: cheaper than MFENCE.</summary>
    public void FullFence()
    {
        // lock or dword [rsp - 8], 0
        Byte(0xF0);
        Byte(0x83);
        Byte(0x4C);
        Byte(0x24);
        Byte(0xF8);
        Byte(0);
    }

    // --- control ---

    public void Jump(byte* target)
    {
        Byte(0xE9);
        Relative(target);
    }

    public void JumpIf(Condition condition, byte* target)
    {
        Byte(0x0F);
        Byte((byte)(0x80 | (int)condition));
        Relative(target);
    }

    public void Jump(Label label)
    {
        Byte(0xE9);
        Reference(label);
    }

    public void JumpIf(Condition condition, Label label)
    {
        Byte(0x0F);
        Byte((byte)(0x80 | (int)condition));
        Reference(label);
    }

    /// <summary>Jumps to the address in a cell within 2 GiB.</summary>
    public void JumpThrough(void* cell)
    {
        Byte(0xFF);
        Byte(0x25);
        Relative((byte*)cell);
    }

    public void JumpThrough(Mem cell) => Encode(0xFF, 4, cell, wide: false);

    public void JumpTo(Register target) => Encode(0xFF, 4, (int)target, wide: false);

    public void Call(byte* target)
    {
        Byte(0xE8);
        Relative(target);
    }

    public void CallTo(Register target) => Encode(0xFF, 2, (int)target, wide: false);

    public void Return() => Byte(0xC3);

    public void Push(Register register)
    {
        Rex(0, 0, (int)register, wide: false);
        Byte((byte)(0x50 | ((int)register & 7)));
    }

    public void Pop(Register register)
    {
        Rex(0, 0, (int)register, wide: false);
        Byte((byte)(0x58 | ((int)register & 7)));
    }

    /// <summary>Gives a label its place; references made before are completed.</summary>
    public void Mark(Label label)
    {
        label.Target = (nint)_at;
        nint reference = label.LastReference;
        while (reference != 0)
        {
            int back = *(int*)reference;
            *(int*)reference = (int)((nint)_at - (reference + 4));
            reference = back == 0 ? 0 : reference - back;
        }

        label.LastReference = 0;
    }

    // --- SSE ---

    /// <summary>A scalar operation on xmm registers or memory: single (F3) or double (F2).</summary>
    public void Scalar(int opcode, int xmm, Mem source, bool single) => Prefixed(single ? 0xF3 : 0xF2, 0x0F00 | opcode, xmm, source, wide: false);

    public void Scalar(int opcode, int xmm, int source, bool single, bool wide = false) => Prefixed(single ? 0xF3 : 0xF2, 0x0F00 | opcode, xmm, source, wide);

    /// <summary>UCOMISS or UCOMISD.</summary>
    public void Compare(int xmm, int other, bool single)
    {
        if (!single)
        {
            Byte(0x66);
        }

        Encode(0x0F2E, xmm, other, wide: false);
    }

    /// <summary>MOVQ/MOVD from a general register.</summary>
    public void MoveToXmm(int xmm, Register source, bool wide)
    {
        Byte(0x66);
        Encode(0x0F6E, xmm, (int)source, wide);
    }

    /// <summary>MOVQ to a general register.</summary>
    public void MoveFromXmm(Register destination, int xmm)
    {
        Byte(0x66);
        Encode(0x0F7E, xmm, (int)destination, wide: true);
    }

    /// <summary>An operation on two whole xmm registers.</summary>
    public void Packed(PackedOp op, int xmm, int source) => Prefixed(0x66, 0x0F00 | (int)op, xmm, source, wide: false);

    /// <summary>AESENC, AESENCLAST, AESDEC or AESDECLAST; the round key is the source.</summary>
    public void Aes(AesOp op, int xmm, int source) => Prefixed(0x66, 0x0F3800 | (int)op, xmm, source, wide: false);

    /// <summary>PCLMULQDQ of the low halves.</summary>
    public void CarrylessMultiply(int xmm, int source)
    {
        Prefixed(0x66, 0x0F3A44, xmm, source, wide: false);
        Byte(0);
    }

    /// <summary>VFMADD213SS/SD and its negated relatives: xmm0 = +-(xmm0 x xmm1) +- xmm2.</summary>
    /// <param name="opcode">A9 (madd), AB (msub), AD (nmadd), AF (nmsub).</param>
    /// <param name="single">Whether single precision.</param>
    public void Fused213(int opcode, bool single)
    {
        Byte(0xC4);
        Byte(0xE2);
        Byte((byte)((single ? 0 : 0x80) | 0x71));
        Byte((byte)opcode);
        Byte(0xC2);
    }

    public void LoadMxcsr(Mem source) => Encode(0x0FAE, 2, source, wide: false);

    public void StoreMxcsr(Mem destination) => Encode(0x0FAE, 3, destination, wide: false);

    // --- encoding ---

    private void Prefixed(int prefix, int opcode, int reg, int rm, bool wide)
    {
        Byte((byte)prefix);
        Encode(opcode, reg, rm, wide);
    }

    private void Prefixed(int prefix, int opcode, int reg, Mem rm, bool wide)
    {
        Byte((byte)prefix);
        Encode(opcode, reg, rm, wide);
    }

    private void Encode(int opcode, int reg, int rm, bool wide, bool byteRegister = false)
    {
        bool force = byteRegister && (reg >= 4 || rm >= 4); // spl, bpl, sil, dil
        Rex(reg, 0, rm, wide, force);
        Opcode(opcode);
        Byte((byte)(0xC0 | ((reg & 7) << 3) | (rm & 7)));
    }

    private void Encode(int opcode, int reg, Mem memory, bool wide, bool byteRegister = false)
    {
        int index = memory.Index is Register register ? (int)register : 4;
        int basis = (int)memory.Base;
        Rex(reg, memory.Index is null ? 0 : index, basis, wide, byteRegister && reg >= 4);
        Opcode(opcode);
        bool sib = memory.Index is not null || (basis & 7) == 4;
        bool none = memory.Displacement == 0 && (basis & 7) != 5;
        bool small = memory.Displacement == (sbyte)memory.Displacement;
        int mode = none ? 0 : small ? 0x40 : 0x80;
        Byte((byte)(mode | ((reg & 7) << 3) | (sib ? 4 : basis & 7)));
        if (sib)
        {
            Byte((byte)((memory.Scale << 6) | ((index & 7) << 3) | (basis & 7)));
        }

        if (!none)
        {
            Immediate(memory.Displacement, small);
        }
    }

    private void Rex(int reg, int index, int rm, bool wide, bool force = false)
    {
        int rex = (wide ? 8 : 0) | ((reg >> 3) << 2) | ((index >> 3) << 1) | (rm >> 3);
        if (rex != 0 || force)
        {
            Byte((byte)(0x40 | rex));
        }
    }

    private void Opcode(int opcode)
    {
        if (opcode > 0xFFFF)
        {
            Byte((byte)(opcode >> 16));
        }

        if (opcode > 0xFF)
        {
            Byte((byte)(opcode >> 8));
        }

        Byte((byte)opcode);
    }

    private void Immediate(int value, bool small)
    {
        if (small)
        {
            Byte((byte)value);
        }
        else
        {
            Int32(value);
        }
    }

    private void Reference(Label label)
    {
        if (label.Target != 0)
        {
            Relative((byte*)label.Target);
            return;
        }

        // Until the label has its place, each reference holds the distance to the one before it.
        nint last = label.LastReference;
        label.LastReference = (nint)_at;
        Int32(last == 0 ? 0 : (int)((nint)_at - last));
    }

    private void Relative(byte* target)
    {
        Fixups?.Add(new Fixup((nint)_at, (nint)target));
        Int32((int)(target - (_at + 4)));
    }

    private void Byte(byte value) => *_at++ = value;

    private void Int32(int value)
    {
        *(int*)_at = value;
        _at += 4;
    }
}
