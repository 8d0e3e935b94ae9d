namespace CoveJit.Devices.Virtio;

/// <summary>
/// A VirtIO device apart from its transport: feature bits of its type, a configuration space and queues of requests. The transport attaches
/// itself once, owns the gate and calls every method here with the gate held.
/// </summary>
public abstract class VirtioDevice
{
    private readonly ushort[] _queueSizes;
    private readonly Virtqueue?[] _queues;
    private IVirtioTransport? _transport;

    /// <summary>Creates the device.</summary>
    /// <param name="name">Name for errors, traces and statistics, for example <c>virtio-blk0</c>.</param>
    /// <param name="deviceId">Device type.</param>
    /// <param name="queueSizes">Largest size of each queue, in descriptors; a power of two up to <see cref="Virtqueue.MaxSize"/>.</param>
    protected VirtioDevice(string name, VirtioDeviceId deviceId, params ReadOnlySpan<ushort> queueSizes)
    {
        Name = name;
        DeviceId = deviceId;
        _queueSizes = queueSizes.ToArray();
        _queues = new Virtqueue?[_queueSizes.Length];
    }

    /// <summary>Name for errors, traces and statistics.</summary>
    public string Name { get; }

    /// <summary>Device type.</summary>
    public VirtioDeviceId DeviceId { get; }

    /// <summary>Feature bits of the device type that are offered; ring and transport bits are the transport's.</summary>
    public abstract ulong DeviceFeatures { get; }

    /// <summary>All feature bits the driver accepted; 0 until FEATURES_OK.</summary>
    public ulong NegotiatedFeatures { get; private set; }

    /// <summary>Number of queues.</summary>
    public int QueueCount => _queueSizes.Length;

    /// <summary>Chains served since creation: the statistics' request count.</summary>
    public long Requests { get; private protected set; }

    /// <summary>The transport, once attached.</summary>
    protected IVirtioTransport? Transport => _transport;

    /// <summary>Largest size of a queue in descriptors; 0 for a queue that does not exist.</summary>
    public int QueueSizeMax(int queue) => (uint)queue < (uint)_queueSizes.Length ? _queueSizes[queue] : 0;

    /// <summary>Reads the configuration space; bytes past its end read as zero.</summary>
    public abstract void ReadConfiguration(int offset, Span<byte> destination);

    /// <summary>Writes the configuration space; read-only fields ignore it.</summary>
    public virtual void WriteConfiguration(int offset, ReadOnlySpan<byte> source)
    {
    }

    /// <summary>The driver made buffers available (or went live with buffers already there).</summary>
    public abstract void Notify(int queue);

    /// <summary>Whether the driver's choice of the device's features is consistent; otherwise FEATURES_OK is refused.</summary>
    public virtual bool AcceptsFeatures(ulong features) => true;

    /// <summary>Forgets all request and negotiation state; the queues are already disabled.</summary>
    public virtual void Reset()
    {
    }

    internal void Attach(IVirtioTransport transport)
    {
        if (_transport is not null)
        {
            throw new InvalidOperationException($"{Name} already has a transport");
        }

        _transport = transport;
    }

    internal void SetNegotiated(ulong features) => NegotiatedFeatures = features;

    internal void SetQueue(int index, Virtqueue? queue) => _queues[index] = queue;

    internal Virtqueue? QueueOrNull(int index) => (uint)index < (uint)_queues.Length ? _queues[index] : null;

    /// <summary>The queue if the driver enabled it and the device is live.</summary>
    protected bool TryGetQueue(int index, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Virtqueue? queue)
    {
        queue = _queues[index];
        return queue is { IsUsable: true };
    }

    /// <summary>Whether the driver accepted all of these feature bits.</summary>
    protected bool Has(ulong features) => (NegotiatedFeatures & features) == features;

    /// <summary>
    /// Serves a request queue until it is dry. Bounded: a ring that keeps filling while it is served (another hart, or a device write that
    /// hits the ring itself) is carried on later, so that neither the calling hart nor the gate is held for ever.
    /// </summary>
    protected void Drain(int index)
    {
        if (!TryGetQueue(index, out Virtqueue? queue))
        {
            return;
        }

        int budget = 2 * queue.Size;
        while (budget-- > 0 && queue.TryPop(out DescriptorChain? chain))
        {
            Requests++;
            queue.Push(chain, Serve(index, chain));
            queue.Publish();
        }

        queue.Signal();
        if (budget < 0)
        {
            _transport?.NotifyLater(index);
        }
    }

    /// <summary>Serves one request of a queue handled by <see cref="Drain"/>.</summary>
    /// <returns>Bytes written from the start of the chain's writable part.</returns>
    protected virtual uint Serve(int queue, DescriptorChain chain) => 0;

    /// <summary>Stops the device: the driver sent something no request can be made of.</summary>
    protected void Fail(string reason) => _transport?.Fail(reason);

    /// <summary>Copies a part of a configuration structure, zero-filling past its end.</summary>
    protected static void CopyConfiguration(ReadOnlySpan<byte> configuration, int offset, Span<byte> destination)
    {
        destination.Clear();
        if ((uint)offset < (uint)configuration.Length)
        {
            ReadOnlySpan<byte> part = configuration[offset..];
            part[..Math.Min(part.Length, destination.Length)].CopyTo(destination);
        }
    }
}
