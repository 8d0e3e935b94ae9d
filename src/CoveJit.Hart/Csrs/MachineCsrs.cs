using CoveJit.Isa;

namespace CoveJit.Harts.Csrs;

/// <summary>Machine-level CSRs (Privileged, "Machine-Level ISA").</summary>
internal static class MachineCsrs
{
    // Exceptions that may be delegated: all but ecall from M. Then those that the hypervisor extension adds: ecall from VS, guest-page faults, virtual instruction.
    private const ulong Delegable = 0xB3FF;
    private const ulong HypervisorDelegable = 0xF0_0400;
    private const ulong SoftwareCheck = 1UL << 18; // Zicfilp, Zicfiss

    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        yield return new(0xF11, "mvendorid", _ => 0);
        yield return new(0xF12, "marchid", _ => 0);
        yield return new(0xF13, "mimpid", _ => 0);
        yield return new(0xF14, "mhartid", h => (ulong)h.Id);
        yield return new(0xF15, "mconfigptr", _ => 0);
        ulong misa = Misa.Of(configuration.Extensions);
        bool hypervisor = configuration.Extensions.Has(Extension.H);
        ulong statusFields = Mstatus.Writable | (hypervisor ? Mstatus.HypervisorWritable : 0);
        bool controlFlow = configuration.Extensions.Has(Extension.Zicfilp) || configuration.Extensions.Has(Extension.Zicfiss);
        ulong delegable = Delegable | (hypervisor ? HypervisorDelegable : 0) | (controlFlow ? SoftwareCheck : 0);
        yield return new(0x300, "mstatus", h => h.ReadMstatus(), (h, v) => h.WriteMstatus(v, statusFields));
        yield return new(0x301, "misa", _ => misa, static (_, _) => { });
        yield return new(0x302, "medeleg", h => h.Medeleg, (h, v) => h.Medeleg = v & delegable);
        yield return new(0x303, "mideleg", h => h.Mideleg, (h, v) => h.WriteMideleg(v));
        yield return new(0x304, "mie", h => h.Mie, (h, v) => h.WriteMie(v));
        yield return new(0x305, "mtvec", h => h.Mtvec, (h, v) => h.Mtvec = Hart.LegalizeVector(h.Mtvec, v));
        yield return new(0x306, "mcounteren", h => h.Mcounteren, (h, v) => h.Mcounteren = (uint)v & h.Counters.Implemented);
        yield return new(0x30A, "menvcfg", h => h.Menvcfg, (h, v) => h.WriteMenvcfg(v));
        yield return new(0x340, "mscratch", h => h.Mscratch, (h, v) => h.Mscratch = v);
        yield return new(0x341, "mepc", h => h.Mepc, (h, v) => h.Mepc = v & ~1UL);
        yield return new(0x342, "mcause", h => h.Mcause, (h, v) => h.Mcause = v);
        yield return new(0x343, "mtval", h => h.Mtval, (h, v) => h.Mtval = v);
        yield return new(0x344, "mip", h => h.Mip, update: (h, set, clear) => h.UpdateMip(set, clear));
        yield return new(0x747, "mseccfg", h => h.ReadMseccfg(), (h, v) => h.WriteMseccfg(v));
    }
}
