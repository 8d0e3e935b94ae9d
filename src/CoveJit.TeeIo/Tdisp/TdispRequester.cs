using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tdisp.Messages;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp;

/// <summary>TDISP's requester for one interface: the TEE security manager's (TSM) side.</summary>
/// <param name="session">The session with the device.</param>
/// <param name="functionId">FUNCTION_ID of the interface.</param>
public sealed class TdispRequester(SpdmSession session, uint functionId)
{
    // With the header and the lengths this stays below a kilobyte.
    private const ushort ReportPortion = 960;

    /// <summary>Checks that the device speaks TDISP 1.0.</summary>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask CheckVersionAsync(CancellationToken cancellation = default)
    {
        TdispVersion version = await SendAsync<TdispVersion>(new TdispGetVersion(), cancellation).ConfigureAwait(false);
        if (!version.Versions.Contains(TdispMessage.Version10))
        {
            throw new SpdmException(SpdmFailure.Unsupported, "the device does not speak TDISP 1.0");
        }
    }

    /// <summary>Asks what the device can do.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SpdmException">It lacks a request that every device has to have.</exception>
    public async ValueTask<TdispCapabilities> GetCapabilitiesAsync(CancellationToken cancellation = default)
    {
        TdispCapabilities capabilities = await SendAsync<TdispCapabilities>(new TdispGetCapabilities(), cancellation).ConfigureAwait(false);
        return TdispCapabilities.Required.All(capabilities.Supports)
            ? capabilities
            : throw new SpdmException(SpdmFailure.Unsupported, "the device lacks a request of TDISP 1.0");
    }

    /// <summary>Locks the interface.</summary>
    /// <param name="flags">Flags that the device supports.</param>
    /// <param name="streamId">The IDE stream.</param>
    /// <param name="mmioReportingOffset">What is added to addresses in the report.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The nonce that starts the interface.</returns>
    public async ValueTask<byte[]> LockAsync(TdispLockFlags flags, byte streamId, ulong mmioReportingOffset = 0, CancellationToken cancellation = default)
    {
        TdispLockInterface request = new() { Flags = flags, DefaultStreamId = streamId, MmioReportingOffset = mmioReportingOffset };
        return (await SendAsync<TdispLockInterfaceResponse>(request, cancellation).ConfigureAwait(false)).Nonce;
    }

    /// <summary>Reads the report of the locked interface.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The report and its bytes.</returns>
    public async ValueTask<(TdispReport Report, byte[] Bytes)> GetReportAsync(CancellationToken cancellation = default)
    {
        List<byte> bytes = [];
        int remainder;
        do
        {
            ushort wanted = (ushort)Math.Min(ReportPortion, ushort.MaxValue - bytes.Count);
            TdispReportPortion part = await SendAsync<TdispReportPortion>(
                new TdispGetReport { Offset = (ushort)bytes.Count, Length = wanted }, cancellation).ConfigureAwait(false);
            remainder = part.RemainderLength;
            if (part.Portion.Length == 0 || part.Portion.Length > wanted || bytes.Count + part.Portion.Length + remainder > ushort.MaxValue)
            {
                throw new SpdmException(SpdmFailure.Malformed, "DEVICE_INTERFACE_REPORT does not fit the request");
            }

            bytes.AddRange(part.Portion);
        }
        while (remainder > 0);

        byte[] whole = [.. bytes];
        return TdispReport.TryDecode(whole, out TdispReport? report, out MessageFault? fault)
            ? (report, whole)
            : throw new SpdmException(SpdmFailure.Malformed, $"the device interface report cannot be read: {fault}");
    }

    /// <summary>Asks for the interface's state.</summary>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<TdispState> GetStateAsync(CancellationToken cancellation = default) =>
        (await SendAsync<TdispStateResponse>(new TdispGetState(), cancellation).ConfigureAwait(false)).State;

    /// <summary>Starts the locked interface.</summary>
    /// <param name="nonce">The nonce of locking it.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask StartAsync(byte[] nonce, CancellationToken cancellation = default) =>
        await SendAsync<TdispStartInterfaceResponse>(new TdispStartInterface { Nonce = nonce }, cancellation).ConfigureAwait(false);

    /// <summary>Stops the interface, whatever its state.</summary>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask StopAsync(CancellationToken cancellation = default) =>
        await SendAsync<TdispStopInterfaceResponse>(new TdispStopInterface(), cancellation).ConfigureAwait(false);

    private async ValueTask<T> SendAsync<T>(TdispMessage request, CancellationToken cancellation)
        where T : TdispMessage
    {
        request.FunctionId = functionId;
        ReadOnlyMemory<byte> answer = await PciSigRequester.SendAsync(session, PciSigVendor.Tdisp, request.Encode(), cancellation).ConfigureAwait(false);
        if (!TdispMessage.TryDecode(answer, out TdispMessage? message, out MessageFault? fault))
        {
            throw new SpdmException(SpdmFailure.Malformed, $"the answer to {request.Code} is no message of TDISP: {fault}");
        }

        if (message.FunctionId != functionId || message.Version != TdispMessage.Version10)
        {
            throw new SpdmException(SpdmFailure.Unexpected, $"the answer to {request.Code} is of another interface or version");
        }

        return message switch
        {
            T wanted => wanted,
            TdispError error => throw new TdispException(request.Code, error.ErrorCode),
            _ => throw new SpdmException(SpdmFailure.Unexpected, $"{request.Code} was answered with {message.Code}"),
        };
    }
}
