using CoveJit.Harts.Csrs;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>Storage of the CSRs and the writes with side effects; the registers themselves are declared in <c>Csrs/</c>.</summary>
public sealed unsafe partial class Hart
{
    /// <summary>mstatus without the derived bits; <see cref="ReadMstatus"/> is what software reads.</summary>
    public ulong Mstatus
    {
        get;
        internal set
        {
            const ulong OfContext = Csrs.Mstatus.Sum | Csrs.Mstatus.Mxr | Csrs.Mstatus.Mprv | Csrs.Mstatus.Mpp | Csrs.Mstatus.Mpv;
            _contextChanged |= ((field ^ value) & OfContext) != 0;
            field = value;
        }
    }

    /// <summary>medeleg.</summary>
    public ulong Medeleg { get; set; }

    /// <summary>mideleg; use <see cref="WriteMideleg"/> to change it.</summary>
    public ulong Mideleg { get; private set; }

    /// <summary>mie.</summary>
    public ulong Mie { get; internal set; }

    /// <summary>mtvec.</summary>
    public ulong Mtvec { get; internal set; }

    /// <summary>mcounteren.</summary>
    public uint Mcounteren { get; set; }

    /// <summary>menvcfg; use <see cref="WriteMenvcfg"/> to change it.</summary>
    public ulong Menvcfg { get; private set; }

    /// <summary>mepc.</summary>
    public ulong Mepc { get; internal set; }

    /// <summary>mcause.</summary>
    public ulong Mcause { get; internal set; }

    /// <summary>mtval.</summary>
    public ulong Mtval { get; internal set; }

    /// <summary>stvec.</summary>
    public ulong Stvec { get; internal set; }

    /// <summary>sepc.</summary>
    public ulong Sepc { get; internal set; }

    /// <summary>scause.</summary>
    public ulong Scause { get; set; }

    /// <summary>stval.</summary>
    public ulong Stval { get; set; }

    /// <summary>stimecmp; use <see cref="WriteStimecmp"/> to change it.</summary>
    public ulong Stimecmp { get; private set; }

    /// <summary>satp; WARL: a write of an unsupported mode changes nothing.</summary>
    public ulong Satp
    {
        get;
        private set
        {
            field = value;
            ChangeAddressSpace();
        }
    }

    internal ulong Mscratch { get; set; }

    internal ulong Sscratch { get; set; }

    internal uint Scounteren { get; set; }

    internal ulong Senvcfg { get; set; }

    /// <summary>mstateen0 to mstateen3; use <see cref="EnableAllState"/> to open them.</summary>
    public ulong[] Mstateen { get; } = new ulong[4];

    /// <summary>mstatus as software reads it: FS and SD reflect the floating-point state.</summary>
    public ulong ReadMstatus()
    {
        SettleFloatState();
        return Mstatus | Csrs.Mstatus.Xl | ((Mstatus & Csrs.Mstatus.Fs) == Csrs.Mstatus.Fs ? Csrs.Mstatus.Sd : 0);
    }

    /// <summary>Writes the fields of mstatus in <paramref name="mask"/>.</summary>
    public void WriteMstatus(ulong value, ulong mask)
    {
        ulong mpp = value & Csrs.Mstatus.Mpp;
        if (mpp == 2UL << Csrs.Mstatus.MppShift)
        {
            value = (value & ~Csrs.Mstatus.Mpp) | (Mstatus & Csrs.Mstatus.Mpp); // reserved: keep the old mode
        }

        value &= ~UnimplementedStatus;
        Mstatus = (ReadMstatus() & (Csrs.Mstatus.Writable | Csrs.Mstatus.HypervisorWritable) & ~mask) | (value & mask);
        UpdateFloatState();
        RecheckInterrupts();
    }

    /// <summary>Writes menvcfg.</summary>
    public void WriteMenvcfg(ulong value)
    {
        ulong old = Menvcfg;
        Menvcfg = LegalizeEnvcfg(old, value, Envcfg.MachineWritable);
        if (((old ^ Menvcfg) & (Envcfg.Adue | Envcfg.Pbmte | Envcfg.Sse)) != 0)
        {
            FlushTranslations();
        }

        Henvcfg &= ~Envcfg.GatedByMachine | Menvcfg;
        UpdateControlFlow();
        if (((old ^ Menvcfg) & Envcfg.Stce) != 0)
        {
            PollTimers();
        }
    }

    /// <summary>Writes stimecmp and re-evaluates STIP.</summary>
    public void WriteStimecmp(ulong value)
    {
        Stimecmp = value;
        PollTimers();
    }

    /// <summary>Writes mideleg. The interrupts of the hypervisor extension stay delegated whatever is written.</summary>
    public void WriteMideleg(ulong value)
    {
        Mideleg = (value & (InterruptCode.SupervisorMask | DomainInterrupt)) | AlwaysDelegated;
        RecheckInterrupts();
    }

