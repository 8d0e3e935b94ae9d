using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Ide;

/// <summary>IDE_KM's requester: gives a device the keys of its streams.</summary>
/// <param name="session">The session with the device.</param>
public sealed class IdeKmRequester(SpdmSession session)
{
    /// <summary>Asks for a port's IDE registers.</summary>
    /// <param name="portIndex">The port.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<IdeKmQueryResponse> QueryAsync(byte portIndex, CancellationToken cancellation = default)
    {
        IdeKmQueryResponse response =
            await SendAsync<IdeKmQueryResponse>(new IdeKmQuery { PortIndex = portIndex }, cancellation).ConfigureAwait(false);
        return response.PortIndex == portIndex ? response : throw new SpdmException(SpdmFailure.Unexpected, "QUERY_RESP is of another port");
    }

    /// <summary>Programs a key.</summary>
    /// <param name="portIndex">The port.</param>
    /// <param name="id">Which key.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<IdeKeyStatus> ProgramAsync(byte portIndex, IdeKeyId id, IdeKey key, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        IdeKmKeyProgram request = new() { Key = id, PortIndex = portIndex, KeyBytes = key.Key.ToArray(), Ifv = key.Ifv.ToArray() };
        IdeKmKeyProgramAck ack = await SendAsync<IdeKmKeyProgramAck>(request, cancellation).ConfigureAwait(false);
        Check(request, ack);
        return ack.Status;
    }

    /// <summary>Lets the device begin to use a key.</summary>
    /// <param name="portIndex">The port.</param>
    /// <param name="id">Which key.</param>
    /// <param name="cancellation">Gives up.</param>
    public ValueTask GoAsync(byte portIndex, IdeKeyId id, CancellationToken cancellation = default) =>
        SwitchAsync(new IdeKmKeySetGo { Key = id, PortIndex = portIndex }, cancellation);

    /// <summary>Lets the device cease to use a key.</summary>
    /// <param name="portIndex">The port.</param>
    /// <param name="id">Which key.</param>
    /// <param name="cancellation">Gives up.</param>
    public ValueTask StopAsync(byte portIndex, IdeKeyId id, CancellationToken cancellation = default) =>
        SwitchAsync(new IdeKmKeySetStop { Key = id, PortIndex = portIndex }, cancellation);

    private async ValueTask SwitchAsync(IdeKmKeyMessage request, CancellationToken cancellation) =>
        Check(request, await SendAsync<IdeKmKeyGoStopAck>(request, cancellation).ConfigureAwait(false));

    private static void Check(IdeKmKeyMessage request, IdeKmKeyMessage ack)
    {
        if (ack.Key != request.Key || ack.PortIndex != request.PortIndex)
        {
            throw new SpdmException(SpdmFailure.Unexpected, $"{ack.Code} is about another key");
        }
    }

    private async ValueTask<T> SendAsync<T>(IdeKmMessage request, CancellationToken cancellation)
        where T : IdeKmMessage
    {
        ReadOnlyMemory<byte> answer = await PciSigRequester.SendAsync(session, PciSigVendor.IdeKm, request.Encode(), cancellation).ConfigureAwait(false);
        if (!IdeKmMessage.TryDecode(answer, out IdeKmMessage? message, out MessageFault? fault))
        {
            throw new SpdmException(SpdmFailure.Malformed, $"the answer to {request.Code} is no message of IDE_KM: {fault}");
        }

        return message as T ?? throw new SpdmException(SpdmFailure.Unexpected, $"{request.Code} was answered with {message.Code}");
    }
}
