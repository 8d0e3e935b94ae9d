namespace CoveJit.Devices.Virtio;

/// <summary>Device type numbers (VirtIO 1.2, section 5).</summary>
public enum VirtioDeviceId : uint
{
    /// <summary>Network card.</summary>
    Net = 1,

    /// <summary>Block device.</summary>
    Block = 2,

    /// <summary>Console.</summary>
    Console = 3,

    /// <summary>Entropy source.</summary>
    Entropy = 4,
}
