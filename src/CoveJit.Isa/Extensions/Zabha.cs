using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Byte and halfword atomics (Unprivileged, chapter "Zabha").</summary>
public static class Zabha
{
    /// <summary>Swaps, atomically, a byte.</summary>
    [Amo("amoswap.b", "00001 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha)]
    public static byte AmoswapB(byte memory, byte rs2) => rs2;

    /// <summary>Adds, atomically, a byte.</summary>
    [Amo("amoadd.b", "00000 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha)]
    public static byte AmoaddB(byte memory, byte rs2) => (byte)(memory + rs2);

    /// <summary>Exclusive or, atomically, a byte.</summary>
    [Amo("amoxor.b", "00100 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha)]
    public static byte AmoxorB(byte memory, byte rs2) => (byte)(memory ^ rs2);

    /// <summary>And, atomically, a byte.</summary>
    [Amo("amoand.b", "01100 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha)]
    public static byte AmoandB(byte memory, byte rs2) => (byte)(memory & rs2);

    /// <summary>Or, atomically, a byte.</summary>
    [Amo("amoor.b", "01000 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha)]
    public static byte AmoorB(byte memory, byte rs2) => (byte)(memory | rs2);

    /// <summary>Minimum, signed, atomically, a byte.</summary>
    [Amo("amomin.b", "10000 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha)]
    public static byte AmominB(byte memory, byte rs2) => (byte)Math.Min((sbyte)memory, (sbyte)rs2);

    /// <summary>Maximum, signed, atomically, a byte.</summary>
    [Amo("amomax.b", "10100 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha)]
    public static byte AmomaxB(byte memory, byte rs2) => (byte)Math.Max((sbyte)memory, (sbyte)rs2);

    /// <summary>Minimum, unsigned, atomically, a byte.</summary>
    [Amo("amominu.b", "11000 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha)]
    public static byte AmominuB(byte memory, byte rs2) => Math.Min(memory, rs2);

    /// <summary>Maximum, unsigned, atomically, a byte.</summary>
    [Amo("amomaxu.b", "11100 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha)]
    public static byte AmomaxuB(byte memory, byte rs2) => Math.Max(memory, rs2);

    /// <summary>Swaps, atomically, a halfword.</summary>
    [Amo("amoswap.h", "00001 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha)]
    public static ushort AmoswapH(ushort memory, ushort rs2) => rs2;

    /// <summary>Adds, atomically, a halfword.</summary>
    [Amo("amoadd.h", "00000 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha)]
    public static ushort AmoaddH(ushort memory, ushort rs2) => (ushort)(memory + rs2);

    /// <summary>Exclusive or, atomically, a halfword.</summary>
    [Amo("amoxor.h", "00100 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha)]
    public static ushort AmoxorH(ushort memory, ushort rs2) => (ushort)(memory ^ rs2);

    /// <summary>And, atomically, a halfword.</summary>
    [Amo("amoand.h", "01100 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha)]
    public static ushort AmoandH(ushort memory, ushort rs2) => (ushort)(memory & rs2);

    /// <summary>Or, atomically, a halfword.</summary>
    [Amo("amoor.h", "01000 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha)]
    public static ushort AmoorH(ushort memory, ushort rs2) => (ushort)(memory | rs2);

    /// <summary>Minimum, signed, atomically, a halfword.</summary>
    [Amo("amomin.h", "10000 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha)]
    public static ushort AmominH(ushort memory, ushort rs2) => (ushort)Math.Min((short)memory, (short)rs2);

    /// <summary>Maximum, signed, atomically, a halfword.</summary>
    [Amo("amomax.h", "10100 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha)]
    public static ushort AmomaxH(ushort memory, ushort rs2) => (ushort)Math.Max((short)memory, (short)rs2);

    /// <summary>Minimum, unsigned, atomically, a halfword.</summary>
    [Amo("amominu.h", "11000 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha)]
    public static ushort AmominuH(ushort memory, ushort rs2) => Math.Min(memory, rs2);

    /// <summary>Maximum, unsigned, atomically, a halfword.</summary>
    [Amo("amomaxu.h", "11100 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha)]
    public static ushort AmomaxuH(ushort memory, ushort rs2) => Math.Max(memory, rs2);

    /// <summary>Compares and swaps a byte.</summary>
    [System("amocas.b", "00101 aq rl rs2 rs1 000 rd 0101111", Extension.Zabha, Requires = Extension.Zacas, EndsBlock = false, Operands = "{rd}, {rs2}, ({rs1})")]
    public static Flow AmocasB(IMachine machine, uint rd, ulong rs1, uint rs2) => machine.CompareAndSwap(rs1, rd, rs2, 1);

    /// <summary>Compares and swaps a halfword.</summary>
    [System("amocas.h", "00101 aq rl rs2 rs1 001 rd 0101111", Extension.Zabha, Requires = Extension.Zacas, EndsBlock = false, Operands = "{rd}, {rs2}, ({rs1})")]
    public static Flow AmocasH(IMachine machine, uint rd, ulong rs1, uint rs2) => machine.CompareAndSwap(rs1, rd, rs2, 2);
}
