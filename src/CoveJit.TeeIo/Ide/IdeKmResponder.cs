using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using CoveJit.TeeIo.PciSig;

namespace CoveJit.TeeIo.Ide;

/// <summary>IDE_KM's responder (PCIe, "IDE Key Management"). K_GOSTOP_ACK has no status, so what it cannot acknowledge is SPDM's ERROR.</summary>
/// <param name="store">The device's keys.</param>
public sealed class IdeKmResponder(IIdeKeyStore store) : IPciSigProtocol
{
    /// <inheritdoc/>
    public byte ProtocolId => PciSigVendor.IdeKm;

    /// <inheritdoc/>
    public bool TryHandle(uint session, ReadOnlyMemory<byte> request, [NotNullWhen(true)] out byte[]? response)
    {
        response = (IdeKmMessage.TryDecode(request, out IdeKmMessage? message, out _) ? Answer(session, message) : AnswerWrongLength(request))?.Encode();
        return response is not null;
    }

    /// <inheritdoc/>
    public void OnSessionEnded(uint session) => store.OnSessionEnded(session);

    // KEY_PROG is acknowledged if it can be seen which key it is about: up to its key it is laid out as K_SET_GO.
    private static IdeKmKeyProgramAck? AnswerWrongLength(ReadOnlyMemory<byte> request)
    {
        const int SizeUpToKey = 7;
        IdeKmKeySetGo head = new();
        return request.Length >= SizeUpToKey && request.Span[0] == (byte)IdeKmCode.KeyProgram
            && head.Fill(request[..SizeUpToKey], default, padding: 0, out _) is null
            ? new IdeKmKeyProgramAck { Key = head.Key, PortIndex = head.PortIndex, Status = IdeKeyStatus.IncorrectLength }
            : null;
    }

    private IdeKmMessage? Answer(uint session, IdeKmMessage request)
    {
        switch (request)
        {
            case IdeKmQuery query:
                return store.TryQuery(query.PortIndex, out IdeKmQueryResponse? description) ? description : null;

            case IdeKmKeyProgram program:
                IdeKeyStatus status = store.Program(session, program.PortIndex, program.Key, new IdeKey(program.KeyBytes, program.Ifv));
                CryptographicOperations.ZeroMemory(program.KeyBytes);
                return new IdeKmKeyProgramAck { Key = program.Key, PortIndex = program.PortIndex, Status = status };

            case IdeKmKeySetGo go when store.TryGo(session, go.PortIndex, go.Key):
                return new IdeKmKeyGoStopAck { Key = go.Key, PortIndex = go.PortIndex };

            case IdeKmKeySetStop stop when store.TryStop(session, stop.PortIndex, stop.Key):
                return new IdeKmKeyGoStopAck { Key = stop.Key, PortIndex = stop.PortIndex };

            default:
                return null;
        }
    }
}
