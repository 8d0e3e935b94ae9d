using System.Runtime.InteropServices;
using CoveJit.Harts.Code;
using CoveJit.Harts.Csrs;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Tests;

/// <summary>
/// RAM and harts without firmware. mtvec and stvec point at loops of WFI, so that a program that ends in a trap leaves the hart idle with the
/// trap's CSRs intact. PMP is open.
/// </summary>
internal sealed unsafe class TestMachine : IDisposable
{
    public const ulong Base = 0x8000_0000;
    public const ulong MachineHandler = Base + 0x1000;
    public const ulong SupervisorHandler = Base + 0x2000;
    public const ulong Program = Base + 0x1_0000;
    public const ulong Data = Base + 0x2_0000;
    public const ulong Device = 0x1000_0000;
    private const ulong MretAt = Base + 0x3000;
    private ulong _nextTable = Base + 0x10_0000;

    public TestMachine(int harts = 1, ulong cacheLimit = 64UL << 20, HartConfiguration? configuration = null)
    {
        Configuration = configuration ?? new HartConfiguration();
        Ram = new GuestRam(Base, 0x80_0000);
        Map = new PhysicalMap(Ram);
        Map.Add(Device, 0x1000, new Registers());
        Code = new CodeCache(Ram, Configuration.Extensions, cacheLimit) { Concurrent = harts > 1 };
        Harts = [.. Enumerable.Range(0, harts).Select(id => new Hart(id, Configuration, Map, Code, Clock))];
        Code.OnPageBecomesCode(page =>
        {
            foreach (Hart hart in Harts)
            {
                hart.Tlb.DropWrites(Ram.HostAddress(page));
            }
        });
        Write(MachineHandler, Asm.Wfi, Asm.Jal(0, -4));
        Write(SupervisorHandler, Asm.Wfi, Asm.Jal(0, -4));
        Write(MretAt, Asm.Mret);
        foreach (Hart hart in Harts)
        {
            Prepare(hart);
        }
    }

    public HartConfiguration Configuration { get; }

    public GuestRam Ram { get; }

    public PhysicalMap Map { get; }

    public CodeCache Code { get; }

    public Hart[] Harts { get; }

    public Hart Hart => Harts[0];

    public TestClock Clock { get; } = new();

    public ulong Root { get; private set; }

    /// <summary>Puts a hart at the start of the program, in M-mode.</summary>
    public void Prepare(Hart hart)
    {
        hart.Reset(Program);
        hart.OpenPmp();
        Set(hart, 0x305, MachineHandler);
        Set(hart, 0x105, SupervisorHandler);
    }

    public void Write(ulong address, params ReadOnlySpan<uint> words) => Assert.True(Ram.TryWrite(address, MemoryMarshal.AsBytes(words)));

    public void Write64(ulong address, ulong value) => Assert.True(Map.TryWrite(address, 8, value));

    public ulong Read64(ulong address)
    {
        Assert.True(Map.TryRead(address, 8, out ulong value));
        return value;
    }

    /// <summary>Writes a CSR as M-mode software does, without executing anything.</summary>
    public void Set(Hart hart, uint number, ulong value) => CsrTable.For(Configuration)[number]!.Write(hart, value);

    public void Set(uint number, ulong value) => Set(Hart, number, value);

    public ulong Get(uint number) => CsrTable.For(Configuration)[number]!.Read(Hart);

    /// <summary>Goes from M-mode to a mode at an address by MRET.</summary>
    public void GoTo(PrivilegeMode mode, ulong pc, bool isVirtual = false)
    {
        Assert.Equal(PrivilegeMode.Machine, Hart.Privilege);
        Hart.WriteMstatus(((ulong)mode << 11) | (isVirtual ? Mstatus.Mpv : 0), Mstatus.Mpp | Mstatus.Mpv);
        Set(0x341, pc);
        Hart.Pc = MretAt;
        Hart.Step();
        Assert.Equal((mode, isVirtual), (Hart.Privilege, Hart.IsVirtual));
        Assert.Equal(pc, Hart.Pc);
    }

