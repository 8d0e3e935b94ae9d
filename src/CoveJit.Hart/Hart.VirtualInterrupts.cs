using CoveJit.Harts.Csrs;
using CoveJit.Harts.Interrupts;
using CoveJit.Harts.Traps;

namespace CoveJit.Harts;

/// <summary>Interrupts at VS level (Privileged, "Hypervisor Interrupt Registers"; AIA 1.0, "Interrupts for Virtual Machines (VS Level)").</summary>
public sealed unsafe partial class Hart
{
    private ulong _guestPending;
    private ulong _guestEnable;
    private ulong _confidentialGuestFiles;

    /// <summary>The guest interrupt files, in order from number 1.</summary>
    public IReadOnlyList<InterruptFile> GuestFiles => _interruptDomain.GuestFiles;

    /// <summary>
    /// Guest interrupt files, bit n for number n, that the domain that the machine boots in has given away: its hstatus.VGEIN selects no such file. Their wires
    /// remain in hgeip, which tells it no more than that something is pending. Thread-safe.
    /// </summary>
    public ulong ConfidentialGuestFiles
    {
        get => Volatile.Read(ref _confidentialGuestFiles);
        set => Volatile.Write(ref _confidentialGuestFiles, value);
    }

    /// <summary>The priority numbers of VS level: hviprio1 and hviprio2.</summary>
    public PriorityArray VirtualPriorities { get; }

    /// <summary>The guest interrupt file that hstatus.VGEIN selects, or null.</summary>
    internal InterruptFile? GuestFile =>
        (int)((Hstatus & Csrs.Hstatus.Vgein) >> Csrs.Hstatus.VgeinShift) is int number and > 0 && number <= GuestFiles.Count && ((GivenGuests >> number) & 1) != 0
        && (Sdid != 0 || ((ConfidentialGuestFiles >> number) & 1) == 0)
            ? GuestFiles[number - 1] : null;

    /// <summary>Whether an interrupt is pending and enabled at VS level, so that WFI there would not wait.</summary>
    public bool HasGuestInterrupt => Vstopi != 0;

    internal ulong Vsiselect { get; set; }

    internal ulong Hvien { get; private set; }

    internal ulong Hvictl { get; private set; }

    /// <summary>Whether hvictl.VTI is set: the hypervisor tells which interrupt is pending, and emulates sip and sie.</summary>
    internal bool VirtualInterruptsControlled => (Hvictl & Csrs.Hvictl.Vti) != 0;

    /// <summary>hip and hvip: the base interrupts as software set them, and those that hvien enables.</summary>
    internal ulong Hvip => (Volatile.Read(ref _softwarePending) & InterruptCode.VirtualMask) | _guestPending;

    /// <summary>vsip: base interrupts one place to the right, where an OS looks for its own; others from sip if delegated, from hvip if hvien enables them.</summary>
    internal ulong Vsip => ((Mip & Hideleg & InterruptCode.VirtualMask) >> 1) | (Sip & Hideleg & Overflow) | (_guestPending & GuestFiltered);

    /// <summary>vsie, in the same way.</summary>
    internal ulong Vsie => ((Mie & Hideleg & InterruptCode.VirtualMask) >> 1) | (Sie & Hideleg & Overflow) | (_guestEnable & GuestFiltered);

    internal ulong Vstopi => TopAtVirtualSupervisor()?.ToTopi((Hvictl & Csrs.Hvictl.Ipriom) != 0) ?? 0;

    /// <summary>hviprio1; the priority numbers in hviprio2 are of interrupts that do not exist.</summary>
    internal ulong Hviprio1
    {
        get
        {
            ulong value = 0;
            for (int i = 0; i < Hviprio1Codes.Length; i++)
            {
                value |= (ulong)VirtualPriorities[Hviprio1Codes[i]] << (8 * i);
            }

            return value;
        }

        set
        {
            for (int i = 0; i < Hviprio1Codes.Length; i++)
            {
                VirtualPriorities[Hviprio1Codes[i]] = (byte)(value >> (8 * i));
            }
        }
    }

    // The interrupts whose priority numbers are in hviprio1, from its lowest byte on.
    private static ReadOnlySpan<byte> Hviprio1Codes => [0, 1, 4, 5, 8, 13, 14, 15];

    // Local interrupts that hideleg can delegate further: those that machine level lets supervisor level have.
    private ulong GuestDelegable => (Mideleg | Mvien) & (Configuration.AdvancedInterrupts ? Overflow : 0);

    // Not delegated, but VS level's by hvien.
    private ulong GuestFiltered => Hvien & ~Hideleg;

