using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Cache-block prefetch hints (Unprivileged, chapter "CMO", Zicbop): they do nothing here. Without the extension they are ORI to x0, which does nothing either.</summary>
public static class Zicbop
{
    /// <summary>Prefetches for instruction fetch.</summary>
    [System("prefetch.i", "imm[11:5] 00000 rs1 110 00000 0010011", Extension.Zicbop, EndsBlock = false, Operands = "{imm}({rs1})")]
    public static Flow PrefetchI(IMachine machine) => Flow.Next;

    /// <summary>Prefetches for a read.</summary>
    [System("prefetch.r", "imm[11:5] 00001 rs1 110 00000 0010011", Extension.Zicbop, EndsBlock = false, Operands = "{imm}({rs1})")]
    public static Flow PrefetchR(IMachine machine) => Flow.Next;

    /// <summary>Prefetches for a write.</summary>
    [System("prefetch.w", "imm[11:5] 00011 rs1 110 00000 0010011", Extension.Zicbop, EndsBlock = false, Operands = "{imm}({rs1})")]
    public static Flow PrefetchW(IMachine machine) => Flow.Next;
}
