using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.Timing;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Tests;

/// <summary>Zicntr, Zihpm, mcountinhibit, Sscofpmf: through instructions that a hart executes.</summary>
public sealed unsafe class CounterTests : IDisposable
{
    private const ulong Base = 0x8000_0000;
    private const ulong Code = Base + 0x1000;
    private const ulong Handler = Base + 0x2000;
    private const uint Nop = 0x13;
    private const uint Cycle = 0xC00, Time = 0xC01, Instret = 0xC02, HpmCounter3 = 0xC03;
    private const uint Mcycle = 0xB00, Minstret = 0xB02, MhpmCounter3 = 0xB03, MhpmCounter31 = 0xB1F;
    private const uint Mcountinhibit = 0x320, MhpmEvent3 = 0x323, MhpmEvent31 = 0x33F, Scountovf = 0xDA0;
    private const uint Mcounteren = 0x306, Scounteren = 0x106;
    private const ulong OverflowFlag = 1UL << 63, UserInhibit = 1UL << 60, SupervisorInhibit = 1UL << 61, MachineInhibit = 1UL << 62;
    private const ulong Pending = 1UL << InterruptCode.CounterOverflow;

    private readonly GuestRam _ram = new(Base, 1 << 20);
    private readonly CodeCache _code;
    private readonly Hart _hart;

    public CounterTests()
    {
        HartConfiguration configuration = new();
        _code = new CodeCache(_ram, configuration.Extensions, 1 << 20);
        _hart = new Hart(0, configuration, new PhysicalMap(_ram), _code, new StoppedClock());
        _hart.Mtvec = Handler;
        _hart.OpenPmp();
    }

    public void Dispose()
    {
        _hart.Dispose();
        _code.Dispose();
        _ram.Dispose();
    }

    [Theory]
    [InlineData(Mcycle)]
    [InlineData(Minstret)]
    public void The_instruction_after_a_write_reads_what_was_written(uint csr)
    {
        // csrw csr, x5; csrr x6, csr; csrr x7, csr
        _hart.WriteRegister(5, 1000);
        Execute(Write(csr, 5), Read(6, csr), Read(7, csr));
        Assert.Equal((1000UL, 1001UL), (_hart.ReadRegister(6), _hart.ReadRegister(7)));
    }

    [Fact]
    public void Counters_count_retired_instructions_and_wrap()
    {
        _hart.WriteRegister(5, ulong.MaxValue);
        Execute(Write(Minstret, 5), Nop, Nop, Read(6, Minstret));
        Assert.Equal(1UL, _hart.ReadRegister(6));
        _hart.WriteRegister(5, 0);
        Execute(Write(Minstret, 5), 0); // an illegal instruction does not retire
        Assert.Equal(0UL, _hart.Counters.Read(2));
    }

    [Fact]
    public void Mcountinhibit_stops_counters_and_has_no_bit_for_time_or_absent_ones()
    {
        SetCsr(Mcountinhibit, ulong.MaxValue);
        Assert.Equal(0x7FDUL, GetCsr(Mcountinhibit));
        SetCsr(Mcycle, 5);
        SetCsr(MhpmEvent3, (ulong)HartEvent.Instructions);
        SetCsr(MhpmCounter3, 6);
        Execute(Nop, Nop, Nop);
        Assert.Equal((5UL, 6UL), (GetCsr(Mcycle), GetCsr(MhpmCounter3)));
        SetCsr(Mcountinhibit, 1);
        ulong before = _hart.Counters.Read(3);
        Execute(Nop, Nop, Nop);
        Assert.Equal((5UL, before + 3), (_hart.Counters.Read(0), _hart.Counters.Read(3)));
    }

    [Theory]
    [InlineData(HartEvent.Cycles, 10)]
    [InlineData(HartEvent.Instructions, 10)]
    [InlineData(HartEvent.None, 0)]
    [InlineData((HartEvent)0x1234, 0)]
    public void Events_select_what_is_counted(HartEvent selected, ulong expected)
    {
        SetCsr(MhpmEvent3, (ulong)selected);
        Assert.Equal((ulong)selected, GetCsr(MhpmEvent3));
        ulong before = _hart.Counters.Read(3);
        Execute([.. Enumerable.Repeat(Nop, 10)]);
        Assert.Equal(before + expected, _hart.Counters.Read(3));
    }

