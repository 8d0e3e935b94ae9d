using System.Buffers.Binary;

namespace CoveJit.Devices.Virtio.Net;

/// <summary>
/// Network card (VirtIO 1.2, section 5.1) with one pair of queues and a control queue, no offloads. Frames that find no
/// receive buffer wait in a bounded queue, since a user-mode network answers in bursts and a lost frame costs a TCP timeout.
/// </summary>
public sealed class VirtioNet : VirtioDevice, IFrameSink
{
    /// <summary>Largest frame carried: the MTU and an Ethernet header with one VLAN tag.</summary>
    public const int MaxFrame = DefaultMtu + 18;

    private const int DefaultMtu = 1500;
    private const ushort QueueSize = 256;
    private const ushort ControlQueueSize = 64;
    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;
    private const int HeaderSize = 12;
    private const int HeaderNumBuffers = 10;
    private const int PendingFrames = 512;
    private const int MaxMergedBuffers = 64;
    private const int MacSize = 6;

    private const ulong FeatureMtu = 1 << 3;
    private const ulong FeatureMac = 1 << 5;
    private const ulong FeatureMergeableBuffers = 1 << 15;
    private const ulong FeatureStatus = 1 << 16;
    private const ulong FeatureControlQueue = 1 << 17;
    private const ulong FeatureControlReceive = 1 << 18;

    private const byte ControlClassReceive = 0;
    private const byte ControlClassMac = 1;
    private const byte ControlMacTableSet = 0;
    private const byte ControlOk = 0;
    private const byte ControlError = 1;

    private readonly INetworkBackend _backend;
    private readonly byte[] _configuration = new byte[12];
    private readonly byte[] _transmitBuffer = new byte[MaxFrame];
    private readonly FrameQueue _pending = new(PendingFrames, MaxFrame);
    private readonly DescriptorChain[] _merged = new DescriptorChain[MaxMergedBuffers];

    /// <summary>Creates the card and plugs it into the network; the backend stays the caller's to dispose.</summary>
    /// <param name="name">Name for errors and statistics.</param>
    /// <param name="backend">The network.</param>
    /// <param name="mac">Six bytes; the machine's default card is 52:54:00:12:34:56.</param>
    public VirtioNet(string name, INetworkBackend backend, ReadOnlySpan<byte> mac)
        : base(name, VirtioDeviceId.Net, QueueSize, QueueSize, ControlQueueSize)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (mac.Length != MacSize || (mac[0] & 1) != 0)
        {
            throw new ArgumentException("a card's MAC address has six bytes and is not a multicast address", nameof(mac));
        }

