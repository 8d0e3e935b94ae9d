namespace CoveJit.Fuzz.Harness;

/// <summary>Fields of mstatus (privileged spec, "Machine Status Registers").</summary>
public static class Mstatus
{
    public const ulong Sie = 1UL << 1, Mie = 1UL << 3, Spie = 1UL << 5, Mpie = 1UL << 7, Spp = 1UL << 8, Mpp = 3UL << 11,
        Fs = 3UL << 13, Mprv = 1UL << 17, Sum = 1UL << 18, Mxr = 1UL << 19, Tvm = 1UL << 20, Tw = 1UL << 21, Tsr = 1UL << 22;

    /// <summary>
    /// What is compared. FS and SD are left out (how exactly "dirty" is tracked is the implementation's choice),
    /// as are the fields of the vector and hypervisor extensions.
    /// </summary>
    public const ulong Compared = Sie | Mie | Spie | Mpie | Spp | Mpp | Mprv | Sum | Mxr | Tvm | Tw | Tsr;

    public const ulong SstatusCompared = Sie | Spie | Spp | Sum | Mxr;
}
