using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Doe;

/// <summary>The device's end of DOE: discovery, and SPDM with its sessions.</summary>
/// <param name="spdm">The SPDM responder.</param>
public sealed class DoeResponder(SpdmResponder spdm)
{
    private static readonly DataObjectType[] Protocols = [DataObjectType.Discovery, DataObjectType.Spdm, DataObjectType.SecuredSpdm];

    /// <summary>Answers a data object.</summary>
    /// <param name="request">The data object's bytes.</param>
    /// <returns>The answer's bytes, or null where DOE has none: the object cannot be read, or is of no protocol here.</returns>
    public byte[]? Respond(ReadOnlyMemory<byte> request)
    {
        if (!DataObject.TryDecode(request, out DataObject? dataObject, out _))
        {
            return null;
        }

        if (dataObject.TryGetPacket(out SpdmPacket packet))
        {
            return DataObject.From(spdm.Respond(packet)).Encode();
        }

        return dataObject is { VendorId: DataObject.PciSig, Type: DataObjectType.Discovery } ? Discover(dataObject.Payload) : null;
    }

    private static byte[]? Discover(byte[] payload)
    {
        DiscoveryRequest request = new();
        if (request.Fill(payload, default, padding: 0, out _) is not null || request.Index >= Protocols.Length)
        {
            return null;
        }

        DiscoveryResponse response = new()
        {
            VendorId = DataObject.PciSig,
            Type = Protocols[request.Index],
            NextIndex = (byte)((request.Index + 1) % Protocols.Length),
        };
        return new DataObject { Type = DataObjectType.Discovery, Payload = response.Encode() }.Encode();
    }
}