    [Fact]
    public void Tlb_events_count_fills()
    {
        SetCsr(MhpmEvent3, (ulong)HartEvent.DtlbReadMisses);
        _hart.WriteRegister(5, Base + 0x8000);
        const uint Load = 0x0002B303; // ld x6, 0(x5)
        ulong before = _hart.Counters.Read(3);
        Execute(Load, Load);
        Assert.Equal(before + 1, _hart.Counters.Read(3));
        _hart.FenceAddressSpace(null, null);
        Execute(Load);
        Assert.Equal(before + 2, _hart.Counters.Read(3));
    }

    [Fact]
    public void Absent_counters_read_zero_and_reserved_event_bits_stay_zero()
    {
        SetCsr(MhpmCounter31, 5);
        SetCsr(MhpmEvent31, 5);
        Assert.Equal((0UL, 0UL), (GetCsr(MhpmCounter31), GetCsr(MhpmEvent31)));
        SetCsr(MhpmEvent3, ulong.MaxValue);
        Assert.Equal(0xFCFF_FFFF_FFFF_FFFF, GetCsr(MhpmEvent3)); // OF and the five inhibits; 57 and 56 are reserved
    }

    [Theory]
    [InlineData(PrivilegeMode.Machine, MachineInhibit, false)]
    [InlineData(PrivilegeMode.Machine, SupervisorInhibit | UserInhibit, true)]
    [InlineData(PrivilegeMode.Supervisor, SupervisorInhibit, false)]
    [InlineData(PrivilegeMode.Supervisor, MachineInhibit | UserInhibit, true)]
    [InlineData(PrivilegeMode.User, UserInhibit, false)]
    [InlineData(PrivilegeMode.User, MachineInhibit | SupervisorInhibit, true)]
    public void Mode_filters(PrivilegeMode mode, ulong inhibit, bool counts)
    {
        SetCsr(MhpmEvent3, (ulong)HartEvent.Instructions | inhibit);
        _hart.Enter(mode, Code, 0, 0);
        ulong before = _hart.Counters.Read(3);
        Execute(Nop, Nop, Nop);
        Assert.Equal(before + (counts ? 3UL : 0), _hart.Counters.Read(3));
    }

    [Fact]
    public void A_wrap_sets_the_flag_and_raises_the_interrupt_once()
    {
        Arm((ulong)HartEvent.Instructions, 5);
        Execute(Nop, Nop);
        Assert.Equal((0u, 0UL), (_hart.Counters.Overflowed, _hart.Mip & Pending));
        Execute([.. Enumerable.Repeat(Nop, 10)]);
        Assert.Equal(OverflowFlag, GetCsr(MhpmEvent3) & OverflowFlag);
        Assert.Equal(1UL << 3, GetCsr(Scountovf));
        Assert.Equal(Pending, _hart.Mip & Pending);

        // While OF is set, another wrap raises nothing.
        _hart.SetSoftwarePending(InterruptCode.CounterOverflow, false);
        SetCsr(MhpmCounter3, ulong.MaxValue - 2);
        Execute([.. Enumerable.Repeat(Nop, 10)]);
        Assert.Equal((1UL << 3, 0UL), (GetCsr(Scountovf), _hart.Mip & Pending));
    }

    [Fact]
    public void A_wrap_is_noticed_though_the_counter_stops_before_anybody_looks()
    {
        Arm((ulong)HartEvent.Instructions | SupervisorInhibit, 3);
        Execute(Nop, Nop, Nop, Nop, Nop);
        _hart.Enter(PrivilegeMode.Supervisor, Code, 0, 0); // stops it
        Assert.Equal(1u << 3, _hart.Counters.Overflowed);

        Arm((ulong)HartEvent.Instructions, 3);
        Execute(Nop, Nop, Nop, Nop, Nop);
        _hart.Counters.WriteInhibit(1u << 3);
        Assert.Equal(1u << 3, _hart.Counters.Overflowed);
    }

    [Fact]
    public void The_interrupt_comes_within_a_block_of_the_wrap()
    {
        const uint LoopBack = 0xFFDFF06F; // jal x0, -4
        WriteCode(Code, Nop, LoopBack);
        WriteCode(Handler, Nop, LoopBack);
        SetCsr(0x303, Pending); // mideleg
        SetCsr(0x304, Pending); // mie
        SetCsr(0x100, 2); // sstatus.SIE
        SetCsr(0x105, Handler); // stvec
        Arm((ulong)HartEvent.Instructions, 200);
        _hart.Enter(PrivilegeMode.User, Code, 0, 0);
        WriteCode(Code, Nop, LoopBack);
        _hart.Counters.Write(3, ulong.MaxValue - 199);
        _hart.RunSlice(300);
        Assert.Equal((1UL << 63) | InterruptCode.CounterOverflow, _hart.Scause);
        Assert.InRange(_hart.Sepc, Code, Code + 4);
        Assert.InRange(_hart.Counters.Read(3), 50UL, 110UL); // overflow after 200 of 300, the rest in the handler
    }

