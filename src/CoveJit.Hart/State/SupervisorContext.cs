using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.State;

/// <summary>
/// All that software below M-mode can see of a hart, and what M-mode has set up for it: what a supervisor domain has on a hart while another one is
/// there. A new one is a hart after reset, in S-mode at address 0. For the hart's own thread, by <see cref="Hart.Switch"/>.
/// </summary>
public sealed class SupervisorContext
{
    internal ulong[] X { get; } = new ulong[32];

    internal ulong[] F { get; } = new ulong[32];

    internal uint Fflags { get; set; }

    internal uint Frm { get; set; }

    /// <summary>Address of the next instruction.</summary>
    public ulong Pc { get; set; }

    internal ulong Ssp { get; set; }

    internal uint ExpectsLandingPad { get; set; }

    /// <summary>Privilege mode.</summary>
    public PrivilegeMode Privilege { get; set; } = PrivilegeMode.Supervisor;

    /// <summary>Virtualization mode.</summary>
    public bool IsVirtual { get; set; }

    /// <summary>mmpt.</summary>
    public ulong Mmpt { get; set; }

    /// <summary>msdcfg: an interrupt domain that the hart has.</summary>
    public ulong Msdcfg { get; set; }

    /// <summary>medeleg.</summary>
    public ulong Medeleg { get; set; }

    /// <summary>mideleg.</summary>
    public ulong Mideleg { get; set; }

    /// <summary>mcounteren.</summary>
    public uint Mcounteren { get; set; }

    /// <summary>menvcfg.</summary>
    public ulong Menvcfg { get; set; }

    /// <summary>mstateen0 to mstateen3.</summary>
    public ulong[] Mstateen { get; } = new ulong[4];

    /// <summary>mstatus: of a guest's, what HS-mode has in sstatus while the guest runs.</summary>
    public ulong Mstatus { get; set; }

    internal ulong Mie { get; set; }

    internal ulong Mvien { get; set; }

    internal ulong SoftwarePending { get; set; }

    internal ulong VirtualPending { get; set; }

    internal ulong VirtualEnable { get; set; }

    internal ulong GuestPending { get; set; }

    internal ulong GuestEnable { get; set; }

    internal ulong Stvec { get; set; }

    internal ulong Sscratch { get; set; }

    internal ulong Sepc { get; set; }

    internal ulong Scause { get; set; }

    internal ulong Stval { get; set; }

    internal ulong Stimecmp { get; set; } = ulong.MaxValue;

    internal ulong Satp { get; set; }

    /// <summary>scounteren.</summary>
    public uint Scounteren { get; set; }

    internal ulong Senvcfg { get; set; }

    internal ulong Siselect { get; set; }

    /// <summary>hstatus.</summary>
    public ulong Hstatus { get; set; }

    /// <summary>hedeleg.</summary>
    public ulong Hedeleg { get; set; }

    /// <summary>hideleg.</summary>
    public ulong Hideleg { get; set; }

    /// <summary>hcounteren.</summary>
    public uint Hcounteren { get; set; }

    /// <summary>henvcfg.</summary>
    public ulong Henvcfg { get; set; }

    /// <summary>htimedelta.</summary>
    public ulong Htimedelta { get; set; }

    /// <summary>hgatp.</summary>
    public ulong Hgatp { get; set; }

    internal ulong Hgeie { get; set; }

    internal ulong Htval { get; set; }

    internal ulong Htinst { get; set; }

    internal ulong Hvien { get; set; }

    internal ulong Hvictl { get; set; }

    /// <summary>hstateen0 to hstateen3.</summary>
    public ulong[] Hstateen { get; } = new ulong[4];

    internal ulong Vsstatus { get; set; }

    internal ulong Vstvec { get; set; }

    internal ulong Vsscratch { get; set; }

    internal ulong Vsepc { get; set; }

    internal ulong Vscause { get; set; }

    internal ulong Vstval { get; set; }

    /// <summary>vstimecmp.</summary>
    public ulong Vstimecmp { get; set; } = ulong.MaxValue;

    /// <summary>vsatp.</summary>
    public ulong Vsatp { get; set; }

    internal ulong Vsiselect { get; set; }

    internal byte[] SupervisorPriorities { get; } = new byte[64];

    internal byte[] VirtualPriorities { get; } = new byte[64];

    /// <summary>vsie, as far as it is an alias of hie.</summary>
    public ulong Vsie => (Mie & Hideleg & InterruptCode.VirtualMask) >> 1;

    /// <summary>Sets or clears a bit of hvip (<see cref="InterruptCode.VirtualMask"/>).</summary>
    public void SetVirtualPending(int code, bool level)
    {
        ulong bit = 1UL << code;
        SoftwarePending = level ? SoftwarePending | bit : SoftwarePending & ~bit;
    }

    /// <summary>The value of an integer register when the context is entered.</summary>
    public ulong this[int register]
    {
        get => X[register];
        set => X[register] = register == 0 ? 0 : value;
    }
}
