namespace CoveJit.Devices.Virtio;

/// <summary>What a transport offers beyond VIRTIO_F_VERSION_1, which is always offered.</summary>
public sealed record VirtioOptions
{
    /// <summary>Offers VIRTIO_F_RING_PACKED. Off by default, as on QEMU's virt board.</summary>
    public bool PackedRing { get; init; }

    /// <summary>Offers VIRTIO_F_INDIRECT_DESC.</summary>
    public bool IndirectDescriptors { get; init; } = true;

    /// <summary>Offers VIRTIO_F_EVENT_IDX.</summary>
    public bool EventIndex { get; init; } = true;

    /// <summary>Offers VIRTIO_F_ACCESS_PLATFORM; a driver that does not accept it is refused at FEATURES_OK.</summary>
    public bool AccessPlatform { get; init; }

    /// <summary>The feature bits these options stand for.</summary>
    public VirtioFeatures Features =>
        VirtioFeatures.Version1
        | (PackedRing ? VirtioFeatures.RingPacked : 0)
        | (IndirectDescriptors ? VirtioFeatures.IndirectDescriptors : 0)
        | (EventIndex ? VirtioFeatures.EventIndex : 0)
        | (AccessPlatform ? VirtioFeatures.AccessPlatform : 0);
}
