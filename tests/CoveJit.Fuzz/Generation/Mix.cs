namespace CoveJit.Fuzz.Generation;

/// <summary>What goes into the programs: <c>--mix int,fp,mem,csr,paging,smc</c>.</summary>
[Flags]
public enum Mix
{
    None = 0,
    Int = 1,
    Fp = 2,
    Mem = 4,
    Csr = 8,
    Paging = 16,
    Smc = 32,
    All = Int | Fp | Mem | Csr | Paging | Smc,
}
