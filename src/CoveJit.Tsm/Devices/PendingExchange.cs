using System.Buffers.Binary;
using CoveJit.Devices.Pcie;
using CoveJit.TeeIo.Spdm;
using CoveJit.Tsm.Running;

namespace CoveJit.Tsm.Devices;

/// <summary>
/// The place in NACL shared memory where the TSM leaves a request for a device, and the host its response (CoVE-IO, "Pending SPDM Transaction Buffer
/// Layout"). The text does not say where it is, nor how the host knows a record from a message in the clear: docs/tee-io.md does.
/// </summary>
internal static class PendingExchange
{
    /// <summary>Most bytes of a payload.</summary>
    public const int MaximumPayload = 0x800 - Payload;

    private const int Start = 0x100;
    private const int Payload = Start + 12;
    private const byte Version10 = 0x10;
    private const byte Version12 = 0x12;

    /// <summary>Leaves a request.</summary>
    public static void Write(SharedMemory shared, uint function, RequesterId device, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[Payload - Start];
        BinaryPrimitives.WriteUInt32LittleEndian(header, function);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], device.Value);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], payload.Length);
        shared.Write(Start, header);
        shared.Write(Payload, payload);
    }

    /// <summary>Takes a response, once: the host may write meanwhile.</summary>
    /// <returns>False if there is none.</returns>
    public static bool TryRead(SharedMemory shared, uint function, RequesterId device, out SpdmPacket response)
    {
        response = default;
        Span<byte> header = stackalloc byte[Payload - Start];
        shared.Read(Start, header);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != function || BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != device.Value || length is 0 or > MaximumPayload)
        {
            return false;
        }

        byte[] bytes = new byte[length];
        shared.Read(Payload, bytes);
        response = new SpdmPacket(bytes[0] is not (Version10 or Version12), bytes);
        return true;
    }
}
