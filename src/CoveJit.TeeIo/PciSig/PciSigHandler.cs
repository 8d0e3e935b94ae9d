using System.Diagnostics.CodeAnalysis;
using CoveJit.TeeIo.Spdm.Responder;

namespace CoveJit.TeeIo.PciSig;

/// <summary>Hands vendor-defined messages of PCI-SIG to the protocol that they are of. They need a session.</summary>
/// <param name="protocols">The protocols.</param>
public sealed class PciSigHandler(params IReadOnlyList<IPciSigProtocol> protocols) : IVendorDefinedHandler
{
    /// <inheritdoc/>
    public ushort StandardId => PciSigVendor.StandardId;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> VendorId => PciSigVendor.VendorId;

    /// <inheritdoc/>
    public bool NeedsSession => true;

    /// <inheritdoc/>
    public bool TryHandle(uint? session, ReadOnlyMemory<byte> request, [NotNullWhen(true)] out byte[]? response)
    {
        response = null;
        if (session is not { } id || request.IsEmpty)
        {
            return false;
        }

        byte protocolId = request.Span[0];
        IPciSigProtocol? protocol = protocols.FirstOrDefault(p => p.ProtocolId == protocolId);
        if (protocol is null || !protocol.TryHandle(id, request[1..], out byte[]? answer))
        {
            return false;
        }

        response = [protocolId, .. answer];
        return true;
    }

    /// <inheritdoc/>
    public void OnSessionEnded(uint session)
    {
        foreach (IPciSigProtocol protocol in protocols)
        {
            protocol.OnSessionEnded(session);
        }
    }
}
