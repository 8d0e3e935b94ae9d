using System.Runtime.InteropServices;
using CoveJit.Harts.Code;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.Interrupts;
using CoveJit.Harts.State;
using CoveJit.Harts.Timing;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>
/// One RISC-V hart: architectural state, memory access, traps and interrupts. The parts are one file each: <c>Hart.Memory</c> (the slow path
/// behind the TLB), <c>Hart.Traps</c>, <c>Hart.Interrupts</c>, <c>Hart.System</c> (system instructions), <c>Hart.Hypervisor</c>, <c>Hart.SupervisorDomains</c>, <c>Hart.InterruptDomains</c>, <c>Hart.Contexts</c>, <c>Hart.Atomics</c>, <c>Hart.Run</c>.
/// All members are for the hart's own thread unless they say otherwise.
/// </summary>
public sealed unsafe partial class Hart : IMachine, IHartTimer, IDisposable
{
    private readonly NativeMemoryBlock _stateMemory;
    private readonly HartState* _state;
    private readonly CsrTable _csrs;

    // All exceptions masked, round to nearest even.
    private const uint DefaultMxcsr = 0x1F80;

    // Weak: the hart disposes of it, and forgotten harts may be collected.
    private readonly GCHandle _self;

    /// <summary>Makes a hart in its reset state.</summary>
    /// <param name="id">mhartid.</param>
    /// <param name="configuration">What it implements.</param>
    /// <param name="map">The physical address map.</param>
    /// <param name="code">The machine's cache of decoded blocks.</param>
    /// <param name="clock">The machine's time.</param>
    public Hart(int id, HartConfiguration configuration, PhysicalMap map, CodeCache code, IClock clock)
    {
        Id = id;
        Configuration = configuration;
        HasHypervisor = configuration.Extensions.Has(Extension.H);
        Map = map;
        Code = code;
        Clock = clock;
        Pmp = _pmp = new PmpUnit(configuration.PmpEntries);
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        _stateMemory = new NativeMemoryBlock((ulong)sizeof(HartState));
        _state = (HartState*)_stateMemory.Pointer;
        RamPointer = map.Ram.Pointer;
        CodeTables = code.Tables;
        code.Add(Tlb);
        _csrs = CsrTable.For(configuration);
        if (configuration.HasImsic)
        {
            MachineFile = new InterruptFile(configuration.InterruptIdentities, Line(InterruptCode.MachineExternal));
        }

        int guestFiles = configuration.HasImsic && HasHypervisor ? configuration.GuestExternalInterrupts : 0;
        InterruptDomains = [.. Enumerable.Range(0, configuration.InterruptDomains).Select(_ => new SupervisorInterruptDomain(this, guestFiles))];
        _interruptDomain = InterruptDomains[0];

        // Without an IMSIC nobody tells the external interrupts' priority numbers: there the iprio arrays are read-only zero.
        ulong machine = configuration.HasImsic ? InterruptCode.All : 0;
        ulong supervisor = configuration.HasImsic ? InterruptCode.SupervisorMask | (HasHypervisor ? InterruptCode.HypervisorMask : 0) : 0;
        MachinePriorities = new PriorityArray(InterruptCode.MachineExternal, machine & ~(1UL << InterruptCode.MachineExternal));
        SupervisorPriorities = new PriorityArray(InterruptCode.SupervisorExternal, supervisor & ~External);
        VirtualPriorities = new PriorityArray(InterruptCode.SupervisorExternal, Software | Timer | Overflow);
        Counters = new CounterUnit(this);
        Reset(0);
    }

    /// <summary>mhartid.</summary>
    public int Id { get; }

    /// <summary>What the hart implements.</summary>
    public HartConfiguration Configuration { get; }

    /// <summary>The physical address map.</summary>
    public PhysicalMap Map { get; }

    /// <summary>The machine's cache of decoded blocks.</summary>
    public CodeCache Code { get; }

    /// <summary>The machine's time.</summary>
    public IClock Clock { get; }

