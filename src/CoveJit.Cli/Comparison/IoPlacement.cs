namespace CoveJit.Cli.Comparison;

/// <summary>How the guest of <c>covejit compare io</c> reaches its device.</summary>
internal enum IoPlacement
{
    /// <summary>A virtual machine, through the hypervisor's VirtIO device.</summary>
    PlainVirtio,

    /// <summary>A virtual machine that drives the device itself.</summary>
    PlainPassthrough,

    /// <summary>A confidential virtual machine, through the hypervisor's VirtIO device: its kernel copies everything through shared memory.</summary>
    ConfidentialVirtio,

    /// <summary>The same, and its kernel encrypts what leaves it.</summary>
    ConfidentialEncrypted,

    /// <summary>A confidential virtual machine that drives the device itself; packets on the link are counted, not encrypted.</summary>
    TeeIoCounted,

    /// <summary>The same; packets on the link are encrypted.</summary>
    TeeIoFunctional,
}

/// <summary>What the guest reads and writes.</summary>
internal enum IoDevice
{
    /// <summary>A controller of NVM Express.</summary>
    Nvme,

    /// <summary>A VirtIO block device; where it is passed through, a PCIe function.</summary>
    VirtioBlk,

    /// <summary>A network card.</summary>
    Net,

    /// <summary>An accelerator.</summary>
    Accelerator,
}

/// <summary>What is to be said of placements and devices.</summary>
internal static class IoPlacements
{
    /// <summary>All of them; others are compared with the first.</summary>
    public static IReadOnlyList<IoPlacement> All { get; } = Enum.GetValues<IoPlacement>();

    /// <summary>Devices, by their names on the command line.</summary>
    public static IReadOnlyDictionary<string, IoDevice> Devices { get; } = new Dictionary<string, IoDevice>
    {
        ["nvme"] = IoDevice.Nvme, ["virtio-blk"] = IoDevice.VirtioBlk, ["net"] = IoDevice.Net, ["accelerator"] = IoDevice.Accelerator,
    };

    /// <summary>The name in tables and JSON.</summary>
    public static string NameOf(IoPlacement placement) => placement switch
    {
        IoPlacement.PlainVirtio => "plain-virtio",
        IoPlacement.PlainPassthrough => "plain-passthrough",
        IoPlacement.ConfidentialVirtio => "confidential-virtio",
        IoPlacement.ConfidentialEncrypted => "confidential-encrypted",
        IoPlacement.TeeIoCounted => "tee-io-counted",
        _ => "tee-io-functional",
    };

    /// <summary>The kind of virtual machine.</summary>
    public static GuestPlacement KindOf(IoPlacement placement) =>
        placement is IoPlacement.PlainVirtio or IoPlacement.PlainPassthrough ? GuestPlacement.Plain : GuestPlacement.Confidential;

    /// <summary>Whether all data pass through memory that the guest shares with its hypervisor.</summary>
    public static bool Bounces(IoPlacement placement) => placement is IoPlacement.ConfidentialVirtio or IoPlacement.ConfidentialEncrypted;

    /// <summary>Whether the guest drives the device itself.</summary>
    public static bool IsPassed(IoPlacement placement) => placement == IoPlacement.PlainPassthrough || IsTeeIo(placement);

    /// <summary>Whether the device is a TEE device interface.</summary>
    public static bool IsTeeIo(IoPlacement placement) => placement is IoPlacement.TeeIoCounted or IoPlacement.TeeIoFunctional;

    /// <summary>Why nothing can be measured there; null where it can.</summary>
    public static string? WhyAbsent(IoPlacement placement, IoDevice device) => (placement, device) switch
    {
        (_, IoDevice.Net) => "nothing here measures a network card; compare vm has a workload for it",
        (_, IoDevice.Accelerator) => "the guests' kernels have no driver for the matrix engine",
        _ => null,
    };
}
