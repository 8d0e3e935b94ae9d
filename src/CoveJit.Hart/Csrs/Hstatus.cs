namespace CoveJit.Harts.Csrs;

/// <summary>Fields of hstatus (Privileged, "Hypervisor Status Register"). VSBE is read-only zero: everything is little-endian.</summary>
public static class Hstatus
{
    /// <summary>GVA: a guest virtual address was written to stval.</summary>
    public const ulong Gva = 1UL << 6;

    /// <summary>SPV: previous virtualization mode.</summary>
    public const ulong Spv = 1UL << 7;

    /// <summary>SPVP: previous virtual privilege; HLV, HLVX and HSV act as it says.</summary>
    public const ulong Spvp = 1UL << 8;

    /// <summary>HU: U-mode may use HLV, HLVX and HSV.</summary>
    public const ulong Hu = 1UL << 9;

    /// <summary>VGEIN: the guest external interrupt that is this guest's.</summary>
    public const ulong Vgein = 0x3FUL << VgeinShift;

    /// <summary>Position of VGEIN.</summary>
    public const int VgeinShift = 12;

    /// <summary>VTVM: SFENCE.VMA, SINVAL.VMA and satp trap in VS-mode.</summary>
    public const ulong Vtvm = 1UL << 20;

    /// <summary>VTW: WFI traps in VS-mode.</summary>
    public const ulong Vtw = 1UL << 21;

    /// <summary>VTSR: SRET traps in VS-mode.</summary>
    public const ulong Vtsr = 1UL << 22;

    /// <summary>VSXL = 2: fixed at 64 bits.</summary>
    public const ulong Vsxl = 2UL << 32;

    /// <summary>Fields that software may write.</summary>
    public const ulong Writable = Gva | Spv | Spvp | Hu | Vgein | Vtvm | Vtw | Vtsr;
}
