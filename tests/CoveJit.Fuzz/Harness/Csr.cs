namespace CoveJit.Fuzz.Harness;

/// <summary>CSR numbers used by the harness and the generator (privileged spec, "CSR Listing").</summary>
public static class Csr
{
    public const int Fflags = 0x001, Frm = 0x002, Fcsr = 0x003, Cycle = 0xC00, Time = 0xC01, Instret = 0xC02;

    public const int Sstatus = 0x100, Sie = 0x104, Stvec = 0x105, Scounteren = 0x106, Senvcfg = 0x10A, Sscratch = 0x140,
        Sepc = 0x141, Scause = 0x142, Stval = 0x143, Sip = 0x144, Stimecmp = 0x14D, Satp = 0x180;

    public const int Mstatus = 0x300, Medeleg = 0x302, Mideleg = 0x303, Mie = 0x304, Mtvec = 0x305, Mcounteren = 0x306,
        Menvcfg = 0x30A, Mcountinhibit = 0x320, Mscratch = 0x340, Mepc = 0x341, Mcause = 0x342, Mtval = 0x343, Mip = 0x344,
        Pmpcfg0 = 0x3A0, Pmpaddr0 = 0x3B0, Mhartid = 0xF14;

    private static readonly Dictionary<int, string> Names = new()
    {
        [Fflags] = "fflags",
        [Frm] = "frm",
        [Fcsr] = "fcsr",
        [Cycle] = "cycle",
        [Time] = "time",
        [Instret] = "instret",
        [Sstatus] = "sstatus",
        [Sie] = "sie",
        [Stvec] = "stvec",
        [Scounteren] = "scounteren",
        [Senvcfg] = "senvcfg",
        [Sscratch] = "sscratch",
        [Sepc] = "sepc",
        [Scause] = "scause",
        [Stval] = "stval",
        [Sip] = "sip",
        [Stimecmp] = "stimecmp",
        [Satp] = "satp",
        [Mstatus] = "mstatus",
        [Medeleg] = "medeleg",
        [Mideleg] = "mideleg",
        [Mie] = "mie",
        [Mtvec] = "mtvec",
        [Mcounteren] = "mcounteren",
        [Menvcfg] = "menvcfg",
        [Mcountinhibit] = "mcountinhibit",
        [Mscratch] = "mscratch",
        [Mepc] = "mepc",
        [Mcause] = "mcause",
        [Mtval] = "mtval",
        [Mip] = "mip",
        [Pmpcfg0] = "pmpcfg0",
        [Mhartid] = "mhartid",
    };

    public static string Name(int number) =>
        Names.TryGetValue(number, out string? name) ? name
        : number is >= Pmpaddr0 and < Pmpaddr0 + 64 ? $"pmpaddr{number - Pmpaddr0}"
        : $"0x{number:x3}";
}
