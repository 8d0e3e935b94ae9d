using CoveJit.Fuzz.Encoding;
using CoveJit.Fuzz.Harness;
using static CoveJit.Fuzz.Encoding.Registers;

namespace CoveJit.Fuzz.Generation;

/// <content>CSRs, environment calls, changes of privilege, fences of the address-translation caches.</content>
public sealed partial class SegmentGenerator
{
    private static readonly string[] CsrNames = ["", "csrrw", "csrrs", "csrrc", "", "csrrwi", "csrrsi", "csrrci"];
    private static readonly int[] Absent = [0x0FF, 0x5FF, 0x7FF, 0xBFF, 0xFFF];

    // Read only, or whose counting is not comparable: read into x0, so only the trap shows.
    private static readonly int[] Unread = [Csr.Cycle, Csr.Instret, Csr.Time];

    private static readonly int[] Readable =
    [
        Csr.Sstatus, Csr.Stvec, Csr.Sscratch, Csr.Sepc, Csr.Scause, Csr.Stval, Csr.Satp, Csr.Mscratch, Csr.Mtval, Csr.Mcause,
        Csr.Mhartid, Csr.Fcsr, Csr.Frm, Csr.Fflags,
    ];

    private void CsrAccess()
    {
        switch (_rng.Below(17))
        {
            case 0 or 1 or 2:
                int fp = _rng.OneOf(Csr.Fflags, Csr.Frm, Csr.Fcsr);
                if (fp != Csr.Fflags && _rng.Chance(85))
                {
                    EmitCsr(5, fp, Destination(), _rng.Below(5) << (fp == Csr.Fcsr ? 5 : 0) & 31);
                }
                else
                {
                    EmitCsr((uint)_rng.OneOf(1, 2, 3, 5, 6, 7), fp, Destination(), Any());
                }

                break;
            case 3 or 4:
                EmitCsr((uint)_rng.OneOf(1, 2, 3, 5, 6, 7), _rng.OneOf(Csr.Mscratch, Csr.Sscratch, Csr.Mtval, Csr.Stval),
                    Destination(), Any());
                break;
            case 5:
                // QEMU 7.2 keeps bit 0 of xepc: only even values go in.
                int even = Temporary();
                Emit(Formats.I(0x13, 7, even, Any(), -2), $"andi {X(even)}, {X(even)}, -2");
                EmitCsr((uint)_rng.Between(1, 3), _rng.OneOf(Csr.Mepc, Csr.Sepc), Destination(), even);
                break;
            case 6:
                // Legal exception codes only: the field is WLRL.
                EmitCsr(5, _rng.OneOf(Csr.Mcause, Csr.Scause), Destination(), _rng.Below(8));
                break;
            case 7:
                if (_delegates)
                {
                    Write(Csr.Medeleg, 1, _rng.Next() & 0xB1FE, Zero);
                }
                else
                {
                    ToggleStatus(Csr.Mstatus, Mstatus.Tsr);
                }

                break;
            case 8:
                Write(_rng.OneOf(Csr.Mie, Csr.Mideleg, Csr.Sie), (uint)_rng.Between(1, 3), _rng.Next() & 0x222, Zero);
                break;
            case 9:
                Write(Csr.Mip, (uint)_rng.Between(2, 3), _rng.Next() & 0x202, Zero);
                break;
            case 10:
                Write(_rng.OneOf(Csr.Mcounteren, Csr.Scounteren), 1, _rng.Next() & 7, Zero);
                break;
            case 11:
                ToggleStatus(Csr.Mstatus, _rng.Next() & (Mstatus.Sie | Mstatus.Mie | Mstatus.Spie | Mstatus.Mpie | Mstatus.Spp
                    | Mstatus.Sum | Mstatus.Mxr | Mstatus.Tvm | Mstatus.Tw));
                break;
            case 12:
                ToggleStatus(Csr.Sstatus, _rng.Next() & (Mstatus.Sie | Mstatus.Spie | Mstatus.Spp | Mstatus.Sum | Mstatus.Mxr));
                break;
            case 13:
                EmitCsr(2, _rng.Pick(Readable), Destination(), 0);
                break;
            case 14:
                bool absent = _rng.Chance(50);
                EmitCsr((uint)_rng.Between(1, 3), absent ? _rng.Pick(Absent) : _rng.Pick(Unread), 0, absent ? Any() : 0);
                break;
            case 15:
                WriteAndRestore();
                break;
            default:
                FloatingPointOff();
                break;
        }
    }

    private void EmitCsr(uint funct3, int csr, int rd, int source) =>
        Emit(Formats.I(0x73, funct3, rd, source, csr),
            $"{CsrNames[funct3]} {X(rd)}, {Csr.Name(csr)}, {(funct3 >= 4 ? source.ToString(System.Globalization.CultureInfo.InvariantCulture) : X(source))}");

    private void Write(int csr, uint funct3, ulong value, int rd)
    {
        int t = Temporary();
        LoadImmediate(t, value);
        EmitCsr(funct3, csr, rd, t);
    }

    private void ToggleStatus() => ToggleStatus(_rng.Chance(50) ? Csr.Mstatus : Csr.Sstatus, _rng.Next() & (Mstatus.Sum | Mstatus.Mxr));

    private void ToggleStatus(int csr, ulong bits) => Write(csr, (uint)_rng.Between(2, 3), bits, Zero);

