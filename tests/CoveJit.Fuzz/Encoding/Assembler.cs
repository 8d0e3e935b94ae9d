using System.Buffers.Binary;

namespace CoveJit.Fuzz.Encoding;

/// <summary>A tiny two-pass assembler for the fixed harness code: straight methods per mnemonic and named labels.</summary>
public sealed class Assembler(ulong origin)
{
    private readonly List<uint> _words = [];
    private readonly Dictionary<string, ulong> _labels = [];
    private readonly List<(int Index, string Label, FixupKind Kind)> _fixups = [];

    public ulong Here => origin + ((ulong)_words.Count * 4);

    public ulong AddressOf(string label) => _labels[label];

    public void Label(string name) => _labels.Add(name, Here);

    public void Word(uint word) => _words.Add(word);

    public void Addi(int rd, int rs1, int immediate) => Word(Formats.I(0x13, 0, rd, rs1, immediate));

    public void Andi(int rd, int rs1, int immediate) => Word(Formats.I(0x13, 7, rd, rs1, immediate));

    public void Slli(int rd, int rs1, int shift) => Word(Formats.I(0x13, 1, rd, rs1, shift));

    public void Srli(int rd, int rs1, int shift) => Word(Formats.I(0x13, 5, rd, rs1, shift));

    public void Add(int rd, int rs1, int rs2) => Word(Formats.R(0x33, 0, 0, rd, rs1, rs2));

    public void Xor(int rd, int rs1, int rs2) => Word(Formats.R(0x33, 4, 0, rd, rs1, rs2));

    public void And(int rd, int rs1, int rs2) => Word(Formats.R(0x33, 7, 0, rd, rs1, rs2));

    public void Or(int rd, int rs1, int rs2) => Word(Formats.R(0x33, 6, 0, rd, rs1, rs2));

    public void Mul(int rd, int rs1, int rs2) => Word(Formats.R(0x33, 0, 1, rd, rs1, rs2));

    public void Mv(int rd, int rs1) => Addi(rd, rs1, 0);

    public void Ld(int rd, int rs1, int offset) => Word(Formats.I(0x03, 3, rd, rs1, offset));

    public void Lhu(int rd, int rs1, int offset) => Word(Formats.I(0x03, 5, rd, rs1, offset));

    public void Lbu(int rd, int rs1, int offset) => Word(Formats.I(0x03, 4, rd, rs1, offset));

    public void Fld(int rd, int rs1, int offset) => Word(Formats.I(0x07, 3, rd, rs1, offset));

    public void Sb(int rs2, int rs1, int offset) => Word(Formats.S(0x23, 0, rs1, rs2, offset));

    public void Sw(int rs2, int rs1, int offset) => Word(Formats.S(0x23, 2, rs1, rs2, offset));

    public void Sd(int rs2, int rs1, int offset) => Word(Formats.S(0x23, 3, rs1, rs2, offset));

    public void Fsd(int rs2, int rs1, int offset) => Word(Formats.S(0x27, 3, rs1, rs2, offset));

    public void Csrr(int rd, int csr) => Word(Formats.I(0x73, 2, rd, 0, csr));

    public void Csrw(int csr, int rs1) => Word(Formats.I(0x73, 1, 0, rs1, csr));

    public void Csrs(int csr, int rs1) => Word(Formats.I(0x73, 2, 0, rs1, csr));

    public void Csrc(int csr, int rs1) => Word(Formats.I(0x73, 3, 0, rs1, csr));

    public void Beq(int rs1, int rs2, string target) => Branch(0, rs1, rs2, target);

    public void Bne(int rs1, int rs2, string target) => Branch(1, rs1, rs2, target);

    public void Blt(int rs1, int rs2, string target) => Branch(4, rs1, rs2, target);

    public void Bge(int rs1, int rs2, string target) => Branch(5, rs1, rs2, target);

    public void Bltu(int rs1, int rs2, string target) => Branch(6, rs1, rs2, target);

    public void Bgeu(int rs1, int rs2, string target) => Branch(7, rs1, rs2, target);

    public void J(string target) => Jal(0, target);

    public void Jal(int rd, string target)
    {
        _fixups.Add((_words.Count, target, FixupKind.Jump));
        Word(Formats.J(rd, 0));
    }

    public void Ret() => Word(Formats.I(0x67, 0, 0, Registers.Ra, 0));

    public void Li(int rd, ulong value)
    {
        foreach (uint word in LoadImmediate(rd, (long)value))
        {
            Word(word);
        }
    }

    public byte[] Finish()
    {
        foreach ((int index, string label, FixupKind kind) in _fixups)
        {
            int offset = (int)((long)_labels[label] - (long)(origin + ((ulong)index * 4)));
            _words[index] |= kind == FixupKind.Branch ? Formats.BranchOffset(offset) : Formats.JumpOffset(offset);
        }

        byte[] bytes = new byte[_words.Count * 4];
        for (int i = 0; i < _words.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), _words[i]);
        }

        return bytes;
    }

    /// <summary>The usual lui/addiw/slli/addi sequence for any 64-bit constant (1 to 8 instructions).</summary>
    public static List<uint> LoadImmediate(int rd, long value)
    {
        List<uint> words = [];
        Emit(value);
        return words;

        void Emit(long v)
        {
            if (v == (int)v)
            {
                int low = (int)v << 20 >> 20;
                int high = (int)(((v - low) >> 12) & 0xFFFFF);
                if (high != 0)
                {
                    words.Add(Formats.U(0x37, rd, high));
                    if (low != 0)
                    {
                        // addiw, because lui sign-extends and 0x7FFFF800.. needs the wrap to 32 bits.
                        words.Add(Formats.I(0x1B, 0, rd, rd, low));
                    }
                }
                else
                {
                    words.Add(Formats.I(0x13, 0, rd, 0, low));
                }

                return;
            }

            int tail = (int)(v << 52 >> 52);
            long rest = (v - tail) >> 12;
            int shift = 12;
            while ((rest & 1) == 0)
            {
                rest >>= 1;
                shift++;
            }

            Emit(rest);
            words.Add(Formats.I(0x13, 1, rd, rd, shift));
            if (tail != 0)
            {
                words.Add(Formats.I(0x13, 0, rd, rd, tail));
            }
        }
    }

    private void Branch(uint funct3, int rs1, int rs2, string target)
    {
        _fixups.Add((_words.Count, target, FixupKind.Branch));
        Word(Formats.B(funct3, rs1, rs2, 0));
    }
}
