using CoveJit.Fuzz.Encoding;
using static CoveJit.Fuzz.Encoding.Registers;

namespace CoveJit.Fuzz.Generation;

/// <content>Branches, loops, jumps and self-modifying code.</content>
public sealed partial class SegmentGenerator
{
    private static readonly (string Name, uint Funct3)[] Branches =
        [("beq", 0), ("bne", 1), ("blt", 4), ("bge", 5), ("bltu", 6), ("bgeu", 7)];

    private void Branch()
    {
        if (_nested)
        {
            Integer();
        }
        else if (_rng.Chance(30))
        {
            int rs1 = _rng.Between(8, 15);
            uint funct3 = (uint)_rng.Between(6, 7);
            int item = NextItem(2);
            Emit(new Insn(Compressed.CbBranch(funct3, rs1), 2, $"{(funct3 == 6 ? "c.beqz" : "c.bnez")} {X(rs1)}, item {item}",
                Fixup.ToItem(FixupKind.CompressedBranch, item)));
        }
        else
        {
            (string name, uint funct3) = _rng.Pick(Branches);
            int rs1 = Any(), rs2 = _rng.Chance(25) ? rs1 : Any(), item = NextItem(6);
            Emit(new Insn(Formats.B(funct3, rs1, rs2, 0), 4, $"{name} {X(rs1)}, {X(rs2)}, item {item}", Fixup.ToItem(FixupKind.Branch, item)));
        }
    }

    private void Jump()
    {
        if (_nested)
        {
            Integer();
            return;
        }

        int item = NextItem(4);
        switch (_rng.Below(4))
        {
            case 0:
                int link = Destination();
                Emit(new Insn(Formats.J(link, 0), 4, $"jal {X(link)}, item {item}", Fixup.ToItem(FixupKind.Jump, item)));
                break;
            case 1:
                Emit(new Insn(0xA001, 2, $"c.j item {item}", Fixup.ToItem(FixupKind.CompressedJump, item)));
                break;
            default:
                int t = Temporary();
                Emit(new Insn(Formats.U(0x17, t, 0), 4, $"auipc {X(t)}, item {item}", Fixup.ToItem(FixupKind.PcRelativeHigh, item)));
                Emit(new Insn(Formats.I(0x13, 0, t, t, 0), 4, $"addi {X(t)}, {X(t)}, item {item}", Fixup.ToItem(FixupKind.PcRelativeLow, item)));
                if (_rng.Chance(40))
                {
                    bool links = _rng.Chance(50);
                    Emit(Insn.Short(Compressed.Cr(links ? 9u : 8u, t, 0), $"{(links ? "c.jalr" : "c.jr")} {X(t)}"));
                }
                else
                {
                    // jalr clears bit 0 of the sum.
                    int rd = Destination(), odd = _rng.Below(2);
                    Emit(Formats.I(0x67, 0, rd, t, odd), $"jalr {X(rd)}, {odd}({X(t)})");
                }

                break;
        }
    }

    private void WildJump()
    {
        // Through ra always: that is where the trap handler finds its way back.
        if (_reserved[Ra])
        {
            return;
        }

        int t = Temporary(Ra);
        LoadImmediate(t, WildAddress() & ~1UL);
        if (_rng.Chance(50))
        {
            Emit(Insn.Short(Compressed.Cr(9, t, 0), $"c.jalr {X(t)}"));
        }
        else
        {
            int offset = _rng.Between(-4, 3);
            Emit(Formats.I(0x67, 0, Ra, t, offset), $"jalr ra, {offset}({X(t)})");
        }
    }

    private void Loop()
    {
        if (_nested)
        {
            Integer();
            return;
        }

        _nested = true;
        int counter = Temporary(Ra);
        AddImmediate(counter, Zero, _rng.Between(2, 5));
        _reserved[counter] = true;
        int start = _current.Count;
        int body = _rng.Between(1, 5);
        for (int i = 0; i < body; i++)
        {
            AddItem();
        }

        _reserved[counter] = false;
        CloseLoop(counter, start);
        _nested = false;
    }

    private void CloseLoop(int counter, int start)
    {
        AddImmediate(counter, counter, -1);
        Emit(new Insn(Formats.B(1, counter, 0, 0), 4, $"bne {X(counter)}, zero, -> {start}", Fixup.Local(FixupKind.Branch, start)));
    }

    /// <summary>Runs an instruction, replaces it by another, and runs that: twice through a loop.</summary>
    private void SelfModify()
    {
        if (_nested)
        {
            Integer();
            return;
        }

        int counter = Temporary();
        int address = Temporary(counter);
        int word = Temporary(counter, address);
        int rd = Temporary(counter, address, word);
        AddImmediate(counter, Zero, _rng.Between(2, 3));
        int start = _current.Count;
        bool slotFirst = _rng.Chance(50);
        Insn old = Plain(rd), fresh = Plain(rd);
        int slotFixup = -1;
        int slot = -1;
        if (slotFirst)
        {
            slot = _current.Count;
            Emit(old);
        }

        slotFixup = _current.Count;
        Emit(new Insn(Formats.U(0x17, address, 0), 4, $"auipc {X(address)}, slot"));
        Emit(new Insn(Formats.I(0x13, 0, address, address, 0), 4, $"addi {X(address)}, {X(address)}, slot"));
        LoadImmediate(word, (ulong)(long)(int)fresh.Word);
        Emit(Formats.S(0x23, 2, address, word, 0), $"sw {X(word)}, 0({X(address)}) # becomes {fresh.Text}");
        Emit(0x0000_100F, "fence.i");
        if (!slotFirst)
        {
            slot = _current.Count;
            Emit(old);
        }

        _current[slotFixup] = _current[slotFixup] with { Fixup = Fixup.Local(FixupKind.PcRelativeHigh, slot) };
        _current[slotFixup + 1] = _current[slotFixup + 1] with { Fixup = Fixup.Local(FixupKind.PcRelativeLow, slot) };
        CloseLoop(counter, start);
    }
}
