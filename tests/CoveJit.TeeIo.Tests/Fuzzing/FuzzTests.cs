using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Spdm.Session;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tests.Support;
using FsCheck.Xunit;

namespace CoveJit.TeeIo.Tests.Fuzzing;

/// <summary>Hostile bytes for everything that reads any. COVEJIT_FUZZ_SECONDS makes the runs longer.</summary>
public sealed class FuzzTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("COVEJIT_FUZZ_SECONDS"), out double seconds) ? seconds : 2);

    [Property(MaxTest = 2000)]
    public void Random_bytes_are_read_without_a_throw(int seed)
    {
        Random random = new(seed);
        byte[] bytes = Mutation.RandomBytes(random, 200);
        SpdmMessage.TryDecode(bytes, MessageSamples.Context, out _, out _, out _);
        TdispMessage.TryDecode(bytes, out _, out _);
        TdispReport.TryDecode(bytes, out _, out _);
        CoveJit.TeeIo.Ide.IdeKmMessage.TryDecode(bytes, out _, out _);
        DataObject.TryDecode(bytes, out _, out _);
        CertificateChain.TryParse(bytes, 48, out _, out _);
        SecuredMessageVersions.Supports(bytes, SecuredMessageVersions.Version11);
        SecuredMessageVersions.Selects(bytes, SecuredMessageVersions.Version11);
        RecordKeys.SessionOf(bytes);
    }

    [Fact]
    public void Changed_certificates_are_refused_or_the_same_without_a_throw()
    {
        DeviceIdentity identity = Identities.Of(PrimeCurve.P256);
        SpdmAlgorithms algorithms = new() { BaseHash = BaseHashAlgorithms.Sha256, BaseAsymmetric = BaseAsymmetricAlgorithms.EcdsaP256 };
        CertificateVerifier verifier = new([identity.Certificates[0]], new TestClock());
        byte[] good = CertificateChain.Create(algorithms, identity.Certificates).Bytes;
        Repeat(random =>
        {
            byte[] changed = Mutation.Mutate(good, random);
            BitConverter.GetBytes((ushort)changed.Length).CopyTo(changed, 0);
            if (CertificateChain.TryParse(changed, 32, out CertificateChain? chain, out _)
                && verifier.TryVerify(chain, algorithms, out DeviceCertificate? certificate, out _))
            {
                // What is accepted has the device's key; only the reserved bytes of the header are nobody's.
                certificate.Dispose();
                Assert.Equal(good[4..], changed[4..]);
            }
        });
    }

    [Fact]
    public async Task A_responder_answers_everything_in_every_state()
    {
        using TestDevice device = new(o => o with { Signer = Identities.Of(PrimeCurve.P256).CreateSigner() }, PrimeCurve.P256);
        using SpdmRequester requester = device.CreateRequester();
        await RunAsync(device, requester);
        byte[][] dialogue = [.. device.Transport.Requests];
        device.Transport.OnRequest = null;
        DoeResponder doe = new(device.Responder);
        Repeat(random =>
        {
            byte[] request = random.Next(4) switch
            {
                0 => Mutation.RandomBytes(random, 100),
                1 => dialogue[random.Next(dialogue.Length)],
                _ => Mutation.Mutate(dialogue[random.Next(dialogue.Length)], random),
            };
            byte[]? response = doe.Respond(request);
            if (response is not null)
            {
                Assert.True(DataObject.TryDecode(response, out _, out _));
            }

            SpdmPacket answer = device.Responder.Respond(new SpdmPacket(random.Next(2) == 0, request));
            Assert.True(answer.Bytes.Length >= SpdmMessage.HeaderSize);
        });
    }

    [Fact]
    public async Task A_requester_fails_with_its_own_exceptions_only()
    {
        using TestDevice device = new(o => o with { Signer = Identities.Of(PrimeCurve.P256).CreateSigner() }, PrimeCurve.P256);
        using SpdmRequester requester = device.CreateRequester();
        await RunAsync(device, requester);
        int count = device.Transport.Requests.Count;
        await RepeatAsync(async random =>
        {
            device.Transport.Requests.Clear();
            int victim = random.Next(count);
            device.Transport.OnResponse = (index, bytes) => index != victim ? bytes
                : random.Next(6) == 0 ? new DataObject { Type = (DataObjectType)random.Next(3), Payload = new byte[4 * random.Next(40)] }.Encode()
                : MutatePayload(bytes, random);
            Exception? failure = await Record.ExceptionAsync(() => RunAsync(device, requester));
            Assert.True(failure is null or SpdmException or TdispException, failure?.ToString());
        });
    }

    // In a session a mutated record would only fail to open; what matters is what the layers above make of a hostile device's messages.
    [Fact]
    public async Task What_a_hostile_device_sends_inside_a_session_fails_with_the_librarys_exceptions_only()
    {
        using TestDevice device = new(curve: PrimeCurve.P256);
        using SpdmRequester requester = await device.ConnectAsync();
        HostileHandler handler = new();
        using TestDevice hostile = new(o => o with { Handlers = [handler], MaxSessions = 1 }, PrimeCurve.P256);
        SpdmSession session = await hostile.StartSessionAsync();
        TdispRequester tdisp = new(session, TestDevice.FunctionId);
        CoveJit.TeeIo.Ide.IdeKmRequester ide = new(session);
        await RepeatAsync(async random =>
        {
            MessageSamples samples = new(random.Next());
            byte[][] good = [.. samples.Tdisp().Select(static m => m.Encode()), .. samples.IdeKm().Select(static m => m.Encode())];
            handler.Answer = request => [request[0], .. Mutation.Mutate(good[random.Next(good.Length)], random)];
            foreach (Func<Task> action in new Func<Task>[]
            {
                async () => await tdisp.CheckVersionAsync(),
                async () => await tdisp.GetCapabilitiesAsync(),
                async () => await tdisp.LockAsync(TdispLockFlags.None, 0),
                async () => await tdisp.GetReportAsync(),
                async () => await tdisp.GetStateAsync(),
                async () => await ide.QueryAsync(0),
                async () => await ide.GoAsync(0, default),
            })
            {
                Exception? failure = await Record.ExceptionAsync(action);
                Assert.True(failure is null or SpdmException or TdispException, failure?.ToString());
            }
        });
    }

    [Fact]
    public void A_mailbox_takes_any_sequence_of_accesses()
    {
        using TestDevice device = new();
        DoeMailbox mailbox = new(new DoeResponder(device.Responder).Respond, limit: 256, interrupt: static () => { });
        Repeat(random =>
        {
            for (int i = 0; i < 50; i++)
            {
                int offset = random.Next(-4, 0x20);
                if (random.Next(3) == 0)
                {
                    mailbox.Read(offset);
                }
                else
                {
                    mailbox.Write(offset, random.Next(3) switch { 0 => 1u << 31, 1 => (uint)random.Next(4), _ => (uint)random.Next() });
                }
            }
        });
    }

    [Property(MaxTest = 300)]
    public void Pem_is_read_or_refused_as_a_format(int seed)
    {
        string good = Identities.Of(PrimeCurve.P256).ToPem();
        Random random = new(seed);
        string changed = System.Text.Encoding.Latin1.GetString(Mutation.Mutate(System.Text.Encoding.ASCII.GetBytes(good), random));
        Exception? failure = Record.Exception(() => DeviceIdentity.FromPem(changed));
        Assert.True(failure is null or FormatException, failure?.ToString());
    }

    private static byte[] MutatePayload(byte[] dataObject, Random random)
    {
        byte[] payload = Mutation.Mutate(dataObject[DataObject.HeaderSize..], random);
        Array.Resize(ref payload, (payload.Length + 3) & ~3);
        return new DataObject { Type = (DataObjectType)dataObject[2], Payload = payload }.Encode();
    }

    private static async Task RunAsync(TestDevice device, SpdmRequester requester)
    {
        await requester.ConnectAsync();
        await requester.GetDigestsAsync();
        await requester.GetCertificateAsync();
        await requester.ChallengeAsync();
        await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true);
        SpdmSession session = await requester.StartSessionAsync(MeasurementSummary.All);
        TdispRequester tdisp = new(session, TestDevice.FunctionId);
        await tdisp.StopAsync();
        byte[] nonce = await tdisp.LockAsync(TdispLockFlags.None, 0);
        await tdisp.GetReportAsync();
        await tdisp.StartAsync(nonce);
        await session.UpdateKeysAsync();
        await session.EndAsync();
    }

    private static void Repeat(Action<Random> action)
    {
        long start = TimeProvider.System.GetTimestamp();
        for (int seed = 0; TimeProvider.System.GetElapsedTime(start) < Duration; seed++)
        {
            action(new Random(seed));
        }
    }

    private static async Task RepeatAsync(Func<Random, Task> action)
    {
        long start = TimeProvider.System.GetTimestamp();
        for (int seed = 0; TimeProvider.System.GetElapsedTime(start) < Duration; seed++)
        {
            await action(new Random(seed));
        }
    }
}
