using CoveJit.Harts.Csrs;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Execution;

/// <summary>As whom a memory access is made: the effective privilege mode and virtualization mode, which MPRV and HLV, HLVX, HSV change for their accesses.</summary>
/// <param name="Privilege">Effective (nominal) privilege mode.</param>
/// <param name="IsVirtual">Effective V: two-stage translation.</param>
/// <param name="ReadAsExecute">HLVX: a load that needs execute permission.</param>
/// <param name="IsShadowStack">An access of a shadow stack instruction, which fills no TLB.</param>
internal readonly record struct AccessMode(PrivilegeMode Privilege, bool IsVirtual, bool ReadAsExecute = false, bool IsShadowStack = false)
{
    /// <summary>Number of different <see cref="TlbContext.Modifiers"/> that the members below make.</summary>
    public const int Modifiers = 1 << 9;

    private const uint ReadAsExecuteBit = 1 << 8;

    /// <summary>The mode's part of <see cref="TlbContext.Modifiers"/>: bits 1:0 the privilege mode, bit 2 V, bit 8 HLVX.</summary>
    public uint Bits => (uint)Privilege | (IsVirtual ? TlbContext.VirtualBit : 0) | (ReadAsExecute ? ReadAsExecuteBit : 0);

    /// <summary>SUM and MXR of mstatus or vsstatus: bits 3 and 4.</summary>
    public static uint StatusBits(ulong status) => (uint)((status & (Mstatus.Sum | Mstatus.Mxr)) >> 15);

    /// <summary>What else changes two-stage translations and is switched with guests: HS-level MXR, henvcfg.ADUE and henvcfg.PBMTE: bits 5 to 7.</summary>
    public static uint HypervisorBits(ulong mstatus, ulong henvcfg) =>
        (uint)((mstatus & Mstatus.Mxr) >> 14) | (uint)((henvcfg & (Envcfg.Adue | Envcfg.Pbmte)) >> 55);
}
