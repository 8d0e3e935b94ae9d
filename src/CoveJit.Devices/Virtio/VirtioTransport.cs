using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Virtio;

/// <summary>
/// What every modern transport shares: the status machine, feature negotiation, queue set-up and failure (VirtIO 1.2, sections 2.1 to 3.1).
/// A concrete transport maps its registers onto these members and takes the gate around them.
/// </summary>
public abstract class VirtioTransport : IVirtioTransport, IDisposable
{
    private const ulong RingFeaturesMask = 0x0000_03ff_ff00_0000; // Bits 24 to 41: reserved for ring and transport (section 2.2).

    private readonly VirtioFeatures _ringFeatures;
    private readonly Action<string>? _report;
    private readonly QueueSettings[] _settings;
    private readonly SplitVirtqueue?[] _splitQueues;
    private readonly PackedVirtqueue?[] _packedQueues;
    private readonly Continuation?[] _continuations;
    private bool _disposed;

    /// <summary>Attaches a device to a new transport.</summary>
    /// <param name="device">A device without a transport.</param>
    /// <param name="dma">The device's way to memory.</param>
    /// <param name="options">What the ring offers; null for the defaults.</param>
    /// <param name="report">Gets one line for each failure of the device (DEVICE_NEEDS_RESET); called with the gate held.</param>
    /// <param name="gate">A lock that guards more than the device; null for one of its own.</param>
    protected VirtioTransport(VirtioDevice device, IDmaPort dma, VirtioOptions? options, Action<string>? report, Lock? gate = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        Gate = gate ?? new Lock();
        Device = device;
        Dma = dma;
        _ringFeatures = (options ?? new VirtioOptions()).Features;
        _report = report;
        _settings = new QueueSettings[device.QueueCount];
        _splitQueues = new SplitVirtqueue?[device.QueueCount];
        _packedQueues = new PackedVirtqueue?[device.QueueCount];
        _continuations = new Continuation?[device.QueueCount];
        device.Attach(this);
    }

    /// <summary>The device carried.</summary>
    public VirtioDevice Device { get; }

    /// <inheritdoc/>
    public Lock Gate { get; }

    /// <inheritdoc/>
    public IDmaPort Dma { get; }

    /// <inheritdoc/>
    public bool IsLive => (Status & (VirtioStatus.DriverOk | VirtioStatus.DeviceNeedsReset)) == VirtioStatus.DriverOk;

    /// <summary>The device status field.</summary>
    public VirtioStatus Status { get; private set; }

    /// <summary>Why the device needs a reset; null while it does not.</summary>
    public string? FailureReason { get; private set; }

    /// <summary>Features offered to the driver.</summary>
    public ulong OfferedFeatures => (Device.DeviceFeatures & ~RingFeaturesMask) | (ulong)_ringFeatures;

    /// <summary>Features the driver wrote; they take effect at FEATURES_OK.</summary>
    protected ulong DriverFeatures { get; private set; }

    /// <summary>Counts configuration changes, so that a driver can read a consistent configuration (section 2.5.1).</summary>
    protected uint ConfigurationGeneration { get; private set; }

    /// <summary>Disables further background work. The device and its backend are their owner's to dispose.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public abstract void SignalUsed(int queue);

    /// <inheritdoc/>
    public void SignalConfigurationChange()
    {
        ConfigurationGeneration++;
        if ((Status & VirtioStatus.DriverOk) != 0)
        {
            RaiseConfigurationInterrupt();
        }
    }

    /// <inheritdoc/>
    public void Fail(string reason)
    {
        if ((Status & VirtioStatus.DeviceNeedsReset) != 0)
        {
            return;
        }

        FailureReason = reason;
        Status |= VirtioStatus.DeviceNeedsReset;
        if ((Status & VirtioStatus.DriverOk) != 0)
        {
            RaiseConfigurationInterrupt();
        }

        _report?.Invoke($"{Device.Name}: needs reset: {reason}");
    }

    /// <inheritdoc/>
    public void NotifyLater(int queue)
    {
        Continuation continuation = _continuations[queue] ??= new Continuation(this, queue);
        if (!continuation.Pending && !_disposed)
        {
            continuation.Pending = true;
            ThreadPool.UnsafeQueueUserWorkItem(continuation, preferLocal: false);
        }
    }

    /// <summary>Raises the configuration change interrupt.</summary>
    protected abstract void RaiseConfigurationInterrupt();

    /// <summary>Clears interrupts and selectors that the concrete transport holds.</summary>
    protected abstract void ResetTransport();

    /// <summary>Stops background work.</summary>
    protected virtual void Dispose(bool disposing)
    {
        lock (Gate)
        {
            _disposed = true;
            Status = VirtioStatus.None;
        }
    }

