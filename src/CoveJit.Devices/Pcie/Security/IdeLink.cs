using System.Buffers.Binary;
using CoveJit.TeeIo.Ide;

namespace CoveJit.Devices.Pcie.Security;

/// <summary>How a link models IDE.</summary>
public enum IdeLinkMode
{
    /// <summary>Each TLP is encrypted and authenticated by one end, and decrypted and checked by the other.</summary>
    Functional,

    /// <summary>Keys and state of both ends are checked, TLPs and bytes are counted, nothing is encrypted: no interposer can be detected, and none is there.</summary>
    Counted,
}

/// <summary>
/// The link between a root port and its device for the device's requests: goes into <see cref="RootPort.Ingress"/>. While the device's stream is enabled,
/// every request and its completion go through the stream, in TLPs of up to 512 bytes of data; what one end protects the other has to accept, and anything
/// wrong makes the stream of whoever sees it insecure, for good, and that of the other end, who is told. Without a stream requests pass as they are, and one with the T bit is refused.
/// </summary>
/// <remarks>
/// The header that is authenticated is the model's own: kind, stream, key set, T bit, requester, length, address. A write that is lost is found out with
/// the next TLP of its sub-stream, as on a real link, where nobody acknowledges it.
/// </remarks>
public sealed class IdeLink : IPcieUpstream
{
    /// <summary>Most bytes of data of a TLP.</summary>
    public const int MaximumPayload = 512;

    private const int HeaderSize = 24;
    private const byte KindRead = 0;
    private const byte KindWrite = 1;
    private const byte KindCompletion = 2;
    private const byte KindRefusal = 3;

    private readonly IPcieUpstream _next;
    private readonly IdePort _port;
    private readonly IdePort _device;
    private readonly IdeLinkMode _mode;
    private readonly Lock _wire = new();

    /// <summary>Makes a link.</summary>
    /// <param name="next">The port.</param>
    /// <param name="port">The port's end.</param>
    /// <param name="device">The device's end.</param>
    /// <param name="mode">How it models IDE.</param>
    public IdeLink(IPcieUpstream next, IdePort port, IdePort device, IdeLinkMode mode)
    {
        _next = next;
        _port = port;
        _device = device;
        _mode = mode;
    }

    /// <summary>Who is in between; only of effect in <see cref="IdeLinkMode.Functional"/>.</summary>
    public IIdeInterposer? Interposer { get; set; }

    /// <summary>The port's end.</summary>
    public IdePort Port => _port;

    /// <summary>Whether both ends' streams are secure, and the same stream.</summary>
    public bool IsSecure => _port.IsSecure && _device.IsSecure && _port.StreamId == _device.StreamId;

    /// <summary>TLPs that were protected.</summary>
    public long Tlps { get; private set; }

    /// <summary>Bytes of data in them.</summary>
    public long Bytes { get; private set; }

