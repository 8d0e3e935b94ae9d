using CoveJit.Harts.Csrs;
using CoveJit.Harts.Execution;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>Control-flow integrity: landing pads (Zicfilp) and the shadow stack (Zicfiss) (Unprivileged and Privileged, chapters "CFI").</summary>
public sealed unsafe partial class Hart
{
    private const ulong MseccfgMlpe = 1UL << 10;

    // xtval of a software-check exception.
    private const ulong LandingPadFault = 2;
    private const ulong ShadowStackFault = 3;

    /// <summary>ssp; zero in bits 2:0.</summary>
    internal ulong Ssp { get; set; }

    private bool MachineLandingPads { get; set; }

    private bool HasLandingPads => Configuration.Extensions.Has(Extension.Zicfilp);

    private bool HasShadowStack => Configuration.Extensions.Has(Extension.Zicfiss);

    // Fields that exist only with the extensions.
    private ulong UnimplementedStatus => HasLandingPads ? 0 : Csrs.Mstatus.Spelp | Csrs.Mstatus.Mpelp;

    private ulong UnimplementedEnvcfg => (HasLandingPads ? 0 : Envcfg.Lpe) | (HasShadowStack ? 0 : Envcfg.Sse);

    // senvcfg.SSE is read-only zero where menvcfg.SSE is, and in guests where henvcfg.SSE is.
    private ulong GatedUserEnvironment => Envcfg.Sse & ~(Menvcfg & (IsVirtual ? Henvcfg : ~0UL));

    // xLPE (Privileged, "Landing-Pad-Enabled (LPE) State").
    private bool LandingPadsEnabled => Privilege switch
    {
        PrivilegeMode.Machine => MachineLandingPads,
        PrivilegeMode.Supervisor => ((IsVirtual ? Henvcfg : Menvcfg) & Envcfg.Lpe) != 0,
        _ => (Senvcfg & Envcfg.Lpe) != 0,
    };

    // xSSE (Privileged, "Shadow-Stack-Enabled (SSE) State").
    private bool ShadowStackEnabled => Privilege switch
    {
        PrivilegeMode.Machine => false,
        PrivilegeMode.Supervisor => ((IsVirtual ? Henvcfg : Menvcfg) & Envcfg.Sse) != 0,
        _ => (ReadSenvcfg() & Envcfg.Sse) != 0,
    };

    /// <inheritdoc/>
    public Flow ShadowStackPush(uint register)
    {
        if (!ShadowStackEnabled)
        {
            return Flow.Next;
        }

        ulong address = Ssp - sizeof(ulong);
        byte* host = ShadowStackOperand(address, sizeof(ulong), AccessType.Write);
        if (host == null)
        {
            return Flow.Trap;
        }

        Volatile.Write(ref *(ulong*)host, ReadRegister((int)register));
        AfterAtomicStore(host, sizeof(ulong));
        Ssp = address;
        return Flow.Next;
    }

    /// <inheritdoc/>
    public Flow ShadowStackPopCheck(uint register)
    {
        if (!ShadowStackEnabled)
        {
            return Flow.Next;
        }

        byte* host = ShadowStackOperand(Ssp, sizeof(ulong), AccessType.Read);
        if (host == null)
        {
            return Flow.Trap;
        }

        if (Volatile.Read(ref *(ulong*)host) != ReadRegister((int)register))
        {
            Fault(TrapCause.SoftwareCheck, ShadowStackFault);
            return Flow.Trap;
        }

        Ssp += sizeof(ulong);
        return Flow.Next;
    }

    /// <inheritdoc/>
    public Flow ShadowStackRead(uint rd)
    {
        WriteRegister((int)rd, ShadowStackEnabled ? Ssp : 0);
        return Flow.Next;
    }

    /// <inheritdoc/>
    public Flow ShadowStackSwap(ulong address, uint rd, ulong value, int size)
    {
        if (!ShadowStackPermitted(this))
        {
            return Illegal();
        }

        if (IsVirtual && !ShadowStackPermittedInGuest(this, true))
        {
            return VirtualInstruction();
        }

        byte* host = ShadowStackOperand(address, size, AccessType.Write);
        if (host == null)
        {
            return Flow.Trap;
        }

        ulong old = size == 4 ? (ulong)Interlocked.Exchange(ref *(int*)host, (int)value) : Interlocked.Exchange(ref *(ulong*)host, value);
        AfterAtomicStore(host, size);
        WriteRegister((int)rd, old);
        return Flow.Next;
    }

