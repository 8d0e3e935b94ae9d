using System.Net;
using System.Net.Sockets;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Sockets;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tdisp.Messages;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Interoperability;

/// <summary>Both sides against another implementation, DMTF's spdm-emu, over its sockets.</summary>
public sealed class SpdmEmuTests
{
    // What spdm-emu's samples have.
    private const byte PortIndex = 1;
    private const uint FunctionId = 0xBEEF;

    [SpdmEmuFact]
    public Task The_requester_speaks_with_their_responder_on_P384() => RunRequesterAsync("ecp384", BaseAsymmetricAlgorithms.EcdsaP384, BaseHashAlgorithms.Sha384);

    [SpdmEmuFact]
    public Task The_requester_speaks_with_their_responder_on_P256() => RunRequesterAsync("ecp256", BaseAsymmetricAlgorithms.EcdsaP256, BaseHashAlgorithms.Sha256);

    [SpdmEmuFact]
    public Task Their_requester_speaks_with_the_responder_on_P384() => RunResponderAsync(PrimeCurve.P384, "ecp384");

    [SpdmEmuFact]
    public Task Their_requester_speaks_with_the_responder_on_P256() => RunResponderAsync(PrimeCurve.P256, "ecp256");

    private static async Task RunRequesterAsync(string keys, BaseAsymmetricAlgorithms signature, BaseHashAlgorithms hash)
    {
        int port = SpdmEmu.FreePort();
        using SpdmEmu peer = SpdmEmu.StartResponder(port, "--mut_auth", "NO");
        using TcpClient client = await peer.ConnectAsync(port);
        SocketTransport transport = new(client.GetStream());
        byte[] root = await File.ReadAllBytesAsync(Path.Combine(SpdmEmu.Directory!, keys, "ca.cert.der"));
        using SpdmRequester requester = new(transport, new SpdmRequesterOptions { Verifier = new CertificateVerifier([root]), Signatures = signature, Hashes = hash });

        byte[] discovery = new DataObject { Type = DataObjectType.Discovery, Payload = new DiscoveryRequest { Index = 1 }.Encode() }.Encode();
        Assert.Equal([1, 0, 1, 2], (await transport.ExchangeAsync(discovery, default))[DataObject.HeaderSize..]);

        await requester.ConnectAsync();
        await requester.GetDigestsAsync();
        DeviceCertificate certificate = await requester.GetCertificateAsync();
        Assert.Equal("ACME:WIDGET:1234567890", certificate.DeviceInfo);
        await requester.ChallengeAsync(MeasurementSummary.All);

        MeasurementsResponse count = await requester.GetMeasurementsAsync(GetMeasurements.CountOnly, signed: false);
        MeasurementsResponse first = await requester.GetMeasurementsAsync(1, signed: false);
        MeasurementsResponse all = await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true);
        Assert.Equal(count.TotalCount, all.Blocks.Count);
        Assert.Equal(first.Blocks[0].Value, all.Blocks[0].Value);