    /// <inheritdoc/>
    public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination)
    {
        if (!MayPass(request))
        {
            return false;
        }

        if (!_device.IsEnabled)
        {
            return _next.TryRead(request, address, destination);
        }

        lock (_wire)
        {
            while (!destination.IsEmpty)
            {
                Span<byte> part = destination[..Math.Min(destination.Length, MaximumPayload)];
                if (!ReadPart(request, address, part))
                {
                    part.Clear();
                    return false;
                }

                address += (ulong)part.Length;
                destination = destination[part.Length..];
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source)
    {
        if (!MayPass(request))
        {
            return false;
        }

        if (!_device.IsEnabled)
        {
            return _next.TryWrite(request, address, source);
        }

        lock (_wire)
        {
            while (!source.IsEmpty)
            {
                ReadOnlySpan<byte> part = source[..Math.Min(source.Length, MaximumPayload)];
                byte[] data = part.ToArray();
                if (Carry(IdeSubStream.Posted, KindWrite, request, address, part.Length, data) is not { } arrived
                    || !_next.TryWrite(arrived.Request, arrived.Address, arrived.Data))
                {
                    return false;
                }

                address += (ulong)part.Length;
                source = source[part.Length..];
            }
        }

        return true;
    }

    // With the T bit by the stream only, and of requesters that the port's registers associate with it.
    private bool MayPass(in PcieRequest request) => !request.Trusted || (_device.IsEnabled && _port.IsFor(request.Requester));

    private bool ReadPart(in PcieRequest request, ulong address, Span<byte> part)
    {
        if (Carry(IdeSubStream.NonPosted, KindRead, request, address, part.Length, []) is not { } asked)
        {
            return false;
        }

        byte[] data = new byte[asked.Length];
        bool done = _next.TryRead(asked.Request, asked.Address, data);
        if (Carry(IdeSubStream.Completion, done ? KindCompletion : KindRefusal, asked.Request, asked.Address, data.Length, done ? data : []) is not { } answer
            || answer.Kind != KindCompletion)
        {
            return false;
        }

        answer.Data.CopyTo(part);
        return true;
    }

    // Takes a TLP over the wire: to the port, a completion to the device. Null if one end could not send it, nothing arrived, or it was not accepted.
    private Arrival? Carry(IdeSubStream subStream, byte kind, in PcieRequest request, ulong address, int length, byte[] data)
    {
        bool toDevice = subStream == IdeSubStream.Completion;
        (IdePort sender, IdePort receiver) = toDevice ? (_port, _device) : (_device, _port);
        if (_mode == IdeLinkMode.Counted)
        {
            if (!KeysMatch(sender, receiver, subStream))
            {
                return null;
            }

            Count(data);
            return new Arrival(kind, request, address, length, data);
        }

        byte[] header = new byte[HeaderSize];
        byte[] mac = new byte[IdeCipher.MacSize];
        lock (sender.Gate)
        {
            if (!sender.IsEnabled || !sender.Stream.IsSecure || sender.Keys.NewestEnabled(sender.StreamId, IdeDirection.Transmit, subStream) is not { } keySet)
            {
                return null;
            }

            header[0] = kind;
            header[1] = sender.StreamId;
            header[2] = keySet;
            header[3] = request.Trusted ? (byte)1 : (byte)0;
            header[4] = (byte)request.AddressType;
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), request.Requester.Value);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), length);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), address);
            if (!sender.Stream.TryTransmit(subStream, keySet, header, data, mac))
            {
                return null;
            }
        }

        Count(data);
        IdeTlp? tlp = new(toDevice, subStream, header, data, mac);
        if (Interposer is { } interposer)
        {
            tlp = interposer.Pass(tlp);
        }

        Arrival? arrived = tlp is null ? null : Accept(receiver, subStream, tlp, kind, length);
        if (arrived is null)
        {
            TellOfFailure(receiver, sender);
        }

        return arrived;
    }

    // IDE's message that an integrity check has failed: then the other end's stream is insecure, too. Nobody holds it back here.
    private static void TellOfFailure(IdePort failed, IdePort other)
    {
        lock (failed.Gate)
        {
            if (!failed.IsEnabled || !failed.Stream.HasFailed)
            {
                return;
            }
        }

        lock (other.Gate)
        {
            if (other.IsEnabled)
            {
                other.Stream.Fail();
            }
        }
    }

    // What arrives is of whoever holds the wire until its MAC is right; then it is what the other end sent.
    private static Arrival? Accept(IdePort receiver, IdeSubStream subStream, IdeTlp tlp, byte kind, int length)
    {
        byte[] header = tlp.Header;
        byte[] data = [.. tlp.Data];
        lock (receiver.Gate)
        {
            if (!receiver.IsEnabled || !receiver.Stream.IsSecure)
            {
                return null;
            }

            if (header.Length != HeaderSize || header[1] != receiver.StreamId || header[2] > 1)
            {
                receiver.Stream.Fail();
                return null;
            }

            if (!receiver.Stream.TryReceive(subStream, header[2], header, data, tlp.Mac))
            {
                return null;
            }
        }

        int arrived = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(8));
        if (arrived != length || (header[0] is KindWrite or KindCompletion && data.Length != length) || (header[0] != kind))
        {
            return null;
        }

        PcieRequest request = new(new RequesterId(BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(6))), (PcieAddressType)header[4], header[3] != 0);
        return new Arrival(header[0], request, BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(16)), arrived, data);
    }

    // The two ends' gates are never held together.
    private static bool KeysMatch(IdePort sender, IdePort receiver, IdeSubStream subStream)
    {
        byte? keySet;
        lock (sender.Gate)
        {
            keySet = sender.Keys.NewestEnabled(sender.StreamId, IdeDirection.Transmit, subStream);
        }

        IdeKey? sent = KeyOf(sender, keySet, IdeDirection.Transmit, subStream);
        IdeKey? received = KeyOf(receiver, keySet, IdeDirection.Receive, subStream);
        return sent is not null && received is not null && sender.StreamId == receiver.StreamId && sent.Matches(received);
    }

    private static IdeKey? KeyOf(IdePort port, byte? keySet, IdeDirection direction, IdeSubStream subStream)
    {
        lock (port.Gate)
        {
            return keySet is byte set && port.IsEnabled && port.Stream.IsSecure && port.Keys.TryGetEnabled(new IdeKeyId(port.StreamId, set, direction, subStream), out IdeKey? key) ? key : null;
        }
    }

    private void Count(byte[] data)
    {
        Tlps++;
        Bytes += data.Length;
    }

    private readonly record struct Arrival(byte Kind, PcieRequest Request, ulong Address, int Length, byte[] Data);
}
