using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Spdm;

/// <summary>What a requester must not be talked into.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task A_device_of_another_root_is_not_trusted()
    {
        using TestDevice device = new();
        byte[] other = Identities.Create(PrimeCurve.P384, "another root").Certificates[0];
        using SpdmRequester requester = device.CreateRequester(o => o with { Verifier = new CertificateVerifier([other], device.Clock) });
        await requester.ConnectAsync();

        await FailsAsync(SpdmFailure.Certificate, async () => await requester.GetCertificateAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await requester.StartSessionAsync());
    }

    // CERTIFICATE says how much comes after its portion: all parts have to say the same of the whole.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, -1)]
    [InlineData(1, 1)]
    [InlineData(1, -1)]
    public async Task A_certificate_chain_has_one_length(int part, int change)
    {
        const int RemainderAt = DataObject.HeaderSize + 6;
        using TestDevice device = new();
        using SpdmRequester requester = device.CreateRequester(o => o with { CertificatePortion = 512 });
        await requester.ConnectAsync();
        int parts = 0;
        device.Transport.OnResponse = (_, bytes) =>
        {
            if (bytes[DataObject.HeaderSize + 1] == (byte)SpdmCode.Certificate && parts++ == part)
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(RemainderAt), (ushort)(BitConverter.ToUInt16(bytes, RemainderAt) + change));
            }

            return bytes;
        };

        await FailsAsync(SpdmFailure.Malformed, async () => await requester.GetCertificateAsync());
        Assert.InRange(parts, 2, 3); // it is not read to the end
        device.Transport.OnResponse = null;
        await requester.GetCertificateAsync();
    }

    [Fact]
    public async Task A_device_with_the_certificates_of_another_cannot_sign_for_it()
    {
        DeviceIdentity thief = Identities.Create(PrimeCurve.P384, "thief");
        using TestDevice device = new(o => o with { Signer = thief.CreateSigner() });
        using SpdmRequester requester = await device.ConnectAsync();

        await FailsAsync(SpdmFailure.Signature, async () => await requester.ChallengeAsync());
        await FailsAsync(SpdmFailure.Signature, async () => await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true));
        await FailsAsync(SpdmFailure.Signature, async () => await requester.StartSessionAsync());
    }

    [Fact]
    public async Task Certificates_are_good_for_their_time_only()
    {
        CertificateOptions options = new() { Random = TestDevice.Random("short"), NotAfter = new DateTimeOffset(2029, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        DeviceIdentity identity = CertificateAuthority.CreateRoot(options).CreateDevice(Identities.Profile);
        using TestDevice device = new(o => o with { Certificates = identity.Certificates, Signer = identity.CreateSigner() });
        using SpdmRequester requester = device.CreateRequester(o => o with { Verifier = new CertificateVerifier([identity.Certificates[0]], device.Clock) });
        await requester.ConnectAsync();

        await FailsAsync(SpdmFailure.Certificate, async () => await requester.GetCertificateAsync());
        device.Clock.Start = new DateTimeOffset(2028, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await requester.GetCertificateAsync();
    }

    [Fact]
    public async Task An_authority_is_no_device()
    {
        CertificateOptions options = new() { Random = TestDevice.Random("authority") };
        CertificateAuthority root = CertificateAuthority.CreateRoot(options);
        CertificateAuthority intermediate = root.CreateIntermediate();
        using TestDevice device = new(o => o with { Certificates = [root.Certificate, intermediate.Certificate] });
        using SpdmRequester requester = device.CreateRequester(o => o with { Verifier = new CertificateVerifier([root.Certificate], device.Clock) });
        await requester.ConnectAsync();

        await FailsAsync(SpdmFailure.Certificate, async () => await requester.GetCertificateAsync());
    }

    [Fact]
    public async Task Certificates_that_are_not_part_of_the_path_or_are_missing_from_it_are_refused()
    {
        IReadOnlyList<byte[]> own = Identities.Of(PrimeCurve.P384).Certificates;
        IReadOnlyList<byte[]> foreign = Identities.Create(PrimeCurve.P384, "foreign").Certificates;
        foreach (IReadOnlyList<byte[]> certificates in new IReadOnlyList<byte[]>[] { [own[0], own[1], foreign[1], own[2]], [own[0], own[2]], [own[0], own[2], own[1]], [own[0], foreign[1], foreign[2]] })
        {
            using TestDevice device = new(o => o with { Certificates = certificates });
            using SpdmRequester requester = device.CreateRequester();
            await requester.ConnectAsync();
            await FailsAsync(SpdmFailure.Certificate, async () => await requester.GetCertificateAsync());
        }
    }

    [Fact]
    public async Task Measurements_that_change_between_summary_and_reading_are_noticed()
    {
        using TestDevice device = new();
        using SpdmRequester requester = await device.ConnectAsync();
        SpdmSession session = await requester.StartSessionAsync(MeasurementSummary.All);
        MeasurementsResponse before = await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true, session: session);
        Assert.Equal(session.SummaryHash, MeasurementBlock.Summarize(requester.Algorithms, before.Blocks));

        device.Measurements.List[1] = new Measurement(2, MeasurementType.MutableFirmware, "other firmware"u8.ToArray());
        MeasurementsResponse after = await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true, session: session);
        Assert.NotEqual(session.SummaryHash, MeasurementBlock.Summarize(requester.Algorithms, after.Blocks));
    }

    [Fact]
    public async Task A_signature_covers_the_measurements_read_before_it()
    {
        using TestDevice device = new();
        using SpdmRequester requester = await device.ConnectAsync();
        int firmware = 0;
        device.Transport.OnResponse = (index, bytes) =>
        {
            // The second measurement is changed on its way; the signature comes with the third.
            if (bytes[DataObject.HeaderSize + 1] == (byte)SpdmCode.Measurements && firmware++ == 1)
            {
                bytes[DataObject.HeaderSize + 20] ^= 1;
            }

            return bytes;
        };

        await requester.GetMeasurementsAsync(1, signed: false);
        await requester.GetMeasurementsAsync(2, signed: false);
        await FailsAsync(SpdmFailure.Signature, async () => await requester.GetMeasurementsAsync(3, signed: true));
        await requester.GetMeasurementsAsync(3, signed: true);
    }

    [Fact]
    public async Task Old_signed_measurements_do_not_answer_a_new_nonce()
    {
        using TestDevice device = new();
        using SpdmRequester requester = await device.ConnectAsync();
        await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true);
        byte[] old = device.Transport.Responses[^1];
        device.Transport.OnResponse = (_, _) => old;

        await FailsAsync(SpdmFailure.Signature, async () => await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true));
    }

    [Fact]
    public async Task Whatever_byte_is_changed_from_the_first_message_to_the_session_there_is_no_session()
    {
        // On P-256 with the platform's signatures each run takes some milliseconds.
        using TestDevice device = new(o => o with { Signer = Identities.Of(PrimeCurve.P256).CreateSigner() }, PrimeCurve.P256);
        using SpdmRequester requester = device.CreateRequester();
        await RunAsync(requester);
        int[] requests = [.. device.Transport.Requests.Select(static r => r.Length)];
        int[] responses = [.. device.Transport.Responses.Select(static r => r.Length)];

        for (int message = 0; message < requests.Length; message++)
        {
            for (int i = 0; i < 2; i++)
            {
                bool isRequest = i == 0;
                int size = isRequest ? requests[message] : responses[message];

                // Of what is large a part will do: nonces, points, signatures, certificates.
                int step = size > 400 ? 61 : size > 64 ? 5 : 1;
                for (int at = DataObject.HeaderSize; at < size; at += step)
                {
                    byte[] Change(int index, byte[] bytes)
                    {
                        if (index == message && at < bytes.Length)
                        {
                            bytes[at] ^= 0x10;
                        }

                        return bytes;
                    }

                    device.Transport.Requests.Clear();
                    device.Transport.Responses.Clear();
                    device.Transport.OnRequest = isRequest ? Change : null;
                    device.Transport.OnResponse = isRequest ? null : Change;
                    Exception? failure = await Record.ExceptionAsync(async () => await RunAsync(requester));
                    Assert.True(failure is SpdmException, $"{(isRequest ? "request" : "response")} {message}, byte {at}: {failure}");
                }
            }
        }

        static async Task RunAsync(SpdmRequester requester)
        {
            await requester.ConnectAsync();
            await requester.GetDigestsAsync();
            await requester.GetCertificateAsync();
            await requester.ChallengeAsync(MeasurementSummary.All);
            SpdmSession session = await requester.StartSessionAsync(MeasurementSummary.TrustedComputingBase);
            await session.EndAsync();
        }
    }

    private static async Task FailsAsync(SpdmFailure expected, Func<Task> action) =>
        Assert.Equal(expected, (await Assert.ThrowsAsync<SpdmException>(action)).Failure);
}
