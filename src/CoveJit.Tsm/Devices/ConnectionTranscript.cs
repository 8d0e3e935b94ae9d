using System.Security.Cryptography;
using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Spdm;

namespace CoveJit.Tsm.Devices;

/// <summary>
/// The record of a connection's messages in the clear, in their order (CoVE-IO, "Device Connection Transcript"). When it is complete the host keeps it;
/// what stays here is its digest, and which parts of it are which element.
/// </summary>
internal sealed class ConnectionTranscript : IExchangeObserver
{
    private const int CertificateHeader = 8;
    private const int ProtocolOffset = 11; // of a vendor-defined message of PCI-SIG

    private readonly List<byte> _bytes = [];
    private readonly List<(TranscriptElement Element, int Parameter, int Start, int Length)> _parts = [];
    private bool _complete;
    private byte[] _digest = [];
    private byte[]? _known;
    private byte[] _last = [];

    /// <summary>The last exchange that was seen: request and response.</summary>
    public ReadOnlySpan<byte> Last => _last;

    /// <summary>Whether the bytes are known: the host has handed them back.</summary>
    public bool IsKnown => _known is not null;

    /// <inheritdoc/>
    public void OnExchange(uint? session, ReadOnlySpan<byte> request, ReadOnlySpan<byte> response)
    {
        SpdmCode code = (SpdmCode)request[1];
        if (code == SpdmCode.GetMeasurements)
        {
            _last = [.. request, .. response];
        }

        if (_complete)
        {
            return;
        }

        int start = _bytes.Count;
        TranscriptElement? element = code switch
        {
            SpdmCode.GetVersion or SpdmCode.GetCapabilities or SpdmCode.NegotiateAlgorithms => TranscriptElement.Negotiation,
            SpdmCode.GetMeasurements => TranscriptElement.Measurements,
            SpdmCode.KeyExchange or SpdmCode.Finish => TranscriptElement.Session,
            SpdmCode.VendorDefinedRequest when request.Length > ProtocolOffset && request[ProtocolOffset] == PciSigVendor.Tdisp => TranscriptElement.Tdisp,
            _ => null,
        };
        _bytes.AddRange(request);
        _bytes.AddRange(response);
        if (element is { } whole)
        {
            _parts.Add((whole, 0, start, request.Length + response.Length));
        }
        else if (code == SpdmCode.GetCertificate)
        {
            int header = start + request.Length + CertificateHeader;
            _parts.Add((TranscriptElement.Certificate, request[2], header, BitConverter.ToUInt16(response[4..])));
        }
    }

    /// <summary>Ends the record: what follows is not part of it.</summary>
    /// <returns>Its bytes.</returns>
    public byte[] Complete()
    {
        byte[] bytes = [.. _bytes];
        _complete = true;
        _bytes.Clear();
        _digest = SHA384.HashData(bytes);
        return bytes;
    }

    /// <summary>Takes back what the host has kept.</summary>
    /// <returns>False if it is something else.</returns>
    public bool TryRestore(byte[] bytes)
    {
        if (!CryptographicOperations.FixedTimeEquals(SHA384.HashData(bytes), _digest))
        {
            return false;
        }

        _known = bytes;
        return true;
    }

    /// <summary>An element of the transcript, whose bytes are known.</summary>
    /// <param name="element">Which.</param>
    /// <param name="parameter">Of a certificate chain: its slot.</param>
    /// <returns>Empty if there is no such element.</returns>
    public byte[] Extract(TranscriptElement element, int parameter) => element == TranscriptElement.All
        ? _known!
        : [.. _parts.Where(part => part.Element == element && part.Parameter == parameter).SelectMany(part => _known.AsSpan(part.Start, part.Length).ToArray())];
}

/// <summary>Elements of a connection's transcript (CoVE-IO, <c>enum sbi_covg_transcript_element</c>).</summary>
internal enum TranscriptElement
{
    /// <summary>FULL_TRANSCRIPT.</summary>
    All = 0,

    /// <summary>DEVICE_CERTIFICATE.</summary>
    Certificate = 1,

    /// <summary>DEVICE_MEASUREMENT.</summary>
    Measurements = 2,

    /// <summary>VCA.</summary>
    Negotiation = 3,

    /// <summary>SESSION.</summary>
    Session = 4,

    /// <summary>TDISP_VC.</summary>
    Tdisp = 5,
}
