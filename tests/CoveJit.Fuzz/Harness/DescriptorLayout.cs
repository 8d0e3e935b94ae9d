namespace CoveJit.Fuzz.Harness;

/// <summary>
/// The order of the words in a segment descriptor: five words of head, mstatus, satp, the CSRs below, the PMP, x1..x31,
/// f0..f31, then the counted lists of memory regions {address, words, seed} and page-table entries {address, value}.
/// </summary>
public static class DescriptorLayout
{
    public const int Entry = 0, End = 8, Flags = 16, TrapLimit = 24, Next = 32, InitialMstatus = 40, InitialSatp = 48, FirstCsr = 56;

    public const ulong FullDump = 1, Last = 2;

    public static readonly int[] Csrs =
    [
        Csr.Mscratch, Csr.Mcause, Csr.Mtval, Csr.Medeleg, Csr.Mideleg, Csr.Mie, Csr.Menvcfg, Csr.Mip, Csr.Mcounteren,
        Csr.Scounteren, Csr.Mcountinhibit, Csr.Sscratch, Csr.Sepc, Csr.Scause, Csr.Stval, Csr.Senvcfg, Csr.Fcsr,
    ];

    public const int PmpEntries = 4;

    public static int FirstPmpAddress => FirstCsr + (Csrs.Length * 8);

    public static int PmpConfiguration => FirstPmpAddress + (PmpEntries * 8);

    public static int FirstX => PmpConfiguration + 8;

    public static int FirstF => FirstX + (31 * 8);

    public static int Lists => FirstF + (32 * 8);
}
