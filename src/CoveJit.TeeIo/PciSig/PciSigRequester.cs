using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;

namespace CoveJit.TeeIo.PciSig;

/// <summary>Sends messages of PCI-SIG's protocols in a session.</summary>
internal static class PciSigRequester
{
    public static async ValueTask<ReadOnlyMemory<byte>> SendAsync(SpdmSession session, byte protocolId, byte[] message, CancellationToken cancellation)
    {
        byte[] answer = await session
            .SendVendorAsync(PciSigVendor.StandardId, PciSigVendor.VendorId.ToArray(), [protocolId, .. message], cancellation).ConfigureAwait(false);
        return answer.Length > 0 && answer[0] == protocolId
            ? answer.AsMemory(1)
            : throw new SpdmException(SpdmFailure.Unexpected, "the answer is of another protocol of PCI-SIG");
    }
}
