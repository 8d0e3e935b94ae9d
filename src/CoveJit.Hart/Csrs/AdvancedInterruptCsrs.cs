using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Csrs;

/// <summary>CSRs of the Advanced Interrupt Architecture (AIA 1.0, "Control and Status Registers (CSRs) Added to Harts").</summary>
/// <remarks>Smcsrind's and Sscsrind's mireg2 to mireg6 and sireg2 to sireg6 are illegal at every select value that exists, and so are not declared.</remarks>
internal static class AdvancedInterruptCsrs
{
    // Sscsrind: at least 0 to 0xFFF. Machine level has the same.
    private const ulong SelectMask = 0xFFF;

    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        if (!configuration.AdvancedInterrupts)
        {
            yield break;
        }

        yield return new(0x150, "siselect", h => h.Siselect, (h, v) => h.Siselect = v & SelectMask, h => h.StateEnabled(StateEnableCsrs.Csrind));
        yield return new(0x151, "sireg", h => h.ReadSireg(), permits: PermitsSireg, update: (h, set, clear) => h.UpdateSireg(set, clear));
        yield return new(0x308, "mvien", h => h.Mvien, (h, v) => h.WriteMvien(v));
        yield return new(0x309, "mvip", h => h.Mvip, update: (h, set, clear) => h.UpdateMvip(set, clear));
        yield return new(0x350, "miselect", h => h.Miselect, (h, v) => h.Miselect = v & SelectMask);
        yield return new(0x351, "mireg", h => h.ReadMireg(), permits: h => h.HasIndirectRegister(h.Miselect), update: (h, set, clear) => h.UpdateMireg(set, clear));
        yield return new(0xDB0, "stopi", h => h.Stopi, permits: h => h.StateEnabled(StateEnableCsrs.Aia));
        yield return new(0xFB0, "mtopi", h => h.Mtopi);
        if (configuration.HasImsic)
        {
            yield return new(0x15C, "stopei", h => Hart.TopExternal(h.SupervisorFile!.Top), permits: PermitsSupervisorFile, update: (h, _, _) => Hart.TopExternal(h.SupervisorFile!.Claim()));
            yield return new(0x35C, "mtopei", h => Hart.TopExternal(h.MachineFile!.Top), update: (h, _, _) => Hart.TopExternal(h.MachineFile!.Claim()));
        }
    }

    private static bool PermitsSireg(Hart hart) =>
        hart.StateEnabled(StateEnableCsrs.Csrind)
        && hart.HasIndirectRegister(hart.Siselect)
        && (Hart.IsPriority(hart.Siselect) ? hart.StateEnabled(StateEnableCsrs.Aia) : PermitsSupervisorFile(hart));

    // Filtered by machine level (mvien), external interrupts are not for S-mode to take from the file.
    private static bool PermitsSupervisorFile(Hart hart) =>
        hart.StateEnabled(StateEnableCsrs.Imsic)
        && (hart.Privilege == PrivilegeMode.Machine || (hart.Mvien & (1UL << InterruptCode.SupervisorExternal)) == 0);
}
