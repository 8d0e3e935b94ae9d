using System.Text;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.TeeIo.Tdisp;

namespace CoveJit.TeeIo.Tests.Support;

/// <summary>A device with everything: identity, measurements, IDE keys, one interface; and a requester's way to it.</summary>
internal sealed class TestDevice : IDisposable
{
    public const uint FunctionId = 0x0108;

    public TestDevice(Func<SpdmResponderOptions, SpdmResponderOptions>? configure = null, PrimeCurve? curve = null)
    {
        Identity = Identities.Of(curve ?? PrimeCurve.P384);
        Interface = new TdispInterface(FunctionId, Function, Random("tdisp"));
        KeyStore = new IdePortKeyStore(Keys, static () => new IdeKmQueryResponse { DeviceFunction = 8, Bus = 1, Registers = new byte[8] });
        SpdmResponderOptions options = new()
        {
            Signer = Identity.CreateDeterministicSigner(),
            Certificates = Identity.Certificates,
            Measurements = Measurements,
            Random = Random("device"),
            Time = Clock,
            Handlers = [new PciSigHandler(new IdeKmResponder(KeyStore), new TdispResponder([Interface]))],
        };
        Responder = new SpdmResponder(configure?.Invoke(options) ?? options);
        Transport = new LoopbackTransport(new DoeResponder(Responder));
    }

    public DeviceIdentity Identity { get; }

    public TestMeasurements Measurements { get; } = new();

    public TestClock Clock { get; } = new();

    public IdeKeyTable Keys { get; } = new();

    public IdePortKeyStore KeyStore { get; }

    public TestFunction Function { get; } = new();

    public TdispInterface Interface { get; }

    public SpdmResponder Responder { get; }

    public LoopbackTransport Transport { get; }

    public static SeededRandomSource Random(string seed) => new(Encoding.UTF8.GetBytes(seed));

    /// <summary>A requester that trusts the device.</summary>
    public SpdmRequester CreateRequester(Func<SpdmRequesterOptions, SpdmRequesterOptions>? configure = null, ISpdmTransport? transport = null)
    {
        SpdmRequesterOptions options = new()
        {
            Verifier = new CertificateVerifier([Identity.Certificates[0]], Clock),
            Random = Random("requester"),
        };
        return new SpdmRequester(transport ?? Transport, configure?.Invoke(options) ?? options);
    }

    /// <summary>A requester with a verified certificate.</summary>
    public async Task<SpdmRequester> ConnectAsync(Func<SpdmRequesterOptions, SpdmRequesterOptions>? configure = null)
    {
        SpdmRequester requester = CreateRequester(configure);
        await requester.ConnectAsync();
        await requester.GetCertificateAsync();
        return requester;
    }

    /// <summary>A session.</summary>
    public async Task<SpdmSession> StartSessionAsync(Func<SpdmRequesterOptions, SpdmRequesterOptions>? configure = null) =>
        await (await ConnectAsync(configure)).StartSessionAsync();

    public void Dispose() => Responder.Dispose();
}