    /// <summary>Condition for ssp and SSAMOSWAP that is an illegal instruction's (Privileged, "Shadow Stack Pointer (ssp) CSR access control").</summary>
    internal static bool ShadowStackPermitted(Hart hart) =>
        hart.Privilege == PrivilegeMode.Machine
        || ((hart.Menvcfg & Envcfg.Sse) != 0 && (hart.IsVirtual || hart.Privilege != PrivilegeMode.User || (hart.Senvcfg & Envcfg.Sse) != 0));

    /// <summary>The rest of the condition with V = 1, a virtual instruction's.</summary>
    internal static bool ShadowStackPermittedInGuest(Hart hart, bool writes) => hart.ShadowStackEnabled;

    internal ulong ReadMseccfg() => Pmp.ReadSecurityConfiguration() | (MachineLandingPads ? MseccfgMlpe : 0);

    internal ulong ReadSenvcfg() => Senvcfg & ~GatedUserEnvironment;

    private void ResetControlFlow()
    {
        Ssp = 0;
        MachineLandingPads = false;
        UpdateControlFlow();
    }

    // To be called whenever the mode or what enables landing pads changes.
    private void UpdateControlFlow() => _state->LandingPads = LandingPadsEnabled ? 1u : 0;

    // Whether the first instruction after an indirect jump is what it must be (Zicfilp, LPAD): AUIPC x0, aligned, with no label or that in x7.
    // Otherwise records the exception.
    private bool LandsOnPad(uint raw)
    {
        const uint Lpad = 0x17; // AUIPC x0
        uint label = raw >> 12;
        if ((raw & 0xFFF) != Lpad || (_state->Pc & 3) != 0 || (label != 0 && label != (((uint)_state->X[7] >> 12) & 0xFFFFF)))
        {
            return Fault(TrapCause.SoftwareCheck, LandingPadFault);
        }

        _state->ExpectsLandingPad = 0;
        return true;
    }

    // On entry to a trap: ELP, for xPELP, and NO_LP_EXPECTED from here.
    private bool TakeLandingPad()
    {
        bool expected = _state->ExpectsLandingPad != 0;
        _state->ExpectsLandingPad = 0;
        return expected;
    }

    // On return from a trap, in the new mode.
    private void RestoreLandingPad(bool expected) => _state->ExpectsLandingPad = expected && _state->LandingPads != 0 ? 1u : 0;

    // Whether loads and stores of the current mode find a shadow stack page at an address.
    private bool IsShadowStackPage(ulong address) =>
        ((_dataMode.IsVirtual ? Henvcfg : Menvcfg) & Envcfg.Sse) != 0
        && _dataMode.Privilege != PrivilegeMode.Machine
        && Translate(_dataMode with { IsShadowStack = true }, address, AccessType.Read, out _) == WalkStatus.Ok;

    // The operand of a shadow stack instruction: translated and checked each time, since the TLB's entries are other instructions'.
    // Faults are a store's, whatever the instruction does.
    private byte* ShadowStackOperand(ulong address, int size, AccessType access)
    {
        if ((address & (ulong)(size - 1)) != 0 || _dataMode.Privilege == PrivilegeMode.Machine)
        {
            Fault(TrapCause.StoreAccessFault, address);
            return null;
        }

        AccessMode mode = _dataMode with { IsShadowStack = true };
        WalkStatus status = Translate(mode, address, access, out WalkResult result);
        PageTableReads += (ulong)result.EntriesRead;
        if (status != WalkStatus.Ok)
        {
            Fault(CauseOf(status, AccessType.Write), address, status, result);
            return null;
        }

        if (!Protect(result.Address, (ulong)size, AccessType.Read, mode)
            || !Protect(result.Address, (ulong)size, AccessType.Write, mode)
            || !Map.Ram.Contains(result.Address, (ulong)size))
        {
            Fault(TrapCause.StoreAccessFault, address);
            return null;
        }

        return Map.Ram.HostAddress(result.Address);
    }
}