    /// <summary>Runs until the hart idles in a handler.</summary>
    public void RunToIdle(Hart? hart = null, long budget = 100_000_000)
    {
        hart ??= Hart;
        SliceEnd end = hart.RunSlice(budget);
        while (end == SliceEnd.CodeCacheFull)
        {
            Code.Reset();
            end = hart.RunSlice(budget);
        }

        Assert.Equal(SliceEnd.Idle, end);
    }

    /// <summary>Wakes a hart that idles in the machine handler, by a masked interrupt, and sets its pc.</summary>
    public void Restart(Hart hart, ulong pc)
    {
        Assert.Equal(PrivilegeMode.Machine, hart.Privilege);
        Set(hart, 0x304, 8);
        hart.SetLine(3, true);
        Assert.Equal(SliceEnd.Budget, hart.RunSlice(0));
        hart.SetLine(3, false);
        Set(hart, 0x304, 0);
        hart.Pc = pc;
    }

    /// <summary>Executes one instruction; true if it did not trap.</summary>
    public bool Step()
    {
        ulong traps = 0;
        ulong before = 0;
        for (int i = 0; i < 64; i++)
        {
            before += Hart.TrapCounts[i];
        }

        Hart.Step();
        for (int i = 0; i < 64; i++)
        {
            traps += Hart.TrapCounts[i];
        }

        return traps == before;
    }

    public ulong NewTable()
    {
        _nextTable += 0x1000;
        return _nextTable;
    }

    /// <summary>Makes a root for Sv39x4: 16 KiB, aligned.</summary>
    public ulong NewGuestRoot()
    {
        _nextTable = (_nextTable + 0x4FFF) & ~0x3FFFUL;
        ulong root = _nextTable;
        _nextTable += 0x3000;
        return root;
    }

    /// <summary>Maps a page (level 0) or superpage in Sv39 tables, or Sv39x4 ones; a root is made if there is none. Returns the leaf's address.</summary>
    public ulong MapPage(ulong address, ulong physical, ulong flags, int level = 0, ulong root = 0, bool guest = false)
    {
        if (root == 0)
        {
            Root = Root == 0 ? NewTable() : Root;
            root = Root;
        }

        ulong table = root;
        for (int i = 2; i > level; i--)
        {
            ulong at = table + (((address >> (12 + (9 * i))) & (i == 2 && guest ? 2047UL : 511)) * 8);
            ulong entry = Read64(at);
            if (entry == 0)
            {
                entry = (NewTable() >> 2) | 1;
                Write64(at, entry);
            }

            table = entry >> 10 << 12;
        }

        ulong leaf = table + (((address >> (12 + (9 * level))) & 511) * 8);
        Write64(leaf, (physical >> 2) | flags);
        return leaf;
    }

    /// <summary>satp for Sv39.</summary>
    public ulong Satp(uint asid = 0, ulong root = 0) => (8UL << 60) | ((ulong)asid << 44) | ((root == 0 ? Root : root) >> 12);

    public void Dispose()
    {
        foreach (Hart hart in Harts)
        {
            hart.Dispose();
        }

        Code.Dispose();
        Ram.Dispose();
    }

    private sealed class Registers : IBusDevice
    {
        public string Name => "registers";

        public bool TryRead(ulong offset, int size, out ulong value)
        {
            value = 0x1122334455667788UL >> (64 - (8 * size));
            return true;
        }

        public bool TryWrite(ulong offset, int size, ulong value) => true;
    }
}

/// <summary>A clock the test sets.</summary>
internal sealed class TestClock : IClock
{
    public ulong Frequency => 10_000_000;

    public Action? OnRead { get; set; }

    public ulong Ticks
    {
        get
        {
            OnRead?.Invoke();
            return field;
        }

        set;
    }

    public ulong RealTime => Ticks * 100;
}
