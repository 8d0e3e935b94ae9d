using System.Diagnostics.CodeAnalysis;
using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Tdisp.Messages;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp;

/// <summary>TDISP's responder: a device security manager (DSM) with its interfaces.</summary>
/// <param name="interfaces">The interfaces.</param>
/// <param name="lockFlags">The lock flags that the device supports.</param>
/// <param name="addressWidth">Address bits of the device.</param>
public sealed class TdispResponder(
    IReadOnlyList<TdispInterface> interfaces,
    TdispLockFlags lockFlags = TdispLockFlags.NoFirmwareUpdate | TdispLockFlags.LockMsix,
    byte addressWidth = 52) : IPciSigProtocol
{
    /// <inheritdoc/>
    public byte ProtocolId => PciSigVendor.Tdisp;

    /// <inheritdoc/>
    public bool TryHandle(uint session, ReadOnlyMemory<byte> request, [NotNullWhen(true)] out byte[]? response)
    {
        response = null;
        TdispError header = new();
        if (request.Length < TdispMessage.HeaderSize)
        {
            return false;
        }

        // The header tells what to answer even if the rest cannot be read.
        header.VisitHeader(new MessageReader(request, default));
        TdispMessage answer = Answer(session, request, header);
        answer.FunctionId = header.FunctionId;
        response = answer.Encode();
        return true;
    }

    /// <inheritdoc/>
    public void OnSessionEnded(uint session)
    {
        foreach (TdispInterface tdi in interfaces)
        {
            tdi.OnSessionEnded(session);
        }
    }

    private static TdispError Refuse(TdispErrorCode code, uint data = 0) => new() { ErrorCode = code, ErrorData = data };

    private static byte[] Bitmap(IEnumerable<TdispCode> requests)
    {
        byte[] bitmap = new TdispCapabilities().RequestsSupported;
        foreach (TdispCode request in requests)
        {
            int bit = (byte)request & 0x7F;
            bitmap[bit / 8] |= (byte)(1 << (bit % 8));
        }

        return bitmap;
    }

    private static TdispMessage Portion(TdispInterface tdi, TdispGetReport request)
    {
        if (tdi.State is not (TdispState.ConfigLocked or TdispState.Run))
        {
            return Refuse(TdispErrorCode.InvalidInterfaceState);
        }

        int left = tdi.Report.Length - request.Offset;
        if (left <= 0 || request.Length == 0)
        {
            return Refuse(TdispErrorCode.InvalidRequest);
        }

        int length = Math.Min(left, request.Length);
        return new TdispReportPortion { Portion = tdi.Report.AsSpan(request.Offset, length).ToArray(), RemainderLength = (ushort)(left - length) };
    }

    private TdispMessage Answer(uint session, ReadOnlyMemory<byte> bytes, TdispError header)
    {
        if (header.Version >> 4 != TdispMessage.Version10 >> 4)
        {
            return Refuse(TdispErrorCode.VersionMismatch);
        }

        TdispCode code = (TdispCode)bytes.Span[1];
        if (!TdispCapabilities.Required.Contains(code))
        {
            return Refuse(TdispErrorCode.UnsupportedRequest, (byte)code);
        }

        if (!TdispMessage.TryDecode(bytes, out TdispMessage? request, out _))
        {
            return Refuse(TdispErrorCode.InvalidRequest);
        }

        TdispInterface? tdi = interfaces.FirstOrDefault(i => i.FunctionId == request.FunctionId);
        return tdi is null ? Refuse(TdispErrorCode.InvalidInterface) : Answer(session, tdi, request);
    }

    private TdispMessage Answer(uint session, TdispInterface tdi, TdispMessage request)
    {
        TdispErrorCode error;
        switch (request)
        {
            case TdispGetVersion:
                return new TdispVersion { Versions = [TdispMessage.Version10] };

            case TdispGetCapabilities:
                return new TdispCapabilities
                {
                    RequestsSupported = Bitmap(TdispCapabilities.Required),
                    LockFlags = lockFlags,
                    AddressWidth = addressWidth,
                    RequestsPerInterface = 1,
                    RequestsPerDevice = 1,
                };

            case TdispLockInterface lockRequest:
                if ((lockRequest.Flags & ~lockFlags) != 0)
                {
                    return Refuse(TdispErrorCode.InvalidRequest);
                }

                error = tdi.Lock(session, lockRequest, out byte[] nonce);
                return error == TdispErrorCode.None ? new TdispLockInterfaceResponse { Nonce = nonce } : Refuse(error);

            case TdispGetReport report:
                return Portion(tdi, report);

            case TdispGetState:
                return new TdispStateResponse { State = tdi.State };

            case TdispStartInterface start:
                error = tdi.Start(session, start.Nonce);
                return error == TdispErrorCode.None ? new TdispStartInterfaceResponse() : Refuse(error);

            default:
                error = tdi.Stop(session);
                return error == TdispErrorCode.None ? new TdispStopInterfaceResponse() : Refuse(error);
        }
    }
}