    /// <summary>Reads back what a WARL register makes of a value, and puts the old one back.</summary>
    private void WriteAndRestore()
    {
        (int csr, ulong value) = _rng.Below(4) switch
        {
            0 => (Csr.Mtvec, (_rng.Next() & ~0x3FFUL) | (uint)_rng.Below(2)),
            1 => (Csr.Stvec, (_rng.Next() & ~0x3FFUL) | (uint)_rng.Below(2)),
            // Valid and invalid modes; an invalid one leaves the register alone.
            2 => (Csr.Satp, (_rng.Next() >> 4) | ((ulong)_rng.OneOf(0, 8, 9, 10, 1, 7, 11, 15) << 60)),
            _ => (Csr.Pmpaddr0 + _rng.Between(4, 15), _rng.Next() >> 10),
        };
        int written = Temporary(), old = Temporary(written), back = Temporary(written, old);
        if (csr == Csr.Satp && (_start != Privilege.Machine || _dropped || _space is not null))
        {
            return; // below M it would take effect
        }

        LoadImmediate(written, value);
        // Below M the accesses trap one by one; the old value is then what the register held before.
        EmitCsr(1, csr, old, written);
        EmitCsr(1, csr, back, old);
    }

    private void FloatingPointOff()
    {
        int t = Temporary();
        LoadImmediate(t, Mstatus.Fs);
        EmitCsr(3, Csr.Mstatus, Zero, t);
        Emit(_rng.Pick(FloatOps.All).Encode(Temporary(t), Any(), Any(), Any(), 0));
        EmitCsr(2, _rng.OneOf(Csr.Fcsr, Csr.Frm, Csr.Fflags), Temporary(t), 0);
        EmitCsr(2, Csr.Mstatus, Zero, t);
    }

    private void EnvironmentCall()
    {
        switch (_rng.Below(3))
        {
            case 0:
                Emit(0x0000_0073, "ecall");
                break;
            case 1:
                Emit(0x0010_0073, "ebreak");
                break;
            default:
                Emit(Insn.Short(0x9002, "c.ebreak"));
                break;
        }
    }

    /// <summary>mret or sret to the instruction behind it, in another mode.</summary>
    private void ChangePrivilege()
    {
        if (_space is not null || _nested)
        {
            FenceVma();
            return;
        }

        bool machine = _start == Privilege.Machine && _rng.Chance(70);
        int status = machine ? Csr.Mstatus : Csr.Sstatus;
        ulong field = machine ? Mstatus.Mpp : Mstatus.Spp;
        ulong value = machine ? _rng.OneOf<ulong>(0, 0x800, 0x1800) : _rng.OneOf<ulong>(0, Mstatus.Spp);
        int address = Temporary(), t = Temporary(address);
        int high = _current.Count;
        Emit(new Insn(Formats.U(0x17, address, 0), 4, $"auipc {X(address)}, after xret"));
        Emit(new Insn(Formats.I(0x13, 0, address, address, 0), 4, $"addi {X(address)}, {X(address)}, after xret"));
        EmitCsr(1, machine ? Csr.Mepc : Csr.Sepc, Zero, address);
        LoadImmediate(t, field);
        EmitCsr(3, status, Zero, t);
        if (value != 0)
        {
            LoadImmediate(t, value);
            EmitCsr(2, status, Zero, t);
        }

        Emit(machine ? 0x3020_0073u : 0x1020_0073u, machine ? "mret" : "sret");
        _current[high] = _current[high] with { Fixup = Fixup.Local(FixupKind.PcRelativeHigh, _current.Count) };
        _current[high + 1] = _current[high + 1] with { Fixup = Fixup.Local(FixupKind.PcRelativeLow, _current.Count) };
        _dropped = true;
    }

    /// <summary>Loads and stores from M with the privilege in MPP.</summary>
    private void ModifyPrivilege()
    {
        if (_nested)
        {
            return;
        }

        int t = Temporary();
        LoadImmediate(t, Mstatus.Mpp);
        EmitCsr(3, Csr.Mstatus, Zero, t);
        LoadImmediate(t, Mstatus.Mprv | (_rng.Chance(50) ? 0x800UL : 0));
        EmitCsr(2, Csr.Mstatus, Zero, t);
        _modified = true;
        for (int i = _rng.Between(1, 4); i > 0; i--)
        {
            PagedMemory();
        }

        _modified = false;

        LoadImmediate(t, Mstatus.Mprv);
        EmitCsr(3, Csr.Mstatus, Zero, t);
    }

    private void FenceVma()
    {
        int rs1 = _rng.Chance(50) ? 0 : _space is null ? Any() : FirstBase + _rng.Below(BaseCount);
        int rs2 = _rng.Chance(50) ? 0 : Any();
        // Only where they are legal: QEMU 7.2 puts zero into xtval when sinval.vma is not, and lets U-mode execute sfence.w.inval.
        bool legal = !_dropped && (_start == Privilege.Machine || (_start == Privilege.Supervisor && !_trapsVirtualMemory));
        if (legal && _rng.Chance(40))
        {
            Emit(0x1800_0073, "sfence.w.inval");
            Emit(Formats.R(0x73, 0, 0x0B, 0, rs1, rs2), $"sinval.vma {X(rs1)}, {X(rs2)}");
            Emit(0x1810_0073, "sfence.inval.ir");
        }
        else
        {
            Emit(Formats.R(0x73, 0, 0x09, 0, rs1, rs2), $"sfence.vma {X(rs1)}, {X(rs2)}");
        }
    }
}
