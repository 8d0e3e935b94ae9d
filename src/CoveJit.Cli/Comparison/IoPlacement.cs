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

    /// <summary>A virtual machine without a device: its processor does an accelerator's work.</summary>
    PlainProcessor,

    /// <summary>A confidential virtual machine without a device, which does the same.</summary>
    ConfidentialProcessor,
}

/// <summary>What the guest reads and writes.</summary>
internal enum IoDevice
{
    /// <summary>A controller of NVM Express.</summary>
    Nvme,

    /// <summary>A VirtIO block device; where it is passed through, a PCIe function.</summary>
    VirtioBlk,

    /// <summary>A VirtIO network card, over which a peer's memory is read and written; where it is passed through, a PCIe function.</summary>
    Net,

    /// <summary>An accelerator.</summary>
    Accelerator,
}

/// <summary>What is to be said of placements and devices.</summary>
internal static class IoPlacements
{
    private const string NoVirtio = "there is no VirtIO device of this kind; the guest's own processor does the work instead: see ";

    private static readonly IoPlacement[] WithDevice = [.. Enum.GetValues<IoPlacement>().Where(placement => !IsProcessor(placement))];
    private static readonly IoPlacement[] WithAccelerator = [IoPlacement.PlainProcessor, IoPlacement.ConfidentialProcessor, .. WithDevice];

    /// <summary>Those that there are for a device; others are compared with the first.</summary>
    public static IReadOnlyList<IoPlacement> For(IoDevice device) => device == IoDevice.Accelerator ? WithAccelerator : WithDevice;

    /// <summary>The name of the placement that others are compared with.</summary>
    /// <param name="device">The device's name.</param>
    public static string FirstOf(string device) => NameOf(For(Devices[device])[0]);

    /// <summary>Devices, by their names on the command line.</summary>
    public static IReadOnlyDictionary<string, IoDevice> Devices { get; } = new Dictionary<string, IoDevice>
    {
        ["nvme"] = IoDevice.Nvme,
        ["virtio-blk"] = IoDevice.VirtioBlk,
        ["net"] = IoDevice.Net,
        ["accelerator"] = IoDevice.Accelerator,
    };

    /// <summary>The name in tables and JSON.</summary>
    public static string NameOf(IoPlacement placement) => placement switch
    {
        IoPlacement.PlainVirtio => "plain-virtio",
        IoPlacement.PlainPassthrough => "plain-passthrough",
        IoPlacement.ConfidentialVirtio => "confidential-virtio",
        IoPlacement.ConfidentialEncrypted => "confidential-encrypted",
        IoPlacement.TeeIoCounted => "tee-io-counted",
        IoPlacement.TeeIoFunctional => "tee-io-functional",
        IoPlacement.PlainProcessor => "plain-processor",
        _ => "confidential-processor",
    };

    /// <summary>The kind of virtual machine.</summary>
    public static GuestPlacement KindOf(IoPlacement placement) =>
        placement is IoPlacement.PlainVirtio or IoPlacement.PlainPassthrough or IoPlacement.PlainProcessor ? GuestPlacement.Plain : GuestPlacement.Confidential;

    /// <summary>Whether all data pass through memory that the guest shares with its hypervisor.</summary>
    public static bool Bounces(IoPlacement placement) => placement is IoPlacement.ConfidentialVirtio or IoPlacement.ConfidentialEncrypted;

    /// <summary>Whether the guest drives the device itself.</summary>
    public static bool IsPassed(IoPlacement placement) => placement == IoPlacement.PlainPassthrough || IsTeeIo(placement);

    /// <summary>Whether the device is a TEE device interface.</summary>
    public static bool IsTeeIo(IoPlacement placement) => placement is IoPlacement.TeeIoCounted or IoPlacement.TeeIoFunctional;

    /// <summary>Whether there is no device, and the guest's processor does its work.</summary>
    public static bool IsProcessor(IoPlacement placement) => placement is IoPlacement.PlainProcessor or IoPlacement.ConfidentialProcessor;

    /// <summary>Why nothing can be measured there; null where it can.</summary>
    public static string? WhyAbsent(IoPlacement placement, IoDevice device) => (placement, device) switch
    {
        (IoPlacement.PlainVirtio, IoDevice.Accelerator) => NoVirtio + NameOf(IoPlacement.PlainProcessor),
        (IoPlacement.ConfidentialVirtio or IoPlacement.ConfidentialEncrypted, IoDevice.Accelerator) => NoVirtio + NameOf(IoPlacement.ConfidentialProcessor),
        _ => null,
    };
}
