namespace CoveJit.Devices.Virtio;

/// <summary>Feature bits that belong to the ring and the transport, not to a device type (VirtIO 1.2, section 6).</summary>
[Flags]
public enum VirtioFeatures : ulong
{
    /// <summary>No feature.</summary>
    None = 0,

    /// <summary>VIRTIO_F_INDIRECT_DESC: a descriptor may refer to a table of descriptors.</summary>
    IndirectDescriptors = 1UL << 28,

    /// <summary>VIRTIO_F_EVENT_IDX: each side names the index at which it wants to be told.</summary>
    EventIndex = 1UL << 29,

    /// <summary>VIRTIO_F_VERSION_1: a modern device and driver.</summary>
    Version1 = 1UL << 32,

    /// <summary>VIRTIO_F_ACCESS_PLATFORM: the platform (an IOMMU, a bounce window) decides what the device may reach.</summary>
    AccessPlatform = 1UL << 33,

    /// <summary>VIRTIO_F_RING_PACKED: packed virtqueues.</summary>
    RingPacked = 1UL << 34,
}
