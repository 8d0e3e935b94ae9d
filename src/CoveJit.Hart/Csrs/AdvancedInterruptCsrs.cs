using CoveJit.Harts.Interrupts;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Csrs;

/// <summary>
/// CSRs of the Advanced Interrupt Architecture (AIA 1.0, "Control and Status Registers (CSRs) Added to Harts"), and those that Sscsrind adds for
/// indirect access. Conditions for VS-mode are declared with the supervisor CSR.
/// </summary>
/// <remarks>The further aliases mireg2 to mireg6, sireg2 to sireg6 and vsireg2 to vsireg6 access nothing at any select value. The first are illegal and not declared; to the others a guest's access is a virtual-instruction exception.</remarks>
internal static class AdvancedInterruptCsrs
{
    // Sscsrind: at least 0 to 0xFFF. Machine level has the same.
    private const ulong SelectMask = 0xFFF;

    private static readonly uint[] FurtherAliases = [0x152, 0x153, 0x155, 0x156, 0x157];

    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        if (!configuration.AdvancedInterrupts)
        {
            return [];
        }

        return
        [
            .. MachineAndSupervisor(),
            .. configuration.HasImsic ? InterruptFiles() : [],
            .. configuration.Extensions.Has(Extension.H) ? Hypervisor(configuration) : [],
        ];
    }

    private static IEnumerable<Csr> MachineAndSupervisor() =>
    [
        new(0x150, "siselect", h => h.Siselect, (h, v) => h.Siselect = v & SelectMask, PermitsIndirect, PermitsGuestIndirect),
        new(0x151, "sireg", h => h.ReadSireg(), permits: PermitsSireg, permitsVirtual: PermitsGuestSireg, update: (h, set, clear) => h.UpdateSireg(set, clear)),
        new(0x308, "mvien", h => h.Mvien, (h, v) => h.WriteMvien(v)),
        new(0x309, "mvip", h => h.Mvip, update: (h, set, clear) => h.UpdateMvip(set, clear)),
        new(0x350, "miselect", h => h.Miselect, (h, v) => h.Miselect = v & SelectMask),
        new(0x351, "mireg", h => h.ReadMireg(), permits: h => h.HasIndirectRegister(h.Miselect), update: (h, set, clear) => h.UpdateMireg(set, clear)),
        new(0xDB0, "stopi", h => h.Stopi, permits: PermitsOther, permitsVirtual: (h, _) => h.GuestStateEnabled(StateEnableCsrs.Aia)),
        new(0xFB0, "mtopi", h => h.Mtopi),
    ];

    private static IEnumerable<Csr> InterruptFiles() =>
    [
        new(0x15C, "stopei", h => Hart.TopExternal(h.SupervisorFile!.Top), permits: PermitsSupervisorFile, permitsVirtual: PermitsGuestFile, update: (h, _, _) => Hart.TopExternal(h.SupervisorFile!.Claim())),
        new(0x35C, "mtopei", h => Hart.TopExternal(h.MachineFile!.Top), update: (h, _, _) => Hart.TopExternal(h.MachineFile!.Claim())),
    ];

    private static IEnumerable<Csr> Hypervisor(HartConfiguration configuration)
    {
        yield return new(0x250, "vsiselect", h => h.Vsiselect, (h, v) => h.Vsiselect = v & SelectMask, PermitsIndirect);
        yield return new(0x251, "vsireg", h => h.ReadVsireg(), permits: PermitsVsireg, update: (h, set, clear) => h.UpdateVsireg(set, clear));
        yield return new(0x25C, "vstopei", h => Hart.TopExternal(h.GuestFile?.Top ?? 0), permits: PermitsVstopei, update: (h, _, _) => Hart.TopExternal(h.GuestFile?.Claim() ?? 0));
        yield return new(0x608, "hvien", h => h.Hvien, (h, v) => h.WriteHvien(v), PermitsOther);
        yield return new(0x609, "hvictl", h => h.Hvictl, (h, v) => h.WriteHvictl(v), PermitsOther);
        yield return new(0x646, "hviprio1", h => h.Hviprio1, (h, v) => h.Hviprio1 = v, PermitsOther);
        yield return new(0x647, "hviprio2", _ => 0, permits: PermitsOther);
        yield return new(0xEB0, "vstopi", h => h.Vstopi, permits: PermitsOther);
        if (!configuration.HasImsic)
        {
            yield return OfGuestsOnly(0x15C, "stopei", _ => true);
        }

        foreach (uint number in FurtherAliases)
        {
            yield return OfGuestsOnly(number, $"sireg{number - (number < 0x154 ? 0x150 : 0x151)}", PermitsIndirect);
            yield return OfGuestsOnly(number + 0x100, $"vsireg{number - (number < 0x154 ? 0x150 : 0x151)}", PermitsIndirect);
        }
    }

    // Exists only in that a guest's access is not illegal, but a virtual instruction.
    private static Csr OfGuestsOnly(uint number, string name, Func<Hart, bool> permits) =>
        new(number, name, _ => 0, permits: h => h.IsVirtual && permits(h), permitsVirtual: (_, _) => false);

    private static bool PermitsOther(Hart hart) => hart.StateEnabled(StateEnableCsrs.Aia);

    private static bool PermitsIndirect(Hart hart) => hart.StateEnabled(StateEnableCsrs.Csrind);

    private static bool PermitsGuestIndirect(Hart hart, bool writes) => hart.GuestStateEnabled(StateEnableCsrs.Csrind);

    private static bool PermitsSireg(Hart hart)
    {
        if (!PermitsIndirect(hart))
        {
            return false;
        }

        if (!hart.IsVirtual)
        {
            return PriorityArray.HasRegister(hart.Siselect) ? PermitsOther(hart) : hart.HasIndirectRegister(hart.Siselect) && PermitsSupervisorFile(hart);
        }

        // VU-mode's access is a virtual instruction in any case, VS-mode's at the select values that are defined.
        return hart.Privilege == PrivilegeMode.User
            || IsPriority(hart.Vsiselect)
            || (IsInterruptFile(hart.Vsiselect) && (!hart.Configuration.HasImsic || hart.StateEnabled(StateEnableCsrs.Imsic)));
    }

    private static bool PermitsGuestSireg(Hart hart, bool writes) =>
        PermitsGuestIndirect(hart, writes) && InterruptFile.HasRegister(hart.Vsiselect) && PermitsGuestFile(hart, writes);

    // Filtered by machine level (mvien), external interrupts are not for S-mode to take from the file.
    private static bool PermitsSupervisorFile(Hart hart) =>
        hart.StateEnabled(StateEnableCsrs.Imsic)
        && (hart.Privilege == PrivilegeMode.Machine || hart.IsVirtual || (hart.Mvien & (1UL << InterruptCode.SupervisorExternal)) == 0);

    private static bool PermitsGuestFile(Hart hart, bool writes) => hart.GuestFile is not null && hart.GuestStateEnabled(StateEnableCsrs.Imsic);

    // With V = 1 only whether the access is a virtual instruction or illegal.
    private static bool PermitsVsireg(Hart hart) =>
        PermitsIndirect(hart)
        && (hart.IsVirtual || (InterruptFile.HasRegister(hart.Vsiselect) && hart.GuestFile is not null && hart.StateEnabled(StateEnableCsrs.Imsic)));

    private static bool PermitsVstopei(Hart hart) => hart.IsVirtual
        ? !hart.Configuration.HasImsic || hart.StateEnabled(StateEnableCsrs.Imsic)
        : hart.GuestFile is not null && hart.StateEnabled(StateEnableCsrs.Imsic);

    private static bool IsPriority(ulong select) => select is >= PriorityArray.First and <= PriorityArray.Last;

    private static bool IsInterruptFile(ulong select) => select is >= InterruptFile.Delivery and <= InterruptFile.LastRegister;
}
