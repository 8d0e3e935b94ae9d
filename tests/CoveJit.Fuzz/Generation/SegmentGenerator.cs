using CoveJit.Fuzz.Encoding;
using CoveJit.Fuzz.Harness;
using static CoveJit.Fuzz.Encoding.Registers;

namespace CoveJit.Fuzz.Generation;

/// <summary>
/// Makes one random segment. This file chooses the start state and the kinds of items; the items themselves are made in
/// the partial files, one an instruction family.
/// </summary>
/// <remarks>
/// gp and tp never change; in a loop its counter does not either, and paged segments keep x24..x28 as addresses of the
/// random mappings and x29 as one outside RAM or outside all mappings. Everything else is free game.
/// </remarks>
public sealed partial class SegmentGenerator
{
    private const int FirstBase = 24;
    private const int BaseCount = 6;
    private const int WildBase = FirstBase + BaseCount - 1;

    private readonly Rng _rng;
    private readonly Mix _mix;
    private readonly AddressSpace? _space;
    private readonly bool[] _reserved = new bool[32];
    private readonly List<Item> _items = [];
    private readonly bool _delegates;
    private readonly bool _trapsVirtualMemory;
    private readonly Privilege _start;
    private List<Insn> _current = [];
    private bool _nested;
    private bool _dropped;

    public SegmentGenerator(Rng rng, Mix mix, AddressSpace? space)
    {
        _rng = rng;
        _mix = mix;
        _space = space;
        _reserved[Gp] = true;
        _reserved[Tp] = true;
        _delegates = rng.Chance(60);
        _trapsVirtualMemory = rng.Chance(20);
        _start = space is null
            ? (mix.HasFlag(Mix.Csr) && rng.Chance(15) ? rng.OneOf(Privilege.User, Privilege.Supervisor) : Privilege.Machine)
            : rng.Chance(20) ? Privilege.Machine : space.User ? Privilege.User : Privilege.Supervisor;
    }

    public Segment Generate(int targetInstructions)
    {
        if (_space is not null)
        {
            for (int i = 0; i < BaseCount; i++)
            {
                _reserved[FirstBase + i] = true;
            }
        }

        int made = 0;
        while (made < targetInstructions)
        {
            _current = [];
            AddItem();
            if (_current.Count > 0)
            {
                _items.Add(new Item(_items.Count, _current));
                made += _current.Count;
            }
        }

        return Start(new Segment { Items = _items, Start = _start });
    }

    private Segment Start(Segment segment)
    {
        ulong[] x = new ulong[32], f = new ulong[32];
        for (int i = 0; i < 32; i++)
        {
            x[i] = OperandPool.Integer(_rng);
            f[i] = OperandPool.Float(_rng);
        }

        x[0] = 0;
        x[Gp] = MemoryLayout.DataWindow;
        x[Tp] = MemoryLayout.Context;
        List<(ulong, int, ulong)> regions =
        [
            (MemoryLayout.DataWindow - MemoryLayout.DataWindowHalf, 2 * MemoryLayout.DataWindowHalf / 8, _rng.Next() | 1),
        ];
        if (_space is not null)
        {
            for (int i = 0; i < BaseCount; i++)
            {
                x[FirstBase + i] = FirstBase + i == WildBase ? WildBaseAddress() : BaseAddress();
            }

            for (ulong page = 0; page <= 4; page++)
            {
                ulong address = MemoryLayout.PagePool + (page << 12);
                regions.Add((address, 32, _rng.Next() | 1));
                regions.Add((address + 0xF00, 32, _rng.Next() | 1));
            }
        }

        bool csr = _mix.HasFlag(Mix.Csr);
        ulong status = 0;
        if (_space is not null || csr)
        {
            status = _rng.Next() & (Mstatus.Sum | Mstatus.Mxr | Mstatus.Spie | Mstatus.Spp | Mstatus.Sie);
            if (_trapsVirtualMemory)
            {
                status |= Mstatus.Tvm;
            }

            // The supervisor handler returns by sret: trapping that is for segments that do not delegate.
            if (!_delegates && _rng.Chance(30))
            {
                status |= Mstatus.Tsr;
            }
        }

        status |= _rng.Next() & Mstatus.Mpie;
        bool interrupts = csr && _rng.Chance(25);
        ulong delegated = _delegates && (csr || _space is not null) ? _rng.Next() & 0xB1FE : 0;
        ulong menvcfg = (1UL << 63) | (1UL << 61) | (_space is { Pbmt: true } ? 1UL << 62 : 0);
        ulong[] values = new ulong[DescriptorLayout.Csrs.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = DescriptorLayout.Csrs[i] switch
            {
                Csr.Mscratch or Csr.Sscratch or Csr.Mtval or Csr.Stval => OperandPool.Integer(_rng),
                Csr.Medeleg => delegated,
                Csr.Mideleg => _rng.Next() & 0x222,
                Csr.Mie => interrupts ? _rng.Next() & 0x222 : 0,
                Csr.Mip => interrupts ? _rng.Next() & 0x202 : 0,
                Csr.Menvcfg => menvcfg,
                Csr.Mcounteren or Csr.Scounteren => _rng.Next() & 7,
                Csr.Sepc => _rng.Next() & ~1UL,
                Csr.Fcsr => _rng.Next() & (_rng.Chance(90) ? 0x1Fu | ((ulong)_rng.Below(5) << 5) : 0xFFu),
                _ => 0,
            };
            if (DescriptorLayout.Csrs[i] == Csr.Fcsr)
            {
                values[i] |= (ulong)_rng.Below(5) << 5;
            }
        }

        return segment with
        {
            X = x,
            F = f,
            Status = status,
            Satp = _space?.Satp ?? 0,
            Csrs = values,
            // The last entry opens everything to S and U.
            PmpAddresses = [0, 0, 0, (1UL << 54) - 1],
            PmpConfiguration = 0x1F00_0000,
            Regions = regions,
            PageTableEntries = _space?.Entries ?? [],
        };
    }