    /// <summary>The software TLB.</summary>
    public Tlb Tlb { get; } = new();

    /// <summary>Physical memory protection.</summary>
    public PmpUnit Pmp { get; private set; }

    /// <summary>mcycle, minstret and the programmable counters.</summary>
    public CounterUnit Counters { get; }

    /// <summary>The state that executing code touches.</summary>
    public HartState* State => _state;

    /// <summary>Current privilege mode.</summary>
    public PrivilegeMode Privilege
    {
        get;
        private set
        {
            field = value;
            _contextChanged = true;
        }
    }

    /// <summary>Address of the next instruction.</summary>
    public ulong Pc
    {
        get => _state->Pc;
        set => _state->Pc = value & ~1UL;
    }

    /// <summary>The managed service that owns M-mode, or null if real firmware runs there.</summary>
    public ITrapService? MachineService { get; set; }

    /// <summary>The managed service that is in the place of HS-mode while the hart is in a supervisor domain without one; otherwise null.</summary>
    public ITrapService? SupervisorService { get; set; }

    /// <summary>Traps taken, by cause: exceptions at 0 to 63, interrupts at 64 to 127; VS-mode's by their own codes (2, 6, 10), whatever vscause says.</summary>
    public ulong[] TrapCounts { get; } = new ulong[128];

    /// <summary>Entries of page tables read by walks.</summary>
    public ulong PageTableReads { get; private set; }

    /// <summary>Host address of guest RAM: kept here because every block lookup needs it.</summary>
    internal byte* RamPointer { get; }

    /// <summary>The code cache's tables, likewise.</summary>
    internal uint** CodeTables { get; }

    /// <summary>Reads an integer register.</summary>
    public ulong ReadRegister(int number) => _state->X[number & 31];

    /// <summary>Writes an integer register; x0 ignores it.</summary>
    public void WriteRegister(int number, ulong value)
    {
        if ((number & 31) != 0)
        {
            _state->X[number & 31] = value;
        }
    }

    /// <summary>Puts the hart into its reset state: M-mode, translation off, PMP off, at <paramref name="pc"/> (Privileged, "Reset").</summary>
    public void Reset(ulong pc)
    {
        *_state = default;
        _state->Ram = Map.Ram.Pointer;
        _state->CodeTables = Code.Tables;
        _state->Arena = Code.Arena;
        _state->MxcsrClear = DefaultMxcsr;
        _state->Hart = GCHandle.ToIntPtr(_self);
        _state->Pc = pc;
        Privilege = PrivilegeMode.Machine;
        ResetCsrs();
        ResetPmp();
        ResetSupervisorDomain();
        Tlb.FlushAll();
        Counters.Reset();
        _reservation = default;
        UpdateFloatState();
        UpdateContext();
        RecheckInterrupts();
    }

    /// <summary>Enters a mode at an address with interrupts disabled and translation off: how firmware hands over to the next stage (SBI, HSM hart start).</summary>
    public void Enter(PrivilegeMode mode, ulong pc, ulong a0, ulong a1)
    {
        Mstatus &= ~(Csrs.Mstatus.Sie | Csrs.Mstatus.Mprv);
        Satp = 0;
        _state->Pc = pc;
        _state->X[10] = a0;
        _state->X[11] = a1;
        SetMode(mode, isVirtual: false);
    }

    /// <summary>Releases native memory.</summary>
    public void Dispose()
    {
        _sleeper.Dispose();
        _self.Free();
        Code.Remove(Tlb);
        _mayRun.Dispose();
        Tlb.Dispose();
        _stateMemory.Dispose();
    }

    internal void SetMode(PrivilegeMode mode, bool isVirtual)
    {
        if (mode != Privilege || isVirtual != IsVirtual)
        {
            Counters.BeforeModeChange();
            SettleFloatState(); // what is dirty belongs to the old V
            Privilege = mode;
            IsVirtual = isVirtual;
            UpdateFloatState();
            Counters.AfterModeChange();
        }

        UpdateControlFlow();
        UpdateContext();
        RecheckInterrupts();
    }
}
