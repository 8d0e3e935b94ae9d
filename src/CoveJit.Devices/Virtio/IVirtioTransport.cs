using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Virtio;

/// <summary>What a device and its queues see of the transport (MMIO or PCI) that carries them.</summary>
public interface IVirtioTransport
{
    /// <summary>Guards the device, its queues and the transport's registers. Held whenever a device method is called; taken by a device before it acts on input of its own (a frame, a key).</summary>
    Lock Gate { get; }

    /// <summary>The only way to guest memory.</summary>
    IDmaPort Dma { get; }

    /// <summary>True between DRIVER_OK and the next reset or failure: the only time queues may be used.</summary>
    bool IsLive { get; }

    /// <summary>Tells the driver that a queue has used buffers. The gate is held.</summary>
    void SignalUsed(int queue);

    /// <summary>Tells the driver that the configuration space changed. The gate is held.</summary>
    void SignalConfigurationChange();

    /// <summary>Stops the device with DEVICE_NEEDS_RESET and reports one line saying why. The gate is held.</summary>
    void Fail(string reason);

    /// <summary>Runs <see cref="VirtioDevice.Notify"/> for the queue again soon on another thread: for a queue that did not run dry within one call's budget.</summary>
    void NotifyLater(int queue);
}
