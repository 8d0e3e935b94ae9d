using CoveJit.Fuzz.Encoding;
using CoveJit.Fuzz.Harness;
using static CoveJit.Fuzz.Encoding.Registers;

namespace CoveJit.Fuzz.Generation;

/// <content>Loads, stores and atomics: in the data window, at wild addresses, through random page tables.</content>
public sealed partial class SegmentGenerator
{
    private static readonly (string Name, uint Opcode, uint Funct3, int Size)[] Accesses =
    [
        ("lb", 0x03, 0, 1), ("lh", 0x03, 1, 2), ("lw", 0x03, 2, 4), ("ld", 0x03, 3, 8), ("lbu", 0x03, 4, 1), ("lhu", 0x03, 5, 2),
        ("lwu", 0x03, 6, 4), ("sb", 0x23, 0, 1), ("sh", 0x23, 1, 2), ("sw", 0x23, 2, 4), ("sd", 0x23, 3, 8), ("flh", 0x07, 1, 2),
        ("flw", 0x07, 2, 4), ("fld", 0x07, 3, 8), ("fsh", 0x27, 1, 2), ("fsw", 0x27, 2, 4), ("fsd", 0x27, 3, 8),
    ];

    private static readonly (string Name, uint Funct5)[] Atomics =
    [
        ("amoswap", 1), ("amoadd", 0), ("amoxor", 4), ("amoand", 12), ("amoor", 8), ("amomin", 16), ("amomax", 20), ("amominu", 24),
        ("amomaxu", 28),
    ];

    private static readonly string[] Orderings = ["", ".rl", ".aq", ".aqrl"];

    // Inside ModifyPrivilege: loads and stores of M are translated.
    private bool _modified;

    /// <summary>An address where no machine has anything: access faults in bare mode.</summary>
    private ulong WildAddress() => _rng.Below(4) switch
    {
        0 => 0x1800_0000 + ((ulong)_rng.Below(0x0700_0000) & ~7UL),
        1 => 1UL << _rng.Between(52, 63),
        _ => 0x9000_0000 + ((ulong)_rng.Below(0x6FFF_0000) & ~7UL),
    };

    private (string Name, uint Opcode, uint Funct3, int Size) PickAccess()
    {
        while (true)
        {
            (string Name, uint Opcode, uint Funct3, int Size) access = _rng.Pick(Accesses);
            if (_mix.HasFlag(Mix.Fp) || access.Opcode is 0x03 or 0x23)
            {
                return access;
            }
        }
    }

    private void Access((string Name, uint Opcode, uint Funct3, int Size) a, int rs1, int offset)
    {
        switch (a.Opcode)
        {
            case 0x03:
                int rd = Destination();
                Emit(Formats.I(a.Opcode, a.Funct3, rd, rs1, offset), $"{a.Name} {X(rd)}, {offset}({X(rs1)})");
                break;
            case 0x07:
                int fd = _rng.Below(32);
                Emit(Formats.I(a.Opcode, a.Funct3, fd, rs1, offset), $"{a.Name} {F(fd)}, {offset}({X(rs1)})");
                break;
            default:
                int data = Any();
                Emit(Formats.S(a.Opcode, a.Funct3, rs1, data, offset),
                    $"{a.Name} {(a.Opcode == 0x27 ? F(data) : X(data))}, {offset}({X(rs1)})");
                break;
        }
    }

    private int WindowOffset(int size, int alignedPercent)
    {
        int offset = _rng.Chance(20)
            ? _rng.Between(-16, 16) // around the page boundary in the middle
            : _rng.Between(-MemoryLayout.DataWindowHalf, MemoryLayout.DataWindowHalf - 16);
        return _rng.Chance(alignedPercent) ? offset & -size : offset;
    }

    private void Memory()
    {
        var access = PickAccess();
        int offset = WindowOffset(access.Size, 60);
        if (_rng.Chance(60))
        {
            Access(access, Gp, offset);
        }
        else
        {
            int split = _rng.Between(-1400, 1400);
            int rs1 = Temporary();
            AddImmediate(rs1, Gp, split);
            Access(access, rs1, offset - split);
        }
    }

    private void WildMemory()
    {
        int rs1 = Temporary();
        LoadImmediate(rs1, WildAddress());
        if (_rng.Chance(25))
        {
            // LR only: QEMU 7.2 runs an AMO on what is not RAM as a load and a store, and reports its fault as a load's.
            Lr(rs1, _rng.Chance(50), Temporary(rs1));
        }
        else
        {
            Access(PickAccess(), rs1, _rng.Between(-16, 15) * 8);
        }
    }

