namespace CoveJit.Devices.Virtio;

/// <summary>Bits of the device status field (VirtIO 1.2, section 2.1).</summary>
[Flags]
public enum VirtioStatus : byte
{
    /// <summary>The reset state.</summary>
    None = 0,

    /// <summary>ACKNOWLEDGE: the guest found the device.</summary>
    Acknowledge = 1,

    /// <summary>DRIVER: the guest knows how to drive it.</summary>
    Driver = 2,

    /// <summary>DRIVER_OK: the driver is ready; queues are live.</summary>
    DriverOk = 4,

    /// <summary>FEATURES_OK: the negotiation is complete.</summary>
    FeaturesOk = 8,

    /// <summary>DEVICE_NEEDS_RESET: the device met something it cannot go on from.</summary>
    DeviceNeedsReset = 64,

    /// <summary>FAILED: the driver gave up.</summary>
    Failed = 128,
}