        SpdmSession session = await requester.StartSessionAsync(MeasurementSummary.All);
        await session.HeartbeatAsync();
        await session.UpdateKeysAsync(both: true);
        await session.UpdateKeysAsync(both: false);
        MeasurementsResponse inSession = await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true, session: session);
        Assert.Equal(all.Blocks.Count, inSession.Blocks.Count);
        await RunIdeAsync(new IdeKmRequester(session));
        await RunTdispAsync(new TdispRequester(session, FunctionId));
        await session.EndAsync();

        // Another session on the same connection.
        await (await requester.StartSessionAsync()).EndAsync();
        await transport.LeaveAsync(SocketCommand.Shutdown);
        Assert.Equal(0, await peer.WaitAsync());
    }

    private static async Task RunIdeAsync(IdeKmRequester ide)
    {
        IdeKmQueryResponse port = await ide.QueryAsync(PortIndex);
        Assert.NotEmpty(port.Registers);
        foreach (IdeKeyId id in IdeKeyId.Of(0, 0, IdeDirection.Receive).Concat(IdeKeyId.Of(0, 0, IdeDirection.Transmit)))
        {
            Assert.Equal(IdeKeyStatus.Success, await ide.ProgramAsync(PortIndex, id, new IdeKey(new byte[IdeKey.KeySize], new byte[IdeKey.IfvSize])));
            await ide.GoAsync(PortIndex, id);
            await ide.StopAsync(PortIndex, id);
        }
    }

    private static async Task RunTdispAsync(TdispRequester tdisp)
    {
        await tdisp.CheckVersionAsync();
        TdispCapabilities capabilities = await tdisp.GetCapabilitiesAsync();
        Assert.Equal(TdispState.ConfigUnlocked, await tdisp.GetStateAsync());
        byte[] nonce = await tdisp.LockAsync(capabilities.LockFlags, streamId: 0, mmioReportingOffset: 0xD0000000);
        Assert.Equal(TdispState.ConfigLocked, await tdisp.GetStateAsync());
        (TdispReport report, _) = await tdisp.GetReportAsync();
        Assert.NotEmpty(report.MmioRanges);
        await tdisp.StartAsync(nonce);
        Assert.Equal(TdispState.Run, await tdisp.GetStateAsync());
        await tdisp.StopAsync();
        Assert.Equal(TdispState.ConfigUnlocked, await tdisp.GetStateAsync());
    }

    private static async Task RunResponderAsync(PrimeCurve curve, string keys)
    {
        DeviceIdentity identity = Identities.Of(curve);
        ExchangeLog log = new();
        TestFunction function = new();
        IdeKeyTable ide = new();
        using SpdmResponder responder = new(new SpdmResponderOptions
        {
            Signer = identity.CreateSigner(),
            Certificates = identity.Certificates,
            Measurements = new TestMeasurements(),
            Observer = log,
            HeartbeatPeriod = 10,
            Handlers =
            [
                new PciSigHandler(
                    new IdeKmResponder(new IdePortKeyStore(ide, static () => new IdeKmQueryResponse { PortIndex = PortIndex, MaxPortIndex = PortIndex, Registers = new byte[64] }, PortIndex)),
                    new TdispResponder([new TdispInterface(FunctionId, function)])),
            ],
        });
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        string directory = Directory.CreateTempSubdirectory("covejit-spdm").FullName;
        try
        {
            // Their requester trusts the root that lies where its sample's would.
            CopySamples(directory);
            await File.WriteAllBytesAsync(Path.Combine(directory, keys, "ca.cert.der"), identity.Certificates[0]);

            // They go on to CXL, which ends their run; the first run does without PCI-SIG's protocols, so that it can end well.
            string[] common = ["--asym", curve == PrimeCurve.P384 ? "ECDSA_P384" : "ECDSA_P256", "--meas_op", "ALL", "--exe_conn", "DIGEST,CERT,CHAL,MEAS"];
            (int exitCode, string output) = await ServeAsync(listener, responder, port, directory, [.. common, "--exe_session", "KEY_EX,KEY_UPDATE,HEARTBEAT,MEAS,DIGEST,CERT"]);
            Assert.True(exitCode == 0, output);
            Assert.Empty(log.Errors);
            Assert.Equal(0, responder.SessionCount);
            Assert.All(
                [SpdmCode.GetVersion, SpdmCode.GetCapabilities, SpdmCode.NegotiateAlgorithms, SpdmCode.GetDigests, SpdmCode.GetCertificate, SpdmCode.Challenge, SpdmCode.GetMeasurements, SpdmCode.KeyExchange],
                code => Assert.True(log.Count(code, inSession: false) > 0, code.ToString()));
            Assert.All(
                [SpdmCode.Finish, SpdmCode.Heartbeat, SpdmCode.GetMeasurements, SpdmCode.GetDigests, SpdmCode.GetCertificate, SpdmCode.EndSession],
                code => Assert.True(log.Count(code, inSession: true) > 0, code.ToString()));
            Assert.Equal(2, log.Count(SpdmCode.KeyUpdate, inSession: true));

            log.Exchanges.Clear();
            await ServeAsync(listener, responder, port, directory, [.. common, "--exe_session", "KEY_EX,APP"]);
            (byte[] refused, _) = Assert.Single(log.Errors);
            Assert.True(SpdmMessage.TryDecode(refused, default, out SpdmMessage? message, out _, out _));
            Assert.NotEqual(PciSigVendor.VendorId.ToArray(), Assert.IsType<VendorDefinedRequest>(message).VendorId);
            // QUERY; three about each key; TDISP.
            Assert.Equal(1 + (6 * 3) + 10, log.Count(SpdmCode.VendorDefinedRequest, inSession: true));
            Assert.Equal(["lock 0", "start", "stop"], function.Log);
            Assert.Equal(IdeKeyState.Programmed, ide.StateOf(new IdeKeyId(0, 0, IdeDirection.Transmit, IdeSubStream.Completion)));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<(int ExitCode, string Output)> ServeAsync(
        TcpListener listener, SpdmResponder responder, int port, string directory, string[] arguments)
    {
        using SpdmEmu peer = SpdmEmu.StartRequester(port, directory, arguments);
        using TcpClient client = await listener.AcceptTcpClientAsync();
        client.NoDelay = true;
        await new SocketServer(new DoeResponder(responder)).ServeAsync(client.GetStream());
        return (await peer.WaitAsync(), peer.Output);
    }

    private static void CopySamples(string directory)
    {
        foreach (string source in Directory.EnumerateDirectories(SpdmEmu.Directory!))
        {
            string target = Directory.CreateDirectory(Path.Combine(directory, Path.GetFileName(source))).FullName;
            foreach (string file in Directory.EnumerateFiles(source))
            {
                File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
            }
        }
    }
}
