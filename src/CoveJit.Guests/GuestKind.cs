namespace CoveJit.Guests;

/// <summary>What kind of guest to make.</summary>
public enum GuestKind
{
    /// <summary>Debian kernel and a BusyBox initramfs: the default guest, named <c>default</c>.</summary>
    Initramfs,

    /// <summary>Debian with systemd on an ext4 disk image, named <c>disk</c>.</summary>
    Disk,

    /// <summary>The initramfs guest with the benchmark programs under <c>/bench</c>, named <c>bench</c>.</summary>
    Bench,

    /// <summary>The initramfs guest with Debian's QEMU and a guest for its KVM under <c>/nested</c>, named <c>nested</c>.</summary>
    Nested,

    /// <summary>The hypervisor that runs virtual machines, named <c>vmm</c>; no guest by itself.</summary>
    Vmm,
}
