using System.Buffers.Binary;

namespace CoveJit.Devices.Virtio;

/// <summary>Console device with one port (VirtIO 1.2, section 5.3): queue 0 carries input to the guest, queue 1 its output.</summary>
public sealed class VirtioConsole : VirtioDevice
{
    private const ushort QueueSize = 64;
    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;
    private const ulong FeatureSize = 1 << 0;
    private const ulong FeatureEmergencyWrite = 1 << 2;
    private const int EmergencyWrite = 8;
    private const int ConfigurationSize = 12;
    private const int InputSize = 64 * 1024;

    private readonly IConsoleSink _sink;
    private readonly byte[] _configuration = new byte[ConfigurationSize];
    private readonly byte[] _output = new byte[4096];
    private readonly byte[] _input = new byte[InputSize];
    private int _inputStart;
    private int _inputCount;

    /// <summary>Creates the device.</summary>
    /// <param name="name">Name for errors and statistics.</param>
    /// <param name="sink">Takes the guest's output.</param>
    /// <param name="columns">Width in characters; 0 if unknown: then no size is offered.</param>
    /// <param name="rows">Height in characters.</param>
    public VirtioConsole(string name, IConsoleSink sink, ushort columns = 0, ushort rows = 0)
        : base(name, VirtioDeviceId.Console, QueueSize, QueueSize)
    {
        ArgumentNullException.ThrowIfNull(sink);
        _sink = sink;
        DeviceFeatures = FeatureEmergencyWrite | (columns != 0 ? FeatureSize : 0);
        SetSize(columns, rows);
        BinaryPrimitives.WriteUInt32LittleEndian(_configuration.AsSpan(4), 1); // max_nr_ports
    }

    /// <inheritdoc/>
    public override ulong DeviceFeatures { get; }

    /// <summary>Tells the guest of a new window size. Thread-safe; without effect if the device was created without a size.</summary>
    public void Resize(ushort columns, ushort rows)
    {
        if ((DeviceFeatures & FeatureSize) == 0 || Transport is not { } transport)
        {
            return;
        }

        lock (transport.Gate)
        {
            SetSize(columns, rows);
            transport.SignalConfigurationChange();
        }
    }

    /// <summary>Gives the guest input. Thread-safe.</summary>
    /// <returns>Bytes taken; the rest found no room because the guest does not read.</returns>
    public int Input(ReadOnlySpan<byte> bytes)
    {
        if (Transport is not { } transport)
        {
            return 0;
        }

        lock (transport.Gate)
        {
            int taken = Math.Min(bytes.Length, InputSize - _inputCount);
            for (int i = 0; i < taken; i++)
            {
                _input[(_inputStart + _inputCount++) % InputSize] = bytes[i];
            }

            Deliver();
            return taken;
        }
    }

    /// <inheritdoc/>
    public override void ReadConfiguration(int offset, Span<byte> destination) => CopyConfiguration(_configuration, offset, destination);

    /// <inheritdoc/>
    public override void WriteConfiguration(int offset, ReadOnlySpan<byte> source)
    {
        if (offset == EmergencyWrite)
        {
            _sink.Write(source[..1]);
        }
    }

    /// <inheritdoc/>
    public override void Notify(int queue)
    {
        if (queue == TransmitQueue)
        {
            Drain(queue);
        }
        else
        {
            Deliver();
        }
    }

    /// <inheritdoc/>
    protected override uint Serve(int queue, DescriptorChain chain)
    {
        while (chain.ReadableLeft != 0)
        {
            Span<byte> part = _output.AsSpan(0, (int)Math.Min(chain.ReadableLeft, _output.Length));
            if (!chain.TryRead(part))
            {
                break;
            }

            _sink.Write(part);
        }

        return 0;
    }

    private void Deliver()
    {
        if (!TryGetQueue(ReceiveQueue, out Virtqueue? queue))
        {
            return;
        }

        // An empty buffer makes no progress, so the number of buffers is bounded as well as the bytes.
        for (int budget = queue.Size; budget > 0 && _inputCount != 0 && queue.TryPop(out DescriptorChain? chain); budget--)
        {
            while (_inputCount != 0 && chain.WritableLeft != 0)
            {
                int run = Math.Min(_inputCount, InputSize - _inputStart);
                run = (int)Math.Min(run, chain.WritableLeft);
                if (!chain.TryWrite(_input.AsSpan(_inputStart, run)))
                {
                    break;
                }

                _inputStart = (_inputStart + run) % InputSize;
                _inputCount -= run;
            }

            queue.Push(chain, chain.Written);
            queue.Publish();
            if (!queue.IsUsable)
            {
                return;
            }
        }

        queue.Signal();
    }

    private void SetSize(ushort columns, ushort rows)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration, columns);
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(2), rows);
    }
}