    private ulong BaseAddress()
    {
        ulong offset = _rng.Chance(70) ? (ulong)_rng.Between(64, 128) : (ulong)_rng.Between(0xF80, 0xFC0);
        // From M some accesses are untranslated, and those must be aligned: see PagedMemory.
        bool aligned = _start == Privilege.Machine || _rng.Chance(80);
        return _rng.Pick(_space!.Targets) + (aligned ? offset & ~7UL : offset);
    }

    private ulong WildBaseAddress() => _rng.Below(6) switch
    {
        0 => 1UL << _rng.Between(38, 63), // just outside, or not canonical
        1 => _rng.Next() & ~63UL,
        // Supervisor pages: where they may be written, that is the end of the harness.
        2 when _start == Privilege.User => MemoryLayout.Harness + 0x40,
        _ => _space!.Hole + (ulong)(_rng.Between(8, 16) * 8),
    };

    private void AddItem()
    {
        List<(int Weight, Action Make)> kinds = [(4, Branch), (2, Loop)];
        if (_mix.HasFlag(Mix.Int))
        {
            kinds.AddRange([(40, Integer), (16, CompressedInteger), (3, Jump), (1, WildJump), (2, Illegal), (1, Fences)]);
        }

        if (_mix.HasFlag(Mix.Fp))
        {
            kinds.Add((30, Float));
        }

        if (_mix.HasFlag(Mix.Mem))
        {
            kinds.AddRange([(12, Memory), (5, CompressedMemory), (4, Atomic), (2, LoadReserved), (1, WildMemory)]);
        }

        if (_mix.HasFlag(Mix.Csr))
        {
            kinds.AddRange([(8, CsrAccess), (2, EnvironmentCall), (1, ChangePrivilege)]);
        }

        if (_mix.HasFlag(Mix.Smc) && _start == Privilege.Machine && _space is null)
        {
            kinds.Add((2, SelfModify));
        }

        if (_space is not null)
        {
            kinds.AddRange([(50, PagedMemory), (4, FenceVma), (4, ToggleStatus)]);
            if (_start == Privilege.Machine)
            {
                kinds.Add((15, ModifyPrivilege));
            }
        }

        int pick = _rng.Below(kinds.Sum(k => k.Weight));
        foreach ((int weight, Action make) in kinds)
        {
            if ((pick -= weight) < 0)
            {
                make();
                return;
            }
        }
    }

    private void Emit(Insn insn) => _current.Add(insn);

    private void Emit(uint word, string text) => _current.Add(Insn.Full(word, text));

    private int Any() => _rng.Below(32);

    /// <summary>A register that may be written, now and then x0.</summary>
    private int Destination()
    {
        int register;
        do
        {
            register = _rng.Below(32);
        }
        while (_reserved[register]);
        return register;
    }

    /// <summary>A writable register that is none of <paramref name="taken"/> and not x0.</summary>
    private int Temporary(params ReadOnlySpan<int> taken)
    {
        int register;
        do
        {
            register = Destination();
        }
        while (register == 0 || taken.Contains(register));
        return register;
    }

    /// <summary>One of x8..x15 that may be written.</summary>
    private int CompressedDestination()
    {
        int register;
        do
        {
            register = _rng.Between(8, 15);
        }
        while (_reserved[register]);
        return register;
    }

    private void LoadImmediate(int rd, ulong value)
    {
        bool first = true;
        foreach (uint word in Assembler.LoadImmediate(rd, (long)value))
        {
            Emit(word, first ? $"li {X(rd)}, 0x{value:x} (begins)" : $"li {X(rd)} (goes on)");
            first = false;
        }
    }

    private void AddImmediate(int rd, int rs1, int immediate) =>
        Emit(Formats.I(0x13, 0, rd, rs1, immediate), $"addi {X(rd)}, {X(rs1)}, {immediate}");

    private int NextItem(int atMost) => _items.Count + _rng.Between(1, atMost);
}
