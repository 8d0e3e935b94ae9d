namespace CoveJit.Harts.Csrs;

/// <summary>Fields of mstatus and sstatus (Privileged, "Machine Status Registers").</summary>
public static class Mstatus
{
    /// <summary>SIE.</summary>
    public const ulong Sie = 1UL << 1;

    /// <summary>MIE.</summary>
    public const ulong Mie = 1UL << 3;

    /// <summary>SPIE.</summary>
    public const ulong Spie = 1UL << 5;

    /// <summary>MPIE.</summary>
    public const ulong Mpie = 1UL << 7;

    /// <summary>SPP.</summary>
    public const ulong Spp = 1UL << 8;

    /// <summary>MPP.</summary>
    public const ulong Mpp = 3UL << 11;

    /// <summary>Position of MPP.</summary>
    public const int MppShift = 11;

    /// <summary>FS: 0 Off, 1 Initial, 2 Clean, 3 Dirty.</summary>
    public const ulong Fs = 3UL << 13;

    /// <summary>MPRV.</summary>
    public const ulong Mprv = 1UL << 17;

    /// <summary>SUM.</summary>
    public const ulong Sum = 1UL << 18;

    /// <summary>MXR.</summary>
    public const ulong Mxr = 1UL << 19;

    /// <summary>TVM.</summary>
    public const ulong Tvm = 1UL << 20;

    /// <summary>TW.</summary>
    public const ulong Tw = 1UL << 21;

    /// <summary>TSR.</summary>
    public const ulong Tsr = 1UL << 22;

    /// <summary>SPELP: previous ELP (Zicfilp).</summary>
    public const ulong Spelp = 1UL << 23;

    /// <summary>MPELP: previous ELP (Zicfilp).</summary>
    public const ulong Mpelp = 1UL << 41;

    /// <summary>UXL = 2 and SXL = 2: both fixed at 64 bits.</summary>
    public const ulong Xl = (2UL << 32) | (2UL << 34);

    /// <summary>UXL = 2 alone: all that vsstatus has of <see cref="Xl"/>.</summary>
    public const ulong VirtualXl = 2UL << 32;

    /// <summary>GVA: a guest virtual address was written to mtval (hypervisor extension).</summary>
    public const ulong Gva = 1UL << 38;

    /// <summary>MPV: previous virtualization mode (hypervisor extension).</summary>
    public const ulong Mpv = 1UL << 39;

    /// <summary>SD: FS is Dirty.</summary>
    public const ulong Sd = 1UL << 63;

    /// <summary>Fields that the hypervisor extension adds to <see cref="Writable"/>.</summary>
    public const ulong HypervisorWritable = Gva | Mpv;

    /// <summary>Fields that software may write.</summary>
    public const ulong Writable = Sie | Mie | Spie | Mpie | Spp | Mpp | Fs | Mprv | Sum | Mxr | Tvm | Tw | Tsr | Spelp | Mpelp;

    /// <summary>Fields of <see cref="Writable"/> that sstatus shows.</summary>
    public const ulong SupervisorWritable = Sie | Spie | Spp | Fs | Sum | Mxr | Spelp;

    /// <summary>Fields that sstatus shows (UXL in bits 33:32).</summary>
    public const ulong SupervisorVisible = SupervisorWritable | (3UL << 32) | Sd;
}