        _backend = backend;
        mac.CopyTo(_configuration);
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(6), 1); // status: VIRTIO_NET_S_LINK_UP
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(8), 1); // max_virtqueue_pairs
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(10), DefaultMtu);
        backend.Connect(this);
    }

    /// <summary>Frames sent by the guest.</summary>
    public long FramesSent { get; private set; }

    /// <summary>Frames given to the guest.</summary>
    public long FramesReceived { get; private set; }

    /// <summary>Frames dropped in either direction: too long, or no room.</summary>
    public long FramesDropped { get; private set; }

    /// <inheritdoc/>
    public override ulong DeviceFeatures =>
        FeatureMtu | FeatureMac | FeatureMergeableBuffers | FeatureStatus | FeatureControlQueue | FeatureControlReceive;

    /// <inheritdoc/>
    public override bool AcceptsFeatures(ulong features) =>
        (features & (FeatureControlReceive | FeatureControlQueue)) != FeatureControlReceive;

    /// <inheritdoc/>
    public override void ReadConfiguration(int offset, Span<byte> destination) => CopyConfiguration(_configuration, offset, destination);

    /// <inheritdoc/>
    public override void Reset() => _pending.Clear();

    /// <inheritdoc/>
    public override void Notify(int queue)
    {
        if (queue == ReceiveQueue)
        {
            DeliverPending();
        }
        else
        {
            Drain(queue);
        }
    }

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> frame)
    {
        if (Transport is not { } transport)
        {
            return;
        }

        lock (transport.Gate)
        {
            if (!TryGetQueue(ReceiveQueue, out Virtqueue? queue))
            {
                FramesDropped++;
                return;
            }

            if (_pending.Count == 0 && TryDeliver(queue, frame))
            {
                queue.Signal();
            }
            else if (!_pending.TryAdd(frame))
            {
                FramesDropped++;
            }
        }
    }

    /// <inheritdoc/>
    protected override uint Serve(int queue, DescriptorChain chain)
    {
        if (queue == TransmitQueue)
        {
            Transmit(chain);
            return 0;
        }

        return Control(chain);
    }

    private void Transmit(DescriptorChain chain)
    {
        if (chain.ReadableLength < HeaderSize)
        {
            Fail($"queue {TransmitQueue}: a packet of {chain.ReadableLength} bytes is shorter than its header");
            return;
        }

        // Without offloads the header says nothing of interest.
        Span<byte> header = stackalloc byte[HeaderSize];
        if (!chain.TryRead(header))
        {
            return;
        }

        uint length = chain.ReadableLeft;
        if (length > MaxFrame)
        {
            FramesDropped++;
            return;
        }

        Span<byte> frame = _transmitBuffer.AsSpan(0, (int)length);
        if (chain.TryRead(frame))
        {
            FramesSent++;
            _backend.Send(frame);
        }
    }

    /// <summary>Acknowledges receive modes and MAC tables (everything is received anyway); refuses the rest (section 5.1.6.5).</summary>
    private uint Control(DescriptorChain chain)
    {
        Span<byte> command = stackalloc byte[2];
        if (chain.WritableLength < 1 || !chain.TryRead(command))
        {
            if (TryGetQueue(2, out _))
            {
                Fail($"queue 2: a command of {chain.ReadableLength} readable and {chain.WritableLength} writable bytes");
            }

            return 0;
        }

        bool known = command[0] == ControlClassReceive || (command[0] == ControlClassMac && command[1] == ControlMacTableSet);
        chain.TryWriteByte(known ? ControlOk : ControlError);
        return chain.Written;
    }

    private void DeliverPending()
    {
        if (_pending.Count == 0 || !TryGetQueue(ReceiveQueue, out Virtqueue? queue))
        {
            return;
        }

        while (_pending.Count != 0 && TryDeliver(queue, _pending.Peek()))
        {
            _pending.Remove();
        }

        queue.Signal();
    }

    /// <summary>Puts one frame into as many receive buffers as it takes; false if there are not enough yet.</summary>
    private bool TryDeliver(Virtqueue queue, ReadOnlySpan<byte> frame)
    {
        int needed = HeaderSize + frame.Length;
        int limit = Has(FeatureMergeableBuffers) ? MaxMergedBuffers : 1;
        int count = 0;
        long room = 0;
        while (room < needed && count < limit && queue.TryPop(out DescriptorChain? chain))
        {
            _merged[count++] = chain;
            room += chain.WritableLength;
        }

        if (!queue.IsUsable)
        {
            return false;
        }

        bool fits = room >= needed && _merged[0].WritableLength >= HeaderSize;
        if (!fits && room < needed && count < limit)
        {
            while (count > 0)
            {
                queue.Unpop(_merged[--count]);
            }

            return false;
        }

        if (fits)
        {
            Span<byte> header = stackalloc byte[HeaderSize];
            header.Clear();
            BinaryPrimitives.WriteUInt16LittleEndian(header[HeaderNumBuffers..], (ushort)count);
            _merged[0].TryWrite(header);
            for (int i = 0; i < count; i++)
            {
                int part = (int)Math.Min((uint)frame.Length, _merged[i].WritableLeft);
                _merged[i].TryWrite(frame[..part]);
                frame = frame[part..];
            }

            FramesReceived++;
            Requests++;
        }
        else
        {
            // Buffers too small for any frame: the frame is lost, the buffers go back empty.
            FramesDropped++;
        }

        for (int i = 0; i < count; i++)
        {
            queue.Push(_merged[i], _merged[i].Written);
        }

        queue.Publish();
        return true;
    }
}
