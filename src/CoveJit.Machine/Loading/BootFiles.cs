namespace CoveJit.Machines.Loading;

/// <summary>The files a machine starts from, already read.</summary>
/// <param name="Kernel">The supervisor-mode kernel, if any.</param>
/// <param name="Initrd">The initial RAM disk, if any; needs a kernel.</param>
/// <param name="Firmware">Machine-mode firmware, or null if the managed Monitor serves machine mode.</param>
public sealed record BootFiles(GuestFile? Kernel, GuestFile? Initrd, GuestFile? Firmware);
