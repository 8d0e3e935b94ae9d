using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Responder;

// GET_DIGESTS, GET_CERTIFICATE, CHALLENGE, GET_MEASUREMENTS.
public sealed partial class SpdmResponder
{
    private const byte SlotOfProvisionedKey = 0xF;

    private byte[] OnGetDigests(byte[] raw, ResponderSession? session)
    {
        byte[] response = new DigestsResponse { SlotMask = Slot0Mask, Digests = Algorithms.Hash(_chain!.Bytes) }.Encode(Algorithms.Context);
        if (session is null)
        {
            Append(_b, raw, response);
        }

        return response;
    }

    private byte[] OnGetCertificate(GetCertificate request, byte[] raw, ResponderSession? session)
    {
        // What CERTIFICATE has besides the portion: the header and two lengths.
        const int Overhead = SpdmMessage.HeaderSize + (2 * sizeof(ushort));

        int left = _chain!.Bytes.Length - request.Offset;
        if (request.Slot != Slot0 || left <= 0)
        {
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        int length = Math.Min(Math.Min(left, request.Length), _peerLimit - Overhead);
        byte[] response = new CertificateResponse
        {
            Slot = Slot0,
            Portion = _chain.Bytes.AsSpan(request.Offset, length).ToArray(),
            RemainderLength = (ushort)(left - length),
        }.Encode();
        if (session is null)
        {
            Append(_b, raw, response);
        }

        return response;
    }

    private byte[] OnChallenge(Challenge request, byte[] raw)
    {
        if (request.Slot != Slot0 || !TrySummarize(request.Summary, out byte[] summary))
        {
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        MessageContext context = Algorithms.Context with { SummaryRequested = summary.Length > 0 };
        byte[] response = new ChallengeAuth
        {
            Slot = Slot0,
            SlotMask = Slot0Mask,
            CertificateChainHash = Algorithms.Hash(_chain!.Bytes),
            Nonce = Draw(SpdmLimits.NonceSize),
            SummaryHash = summary,
            Signature = new byte[context.SignatureSize],
        }.Encode(context);
        Span<byte> signature = response.AsSpan(response.Length - context.SignatureSize);
        byte[] m1 = [.. _vca.Bytes, .. _b.Bytes, .. raw, .. response.AsSpan(0, response.Length - signature.Length)];
        Sign(SigningContext.ChallengeAuth, m1).CopyTo(signature);
        _b.Clear();
        _challenged = true;
        return response;
    }

    private byte[] OnGetMeasurements(GetMeasurements request, byte[] raw, ResponderSession? session)
    {
        Transcript log = session?.Measurements ?? _l;
        IReadOnlyList<Measurement> all = _options.Measurements.Collect();
        List<MeasurementBlock> blocks = request.Operation == GetMeasurements.CountOnly
            ? []
            : [.. all.Where(m => request.Operation == GetMeasurements.All || m.Index == request.Operation).Select(m => m.ToBlock(Algorithms, request.RawBitStreamRequested))];
        bool slotFits = !request.SignatureRequested || request.Slot == Slot0;
        if (!slotFits
            || (request.SignatureRequested && !Has(SpdmCapabilities.MeasurementSigned))
            || Algorithms.MeasurementHash == MeasurementHashAlgorithms.None
            || (blocks.Count == 0 && request.Operation is not GetMeasurements.CountOnly and not GetMeasurements.All))
        {
            log.Clear();
            return Refuse(SpdmErrorCode.InvalidRequest);
        }

        MessageContext context = Algorithms.Context with { SignatureRequested = request.SignatureRequested };
        byte[] response = new MeasurementsResponse
        {
            TotalCount = (byte)(request.Operation == GetMeasurements.CountOnly ? all.Count : 0),
            Slot = Slot0,
            Blocks = blocks,
            Nonce = Draw(SpdmLimits.NonceSize),
            Signature = new byte[request.SignatureRequested ? context.SignatureSize : 0],
        }.Encode(context);
        if (response.Length > _peerLimit)
        {
            log.Clear();
            return Refuse(SpdmErrorCode.ResponseTooLarge);
        }

        if (!request.SignatureRequested)
        {
            Append(log, raw, response);
            return response;
        }

        Span<byte> signature = response.AsSpan(response.Length - context.SignatureSize);
        byte[] l1 = [.. _vca.Bytes, .. log.Bytes, .. raw, .. response.AsSpan(0, response.Length - signature.Length)];
        Sign(SigningContext.Measurements, l1).CopyTo(signature);
        log.Clear();
        return response;
    }

    // False if a summary is asked for that this responder cannot give.
    private bool TrySummarize(MeasurementSummary kind, out byte[] summary)
    {
        summary = [];
        if (kind == MeasurementSummary.None)
        {
            return true;
        }

        if (Algorithms.MeasurementHash == MeasurementHashAlgorithms.None)
        {
            return false;
        }

        IEnumerable<Measurement> measured = _options.Measurements.Collect().Where(m => kind == MeasurementSummary.All || m.IsInTcb);
        summary = MeasurementBlock.Summarize(Algorithms, measured.Select(m => m.ToBlock(Algorithms, raw: false)));
        return true;
    }
}