    internal ulong UpdateHip(ulong set, ulong clear)
    {
        const ulong Writable = 1UL << InterruptCode.VirtualSupervisorSoftware;
        ulong old = Mip & InterruptCode.HypervisorMask;
        UpdateSoftwarePending(set & Writable, clear & Writable);
        return old;
    }

    internal ulong UpdateHvip(ulong set, ulong clear)
    {
        ulong own = Configuration.AdvancedInterrupts ? Overflow : 0;
        ulong old = Hvip;
        _guestPending = (_guestPending | (set & own)) & ~(clear & own);
        UpdateSoftwarePending(set & InterruptCode.VirtualMask, clear & InterruptCode.VirtualMask);
        return old;
    }

    internal ulong UpdateVsip(ulong set, ulong clear)
    {
        const ulong Writable = 1UL << InterruptCode.VirtualSupervisorSoftware;
        ulong old = Vsip;
        UpdateSip(set & Hideleg & Overflow, clear & Hideleg & Overflow);
        UpdateHvip(set & GuestFiltered, clear & GuestFiltered);
        UpdateSoftwarePending((set << 1) & Hideleg & Writable, (clear << 1) & Hideleg & Writable);
        return old;
    }

    internal void WriteVsie(ulong value)
    {
        _guestEnable = (_guestEnable & ~GuestFiltered) | (value & GuestFiltered);
        ulong local = Hideleg & Overflow;
        WriteSie((Sie & ~local) | (value & local));
        ulong basic = Hideleg & InterruptCode.VirtualMask;
        WriteMie((Mie & ~basic) | ((value << 1) & basic));
    }

    internal void WriteHvien(ulong value)
    {
        Hvien = value & Overflow;
        UpdateInjects();
    }

    internal void WriteHvictl(ulong value)
    {
        Hvictl = value & Csrs.Hvictl.Writable;
        UpdateInjects();
    }

    internal ulong ReadVsireg() => GuestFile is InterruptFile file && InterruptFile.HasRegister(Vsiselect) ? file.Read(Vsiselect) : 0;

    internal ulong UpdateVsireg(ulong set, ulong clear) =>
        GuestFile is InterruptFile file && InterruptFile.HasRegister(Vsiselect) ? file.Update(Vsiselect, set, clear) : 0;

    private MajorInterrupt? TopAtVirtualSupervisor()
    {
        ulong pending = Vsip & Vsie;
        MajorInterrupt? external = (pending & External) != 0 ? new MajorInterrupt(InterruptCode.SupervisorExternal, VirtualExternalNumber()) : null;
        bool controlled = VirtualInterruptsControlled;
        if ((controlled ? ControlledInterrupt() : VirtualPriorities.Top(pending & ~External, 0)) is not MajorInterrupt other)
        {
            return external;
        }

        // Of equal rank, the external interrupt comes first, unless the hypervisor says otherwise.
        bool otherFirst = external is not MajorInterrupt first
            || other.Priority < first.Priority
            || (other.Priority == first.Priority && controlled && (Hvictl & Csrs.Hvictl.Dpr) == 0);
        return otherFirst ? other : external;
    }

    // The interrupt that hvictl tells of; the external interrupt's code stands for none.
    private MajorInterrupt? ControlledInterrupt()
    {
        int code = (int)((Hvictl & Csrs.Hvictl.Iid) >> Csrs.Hvictl.IidShift);
        uint number = (uint)(Hvictl & Csrs.Hvictl.Iprio);
        return code == InterruptCode.SupervisorExternal ? null
            : new MajorInterrupt(code, number != 0 ? number : (Hvictl & Csrs.Hvictl.Dpr) == 0 ? 0 : MajorInterrupt.Default);
    }

    private uint VirtualExternalNumber()
    {
        if (GuestFile?.Top is uint identity and not 0)
        {
            return identity;
        }

        bool emulated = (Hstatus & Csrs.Hstatus.Vgein) == 0
            && (Hvictl & Csrs.Hvictl.Iid) >> Csrs.Hvictl.IidShift == InterruptCode.SupervisorExternal
            && (Hvictl & Csrs.Hvictl.Iprio) != 0;
        return emulated ? (uint)(Hvictl & Csrs.Hvictl.Iprio) : MajorInterrupt.Uncontrolled;
    }

    private void ResetVirtualInterrupts()
    {
        _guestPending = _guestEnable = 0;
        Hvien = Hvictl = Vsiselect = 0;
        VirtualPriorities.Reset();
    }
}