    private void CompressedMemory()
    {
        bool fp = _mix.HasFlag(Mix.Fp);
        bool eight = _rng.Chance(50), store = _rng.Chance(50), floating = eight && fp && _rng.Chance(30);
        // c.lw 2, c.ld 3, c.fld 1; the stores are the same plus 4.
        uint funct3 = (floating ? 1u : eight ? 3u : 2u) + (store ? 4u : 0);
        string name = (floating ? "f" : "") + (store ? "s" : "l") + (eight ? "d" : "w");
        bool stack = _rng.Chance(50) && !_reserved[Sp];
        int scale = eight ? 8 : 4;
        int field = stack ? _rng.Below(64) * scale : _rng.Below(32) * scale;
        int target = WindowOffset(scale, 70);
        if (stack)
        {
            AddImmediate(Sp, Gp, target - field);
            int data = floating || store ? _rng.Below(32) : Temporary();
            uint word = store
                ? eight ? Compressed.Css8(funct3, data, field) : Compressed.Css4(funct3, data, field)
                : eight ? Compressed.CiLoad8(funct3, data, field) : Compressed.CiLoad4(funct3, data, field);
            Emit(Insn.Short(word, $"c.{name}sp {(floating ? F(data) : X(data))}, {field}(sp)"));
        }
        else
        {
            int rs1 = CompressedDestination();
            AddImmediate(rs1, Gp, target - field);
            int data = store || floating ? _rng.Between(8, 15) : CompressedDestination();
            uint word = eight ? Compressed.Memory8(funct3, data, rs1, field) : Compressed.Memory4(funct3, data, rs1, field);
            Emit(Insn.Short(word, $"c.{name} {(floating ? F(data) : X(data))}, {field}({X(rs1)})"));
        }
    }

    private void Atomic()
    {
        bool eight = _rng.Chance(50);
        int rs1 = Temporary();
        AddImmediate(rs1, Gp, WindowOffset(eight ? 8 : 4, 95));
        AtomicOn(rs1, eight);
    }

    private void AtomicOn(int rs1, bool eight)
    {
        (string name, uint funct5) = _rng.Pick(Atomics);
        int rd = Destination(), rs2 = Any();
        uint ordering = (uint)_rng.Below(4);
        Emit(Formats.R(0x2F, eight ? 3u : 2u, (funct5 << 2) | ordering, rd, rs1, rs2),
            $"{name}.{(eight ? "d" : "w")}{Orderings[ordering]} {X(rd)}, {X(rs2)}, ({X(rs1)})");
    }

    private void LoadReserved()
    {
        bool eight = _rng.Chance(50);
        int rs1 = Temporary();
        AddImmediate(rs1, Gp, WindowOffset(eight ? 8 : 4, 100));
        int kind = _rng.Below(10);
        if (kind != 0)
        {
            Lr(rs1, eight, Temporary(rs1));
            for (int i = _rng.Below(4); i > 0; i--)
            {
                Emit(Plain(Temporary(rs1)));
            }
        }

        if (kind == 1)
        {
            // Another reservation set altogether: must fail.
            AddImmediate(rs1, Gp, (_rng.Chance(50) ? 256 : -256) * 7);
            AddImmediate(rs1, rs1, 0);
        }

        Sc(rs1, eight, Temporary(rs1));
        if (_rng.Chance(20))
        {
            Sc(rs1, eight, Temporary(rs1)); // the reservation is used up
        }
    }

    private void Lr(int rs1, bool eight, int rd)
    {
        uint ordering = (uint)_rng.Below(4);
        Emit(Formats.R(0x2F, eight ? 3u : 2u, (2 << 2) | ordering, rd, rs1, 0), $"lr.{(eight ? "d" : "w")}{Orderings[ordering]} {X(rd)}, ({X(rs1)})");
    }

    private void Sc(int rs1, bool eight, int rd)
    {
        uint ordering = (uint)_rng.Below(4);
        int rs2 = Any();
        Emit(Formats.R(0x2F, eight ? 3u : 2u, (3 << 2) | ordering, rd, rs1, rs2),
            $"sc.{(eight ? "d" : "w")}{Orderings[ordering]} {X(rd)}, {X(rs2)}, ({X(rs1)})");
    }

    private void PagedMemory()
    {
        int rs1 = FirstBase + _rng.Below(BaseCount);
        // Outside RAM, and from M, untranslated, all these addresses are there: no AMO (see WildMemory), and aligned accesses only,
        // because QEMU 7.2 rounds xtval down when it splits a misaligned load from what is not RAM.
        bool outside = rs1 == WildBase || (_start == Privilege.Machine && !_modified);
        switch (_rng.Below(12))
        {
            case 0 when !outside:
                AtomicOn(rs1, _rng.Chance(50));
                break;
            case 1:
                Lr(rs1, _rng.Chance(50), Temporary());
                break;
            default:
                var access = PickAccess();
                int offset = _rng.Between(-64, 63);
                Access(access, rs1, outside || _rng.Chance(70) ? offset & -access.Size : offset);
                break;
        }
    }
}
