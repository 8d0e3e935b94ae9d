using System.Buffers.Binary;

namespace CoveJit.TeeIo.Sockets;

/// <summary>
/// A frame of the socket protocol that DMTF's spdm-emu speaks: command, transport and size, big-endian words of 32 bits, then the payload.
/// The transport here is always DOE.
/// </summary>
/// <param name="Command">The command.</param>
/// <param name="Payload">The payload: for <see cref="SocketCommand.Normal"/>, a data object.</param>
public readonly record struct SocketFrame(SocketCommand Command, byte[] Payload)
{
    private const int HeaderSize = 12;
    private const uint PciDoe = 2;

    // Nothing that is sent here comes near; what claims to be larger is a mistake.
    private const int MaxPayload = 0x10000;

    /// <summary>Sends the frame.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask WriteAsync(Stream stream, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(stream);
        byte[] bytes = new byte[HeaderSize + Payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)Command);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), PciDoe);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), (uint)Payload.Length);
        Payload.CopyTo(bytes, HeaderSize);
        await stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
    }

    /// <summary>Receives a frame.</summary>
    /// <param name="stream">Where from.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">The connection ended, or the peer does not speak the protocol over DOE.</exception>
    public static async ValueTask<SocketFrame> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(stream);
        byte[] header = new byte[HeaderSize];
        await stream.ReadExactlyAsync(header, cancellation).ConfigureAwait(false);
        uint transport = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
        uint size = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8));
        if (transport != PciDoe || size > MaxPayload)
        {
            throw new IOException($"the peer sends transport {transport} and {size} bytes");
        }

        byte[] payload = new byte[size];
        await stream.ReadExactlyAsync(payload, cancellation).ConfigureAwait(false);
        return new SocketFrame((SocketCommand)BinaryPrimitives.ReadUInt32BigEndian(header), payload);
    }
}