    [Theory]
    [InlineData(Cycle, 0)]
    [InlineData(Time, 1)]
    [InlineData(Instret, 2)]
    [InlineData(HpmCounter3, 3)]
    public void Enables_gate_each_counter_for_the_modes_below(uint csr, int bit)
    {
        foreach ((ulong machine, ulong supervisor, PrivilegeMode mode, bool permitted) in new[]
        {
            (0UL, 0UL, PrivilegeMode.Machine, true),
            (0UL, ulong.MaxValue, PrivilegeMode.Supervisor, false),
            (1UL << bit, 0UL, PrivilegeMode.Supervisor, true),
            (~(1UL << bit), ulong.MaxValue, PrivilegeMode.Supervisor, false),
            (ulong.MaxValue, 0UL, PrivilegeMode.User, false),
            (ulong.MaxValue, ~(1UL << bit), PrivilegeMode.User, false),
            (0UL, 1UL << bit, PrivilegeMode.User, false),
            (1UL << bit, 1UL << bit, PrivilegeMode.User, true),
        })
        {
            _hart.Reset(Code);
            _hart.Mtvec = Handler;
            _hart.OpenPmp();
            SetCsr(Mcounteren, machine);
            SetCsr(Scounteren, supervisor);
            _hart.Enter(mode, Code, 0, 0);
            Assert.Equal(permitted, Executes(Read(6, csr)));
        }
    }

    [Theory]
    [InlineData(Cycle)]
    [InlineData(Instret)]
    [InlineData(HpmCounter3)]
    [InlineData(Scountovf)]
    public void The_shadows_are_read_only(uint csr) => Assert.False(Executes(Write(csr, 5)));

    [Fact]
    public void Scountovf_shows_a_supervisor_only_what_mcounteren_permits()
    {
        SetCsr(MhpmEvent3, OverflowFlag | 1);
        SetCsr(Mcounteren, 0xF7);
        _hart.Enter(PrivilegeMode.Supervisor, Code, 0, 0);
        Assert.Equal(0UL, GetCsr(Scountovf));
        _hart.Mcounteren = 8;
        Assert.Equal(8UL, GetCsr(Scountovf));
    }

    private static uint Write(uint csr, uint rs) => (csr << 20) | (rs << 15) | (1 << 12) | 0x73;

    private static uint Read(uint rd, uint csr) => (csr << 20) | (2 << 12) | (rd << 7) | 0x73;

    // The counter wraps after so many instructions; nothing is pending before.
    private void Arm(ulong selector, ulong instructions)
    {
        _hart.Counters.WriteEvent(3, 0);
        _hart.Counters.WriteInhibit(8);
        _hart.Counters.Write(3, unchecked(0UL - instructions));
        _hart.Counters.WriteEvent(3, selector);
        _hart.Counters.WriteInhibit(0);
        _hart.SetSoftwarePending(InterruptCode.CounterOverflow, false);
    }

    private void SetCsr(uint csr, ulong value)
    {
        _hart.WriteRegister(5, value);
        Execute(Write(csr, 5));
    }

    private ulong GetCsr(uint csr)
    {
        Execute(Read(6, csr));
        return _hart.ReadRegister(6);
    }

    private bool Executes(uint instruction)
    {
        WriteCode(Code, instruction);
        _hart.Pc = Code;
        _hart.Step();
        return _hart.Pc == Code + 4;
    }

    private void Execute(params uint[] instructions)
    {
        WriteCode(Code, instructions);
        _hart.Pc = Code;
        foreach (uint _ in instructions)
        {
            _hart.Step();
        }
    }

    private void WriteCode(ulong address, params uint[] instructions)
    {
        for (int i = 0; i < instructions.Length; i++)
        {
            Assert.True(_ram.TryWrite(address + ((ulong)i * 4), BitConverter.GetBytes(instructions[i])));
        }
    }

    private sealed class StoppedClock : IClock
    {
        public ulong Frequency => 10_000_000;

        public ulong Ticks => 0;

        public ulong RealTime => 0;
    }
}