    internal static ulong LegalizeVector(ulong old, ulong value) => (value & 3) <= 1 ? value : (value & ~3UL) | (old & 3);

    internal ulong LegalizeEnvcfg(ulong old, ulong value, ulong writable)
    {
        // CBIE = 2 is reserved: keep the old setting.
        if ((value & Envcfg.Cbie) == 2UL << 4)
        {
            value = (value & ~Envcfg.Cbie) | (old & Envcfg.Cbie);
        }

        return value & writable & ~UnimplementedEnvcfg;
    }

    internal void WriteSenvcfg(ulong value)
    {
        Senvcfg = LegalizeEnvcfg(Senvcfg, value, Envcfg.SupervisorWritable & ~GatedUserEnvironment);
        UpdateControlFlow();
    }

    internal void WriteMie(ulong value)
    {
        Mie = value & (InterruptCode.All | AlwaysDelegated | DomainInterrupt);
        RecheckInterrupts();
    }

    internal void WriteSatp(ulong value) => Satp = LegalizeSatp(Satp, value);

    internal void WriteMseccfg(ulong value)
    {
        Pmp.WriteSecurityConfiguration(value);
        MachineLandingPads = HasLandingPads && (value & MseccfgMlpe) != 0;
        UpdateControlFlow();
        FlushTranslations();
    }

    internal void WritePmp(Action<PmpUnit> write)
    {
        write(Pmp);
        FlushTranslations();
    }

    internal void WriteFloatControl(uint fflags, uint frm)
    {
        _state->Fflags = fflags;
        _state->Frm = frm;
        _state->FloatDirty = 1;
    }

    internal bool StateEnabled(ulong bit) => Privilege == PrivilegeMode.Machine || (Mstateen[0] & bit) != 0;

    /// <summary>Lets lower modes use the state that <c>mstateen0</c> gates, as firmware does at start.</summary>
    public void EnableAllState()
    {
        for (int i = 0; i < Mstateen.Length; i++)
        {
            Mstateen[i] = StateEnableCsrs.Writable(Configuration, i);
            Hstateen[i] = 0; // M-mode's to initialize (Smstateen, "Usage")
        }
    }

    /// <summary>Opens all of memory to S- and U-mode with the first PMP entry, as firmware does that protects nothing this way.</summary>
    public void OpenPmp()
    {
        Pmp.WriteAddress(0, ulong.MaxValue);
        Pmp.WriteConfiguration(0, 0x1F); // NAPOT, RWX
        FlushTranslations();
    }

    private void ResetCsrs()
    {
        Mstatus = 0;
        Mideleg = AlwaysDelegated;
        Medeleg = Mie = Mtvec = Menvcfg = Mepc = Mcause = Mtval = Mscratch = 0;
        Stvec = Sepc = Scause = Stval = Satp = Sscratch = Senvcfg = 0;
        Stimecmp = ulong.MaxValue;
        Mcounteren = Scounteren = 0;
        Array.Clear(Mstateen);
        ResetHypervisorCsrs();
        ResetControlFlow();
        ResetInterrupts();
        _waiting = _yielding = false;
    }

    private ulong AlwaysDelegated => HasHypervisor ? InterruptCode.HypervisorMask : 0;

    private bool IsTranslationMode(uint mode) => mode == 0 || (mode >= 8 && mode <= 5 + (uint)Configuration.MaximumLevels);

    private ulong LegalizeSatp(ulong old, ulong value)
    {
        ulong asidMask = ((1UL << Configuration.AsidBits) - 1) << 44;
        return IsTranslationMode((uint)(value >> 60)) ? value & (asidMask | (0xFUL << 60) | ((1UL << 44) - 1)) : old;
    }

    // Brings the two float words of the executing state in line with mstatus.FS and, with V = 1, vsstatus.FS: floating point is off where either is,
    // and needs no further note of being dirty where both say so.
    private void UpdateFloatState()
    {
        ulong fs = Mstatus & Csrs.Mstatus.Fs;
        ulong virtualFs = IsVirtual ? Vsstatus & Csrs.Mstatus.Fs : fs;
        _state->FloatOff = fs == 0 || virtualFs == 0 ? 1u : 0;
        _state->FloatDirty = fs == Csrs.Mstatus.Fs && virtualFs == Csrs.Mstatus.Fs ? 1u : 0;
    }

    // The other way: floating-point state written under the current V makes mstatus.FS Dirty and, with V = 1, vsstatus.FS.
    private void SettleFloatState()
    {
        if (_state->FloatDirty != 0 && _state->FloatOff == 0)
        {
            Mstatus |= Csrs.Mstatus.Fs;
            if (IsVirtual)
            {
                Vsstatus |= Csrs.Mstatus.Fs;
            }
        }
    }
}