    /// <summary>Takes a write of the device status field: zero resets, otherwise bits are added.</summary>
    protected void WriteStatus(byte value)
    {
        if (value == 0)
        {
            Reset();
            return;
        }

        VirtioStatus added = (VirtioStatus)value & ~Status & ~VirtioStatus.DeviceNeedsReset;
        if ((added & VirtioStatus.FeaturesOk) != 0 && !TryAcceptFeatures())
        {
            added &= ~VirtioStatus.FeaturesOk;
        }

        if ((added & VirtioStatus.DriverOk) != 0 && ((Status | added) & VirtioStatus.FeaturesOk) == 0)
        {
            Status |= added & ~VirtioStatus.DriverOk;
            Fail("DRIVER_OK without FEATURES_OK");
            return;
        }

        Status |= added;
        if ((added & VirtioStatus.DriverOk) != 0)
        {
            // Drivers may fill and even kick queues just before DRIVER_OK; nothing is lost by looking.
            for (int queue = 0; queue < Device.QueueCount && IsLive; queue++)
            {
                Notify((uint)queue);
            }
        }
    }

    /// <summary>Takes 32 feature bits from the driver; ignored once FEATURES_OK is set.</summary>
    protected void WriteDriverFeatures(uint word, uint value)
    {
        if ((Status & VirtioStatus.FeaturesOk) != 0)
        {
            return;
        }

        DriverFeatures = word switch
        {
            0 => (DriverFeatures & 0xffff_ffff_0000_0000) | value,
            1 => (DriverFeatures & 0xffff_ffff) | ((ulong)value << 32),
            _ => DriverFeatures,
        };
    }

    /// <summary>32 of the offered feature bits.</summary>
    protected uint ReadDeviceFeatures(uint word) => word switch
    {
        0 => (uint)OfferedFeatures,
        1 => (uint)(OfferedFeatures >> 32),
        _ => 0,
    };

    /// <summary>Passes a notification on to a live device; anything else is ignored.</summary>
    protected void Notify(uint queue)
    {
        if (IsLive && queue < (uint)Device.QueueCount && Device.QueueOrNull((int)queue) is { IsUsable: true })
        {
            Device.Notify((int)queue);
        }
    }

    /// <summary>The settings of a queue, or of a dummy for a queue that does not exist or can no longer be changed.</summary>
    protected ref QueueSettings Settings(uint queue, ref QueueSettings dummy)
    {
        if (queue < (uint)_settings.Length && !IsQueueReady(queue))
        {
            return ref _settings[queue];
        }

        return ref dummy;
    }

    /// <summary>Whether a queue is enabled.</summary>
    protected bool IsQueueReady(uint queue) => Device.QueueOrNull((int)Math.Min(queue, int.MaxValue)) is not null;

    /// <summary>Enables a queue with its settings, or disables it.</summary>
    protected void SetQueueReady(uint queue, bool ready)
    {
        if (queue >= (uint)_settings.Length || ready == IsQueueReady(queue))
        {
            return;
        }

        int index = (int)queue;
        if (!ready)
        {
            Device.QueueOrNull(index)?.Disable();
            Device.SetQueue(index, null);
            return;
        }

        if ((Status & VirtioStatus.FeaturesOk) == 0)
        {
            Fail($"queue {index}: enabled before FEATURES_OK");
            return;
        }

        QueueSettings settings = _settings[index];
        if (settings.Size > (uint)Device.QueueSizeMax(index))
        {
            Fail($"queue {index}: size {settings.Size}; at most {Device.QueueSizeMax(index)}");
            return;
        }

        bool packed = (Device.NegotiatedFeatures & (ulong)VirtioFeatures.RingPacked) != 0;
        Virtqueue ring = packed
            ? _packedQueues[index] ??= new PackedVirtqueue(this, index)
            : _splitQueues[index] ??= new SplitVirtqueue(this, index);
        string? error = ring.Enable(
            (int)settings.Size, settings.DescriptorArea, settings.DriverArea, settings.DeviceArea, (VirtioFeatures)Device.NegotiatedFeatures);
        if (error is not null)
        {
            Fail($"queue {index}: {error}");
            return;
        }

        Device.SetQueue(index, ring);
    }

    private bool TryAcceptFeatures()
    {
        ulong required = (ulong)(VirtioFeatures.Version1 | (_ringFeatures & VirtioFeatures.AccessPlatform));
        if ((DriverFeatures & ~OfferedFeatures) != 0
            || (DriverFeatures & required) != required
            || !Device.AcceptsFeatures(DriverFeatures))
        {
            return false;
        }

        Device.SetNegotiated(DriverFeatures);
        return true;
    }

    private void Reset()
    {
        Status = VirtioStatus.None;
        FailureReason = null;
        DriverFeatures = 0;
        for (int i = 0; i < _settings.Length; i++)
        {
            _settings[i] = default;
            Device.QueueOrNull(i)?.Disable();
            Device.SetQueue(i, null);
        }

        Device.SetNegotiated(0);
        Device.Reset();
        ResetTransport();
    }

    /// <summary>A queue as the driver describes it before enabling it.</summary>
    protected struct QueueSettings
    {
        /// <summary>Size in descriptors.</summary>
        public uint Size;

        /// <summary>Descriptor table or packed ring.</summary>
        public ulong DescriptorArea;

        /// <summary>Available ring or driver event suppression.</summary>
        public ulong DriverArea;

        /// <summary>Used ring or device event suppression.</summary>
        public ulong DeviceArea;
    }

    private sealed class Continuation(VirtioTransport transport, int queue) : IThreadPoolWorkItem
    {
        public bool Pending { get; set; }

        public void Execute()
        {
            lock (transport.Gate)
            {
                Pending = false;
                transport.Notify((uint)queue);
            }
        }
    }
}
