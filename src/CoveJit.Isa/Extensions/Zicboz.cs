using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Cache-block zero (Unprivileged, chapter "CMO", Zicboz).</summary>
public static class Zicboz
{
    /// <summary>Zeroes the cache block at rs1.</summary>
    [System("cbo.zero", "000000000100 rs1 010 00000 0001111", Extension.Zicboz, EndsBlock = false, Operands = "({rs1})")]
    public static Flow CboZero(IMachine machine, ulong rs1) => machine.CacheBlockZero(rs1);
}
