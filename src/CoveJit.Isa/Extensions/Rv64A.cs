using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Atomic instructions (Unprivileged, chapter "A": Zalrsc and Zaamo).</summary>
public static class Rv64A
{
    /// <summary>Loads a word and reserves it.</summary>
    [System("lr.w", "00010 aq rl 00000 rs1 010 rd 0101111", Extension.A, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow LrW(IMachine machine, uint rd, ulong rs1) => machine.LoadReserved(rs1, rd, 4);

    /// <summary>Stores a word if the reservation still holds.</summary>
    [System("sc.w", "00011 aq rl rs2 rs1 010 rd 0101111", Extension.A, EndsBlock = false, Operands = "{rd}, {rs2}, ({rs1})")]
    public static Flow ScW(IMachine machine, uint rd, ulong rs1, ulong rs2) => machine.StoreConditional(rs1, rd, rs2, 4);

    /// <summary>Loads a doubleword and reserves it.</summary>
    [System("lr.d", "00010 aq rl 00000 rs1 011 rd 0101111", Extension.A, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow LrD(IMachine machine, uint rd, ulong rs1) => machine.LoadReserved(rs1, rd, 8);

    /// <summary>Stores a doubleword if the reservation still holds.</summary>
    [System("sc.d", "00011 aq rl rs2 rs1 011 rd 0101111", Extension.A, EndsBlock = false, Operands = "{rd}, {rs2}, ({rs1})")]
    public static Flow ScD(IMachine machine, uint rd, ulong rs1, ulong rs2) => machine.StoreConditional(rs1, rd, rs2, 8);

    /// <summary>Swaps, atomically, a word.</summary>
    [Amo("amoswap.w", "00001 aq rl rs2 rs1 010 rd 0101111", Extension.A)]
    public static uint AmoswapW(uint memory, uint rs2) => rs2;

    /// <summary>Adds, atomically, a word.</summary>
    [Amo("amoadd.w", "00000 aq rl rs2 rs1 010 rd 0101111", Extension.A)]
    public static uint AmoaddW(uint memory, uint rs2) => memory + rs2;

    /// <summary>Exclusive or, atomically, a word.</summary>
    [Amo("amoxor.w", "00100 aq rl rs2 rs1 010 rd 0101111", Extension.A)]
    public static uint AmoxorW(uint memory, uint rs2) => memory ^ rs2;

    /// <summary>And, atomically, a word.</summary>
    [Amo("amoand.w", "01100 aq rl rs2 rs1 010 rd 0101111", Extension.A)]
    public static uint AmoandW(uint memory, uint rs2) => memory & rs2;

    /// <summary>Or, atomically, a word.</summary>
    [Amo("amoor.w", "01000 aq rl rs2 rs1 010 rd 0101111", Extension.A)]
    public static uint AmoorW(uint memory, uint rs2) => memory | rs2;

    /// <summary>Minimum, signed, atomically, a word.</summary>
    [Amo("amomin.w", "10000 aq rl rs2 rs1 010 rd 0101111", Extension.A)]
    public static uint AmominW(uint memory, uint rs2) => (uint)Math.Min((int)memory, (int)rs2);

    /// <summary>Maximum, signed, atomically, a word.</summary>
    [Amo("amomax.w", "10100 aq rl rs2 rs1 010 rd 0101111", Extension.A)]
    public static uint AmomaxW(uint memory, uint rs2) => (uint)Math.Max((int)memory, (int)rs2);

    /// <summary>Minimum, unsigned, atomically, a word.</summary>
    [Amo("amominu.w", "11000 aq rl rs2 rs1 010 rd 0101111", Extension.A)]
    public static uint AmominuW(uint memory, uint rs2) => Math.Min(memory, rs2);

    /// <summary>Maximum, unsigned, atomically, a word.</summary>
    [Amo("amomaxu.w", "11100 aq rl rs2 rs1 010 rd 0101111", Extension.A)]
    public static uint AmomaxuW(uint memory, uint rs2) => Math.Max(memory, rs2);

    /// <summary>Swaps, atomically, a doubleword.</summary>
    [Amo("amoswap.d", "00001 aq rl rs2 rs1 011 rd 0101111", Extension.A)]
    public static ulong AmoswapD(ulong memory, ulong rs2) => rs2;

    /// <summary>Adds, atomically, a doubleword.</summary>
    [Amo("amoadd.d", "00000 aq rl rs2 rs1 011 rd 0101111", Extension.A)]
    public static ulong AmoaddD(ulong memory, ulong rs2) => memory + rs2;

    /// <summary>Exclusive or, atomically, a doubleword.</summary>
    [Amo("amoxor.d", "00100 aq rl rs2 rs1 011 rd 0101111", Extension.A)]
    public static ulong AmoxorD(ulong memory, ulong rs2) => memory ^ rs2;

    /// <summary>And, atomically, a doubleword.</summary>
    [Amo("amoand.d", "01100 aq rl rs2 rs1 011 rd 0101111", Extension.A)]
    public static ulong AmoandD(ulong memory, ulong rs2) => memory & rs2;

    /// <summary>Or, atomically, a doubleword.</summary>
    [Amo("amoor.d", "01000 aq rl rs2 rs1 011 rd 0101111", Extension.A)]
    public static ulong AmoorD(ulong memory, ulong rs2) => memory | rs2;

    /// <summary>Minimum, signed, atomically, a doubleword.</summary>
    [Amo("amomin.d", "10000 aq rl rs2 rs1 011 rd 0101111", Extension.A)]
    public static ulong AmominD(ulong memory, ulong rs2) => (ulong)Math.Min((long)memory, (long)rs2);

    /// <summary>Maximum, signed, atomically, a doubleword.</summary>
    [Amo("amomax.d", "10100 aq rl rs2 rs1 011 rd 0101111", Extension.A)]
    public static ulong AmomaxD(ulong memory, ulong rs2) => (ulong)Math.Max((long)memory, (long)rs2);

    /// <summary>Minimum, unsigned, atomically, a doubleword.</summary>
    [Amo("amominu.d", "11000 aq rl rs2 rs1 011 rd 0101111", Extension.A)]
    public static ulong AmominuD(ulong memory, ulong rs2) => Math.Min(memory, rs2);

    /// <summary>Maximum, unsigned, atomically, a doubleword.</summary>
    [Amo("amomaxu.d", "11100 aq rl rs2 rs1 011 rd 0101111", Extension.A)]
    public static ulong AmomaxuD(ulong memory, ulong rs2) => Math.Max(memory, rs2);
}
