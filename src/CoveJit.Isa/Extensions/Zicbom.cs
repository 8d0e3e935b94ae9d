using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Cache-block management (Unprivileged, chapter "CMO", Zicbom).</summary>
public static class Zicbom
{
    /// <summary>Invalidates the cache block at rs1.</summary>
    [System("cbo.inval", "000000000000 rs1 010 00000 0001111", Extension.Zicbom, EndsBlock = false, Operands = "({rs1})")]
    public static Flow CboInval(IMachine machine, ulong rs1) => machine.CacheBlock(CacheBlockOperation.Invalidate, rs1);

    /// <summary>Cleans the cache block at rs1.</summary>
    [System("cbo.clean", "000000000001 rs1 010 00000 0001111", Extension.Zicbom, EndsBlock = false, Operands = "({rs1})")]
    public static Flow CboClean(IMachine machine, ulong rs1) => machine.CacheBlock(CacheBlockOperation.Clean, rs1);

    /// <summary>Flushes the cache block at rs1.</summary>
    [System("cbo.flush", "000000000010 rs1 010 00000 0001111", Extension.Zicbom, EndsBlock = false, Operands = "({rs1})")]
    public static Flow CboFlush(IMachine machine, ulong rs1) => machine.CacheBlock(CacheBlockOperation.Flush, rs1);
}
