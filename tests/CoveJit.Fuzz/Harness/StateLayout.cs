using CoveJit.Fuzz.Encoding;

namespace CoveJit.Fuzz.Harness;

/// <summary>The words of a checkpoint in their order: what the guest writes and the host names in reports.</summary>
public static class StateLayout
{
    private const ulong DelegableExceptions = 0xB1FE;
    private const ulong DelegableInterrupts = 0x222;

    /// <summary>CSRs compared at a checkpoint, each with the bits that count.</summary>
    public static readonly (int Number, ulong Mask)[] Csrs =
    [
        (Csr.Mcause, ulong.MaxValue), (Csr.Mtval, ulong.MaxValue), (Csr.Mscratch, ulong.MaxValue),
        (Csr.Medeleg, DelegableExceptions), (Csr.Mideleg, DelegableInterrupts), (Csr.Mie, 0xAAA), (Csr.Mip, DelegableInterrupts),
        (Csr.Mcounteren, 7), (Csr.Scounteren, 7), (Csr.Mcountinhibit, 5), (Csr.Sscratch, ulong.MaxValue),
        (Csr.Sepc, ulong.MaxValue), (Csr.Scause, ulong.MaxValue), (Csr.Stval, ulong.MaxValue), (Csr.Stvec, ulong.MaxValue),
        (Csr.Satp, ulong.MaxValue), (Csr.Sstatus, Mstatus.SstatusCompared), (Csr.Senvcfg, 1), (Csr.Menvcfg, 1),
        (Csr.Fcsr, ulong.MaxValue),
    ];

    public const int MepcIndex = 0;
    public const int MstatusIndex = 64;
    public const int TrapsLeftIndex = 65;
    public const int FirstCsrIndex = 66;

    public static int Words => FirstCsrIndex + Csrs.Length;

    public static string NameOf(int index) => index switch
    {
        MepcIndex => "mepc",
        < 32 => Registers.X(index),
        < MstatusIndex => Registers.F(index - 32),
        MstatusIndex => "mstatus",
        TrapsLeftIndex => "traps left",
        _ => Csr.Name(Csrs[index - FirstCsrIndex].Number),
    };
}
