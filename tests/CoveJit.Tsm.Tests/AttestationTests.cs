using System.Security.Cryptography;
using System.Text;
using CoveJit.Attestation;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Launch;
using CoveJit.Attestation.Measurements;
using CoveJit.Attestation.Secrets;
using CoveJit.Attestation.Verification;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>
/// Evidence that a TVM gets by its own calls, verified with references that are computed from its launch plan alone: accepted as it is, refused for
/// each single change.
/// </summary>
public sealed class AttestationTests
{
    private const uint GetCapabilities = 6;
    private const uint Extend = 7;
    private const uint GetEvidence = 8;
    private const uint ReadMeasurement = 10;

    // Pages of the TVM that are not measured.
    private const ulong KeyPage = GuestMemory + 0x10000;
    private const ulong ChallengePage = GuestMemory + 0x11000;
    private const ulong CertificatePages = GuestMemory + 0x12000;
    private const ulong CertificateSize = 2 * PageSize;

    private const string Arguments = "console=hvc0";

    private static readonly byte[] Challenge = [.. Enumerable.Range(1, TvmClaims.ChallengeSize).Select(i => (byte)i)];
    private static readonly byte[] Identity = [.. Enumerable.Repeat((byte)0x1D, TvmClaims.IdentitySize)];

    // Keys cost time: a platform for each kind of change, made once.
    private static readonly TsmIdentity Usual = TsmIdentity.Emulated;
    private static readonly TsmIdentity Debuggable = Platform(tcb => tcb with { State = PlatformState.Debug });
    private static readonly TsmIdentity OtherVersion = Platform(tcb => tcb with { Tsm = tcb.Tsm with { Measurement = Digest.Of("another"u8) } });
    private static readonly TsmIdentity OlderVersion = Platform(tcb => tcb with { Tsm = tcb.Tsm with { Svn = "0" } });
    private static readonly TsmIdentity OtherPlatform = Platform(tcb => tcb, secret: 2);

    public static TheoryData<string, string, CertificateFormats> Changes()
    {
        TheoryData<string, string, CertificateFormats> rows = [];
        foreach ((string change, string check) in new[]
        {
            ("kernel", "register 4 (TVM pages)"), ("command line", "register 4 (TVM pages)"), ("address", "register 4 (TVM pages)"),
            ("entry", "register 5 (TVM configuration)"), ("argument", "register 5 (TVM configuration)"), ("vCPUs", "register 5 (TVM configuration)"),
            ("TSM version", "register 2 (TSM software)"), ("TSM SVN", "TSM component tsm"), ("debug", "platform state"),
            ("challenge", "challenge"), ("key", "public key"), ("platform", "platform token"), ("identity", "TVM identity"),
        })
        {
            rows.Add(change, check, CertificateFormats.Cbor);
            rows.Add(change, check, CertificateFormats.X509);
        }

        return rows;
    }

    [Theory]
    [InlineData(CertificateFormats.Cbor)]
    [InlineData(CertificateFormats.X509)]
    public void Evidence_is_accepted(CertificateFormats format)
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        VerificationReport report = Verify(Attest(new Launch(), Usual, key, Challenge, format), key);
        Assert.True(report.IsAccepted, string.Join('\n', report.Checks));
        Assert.Equal(0, report.NotChecked);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void Evidence_is_refused_for_a_single_change(string change, string check, CertificateFormats format)
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        using ECDiffieHellman other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        Launch launch = change switch
        {
            "kernel" => new Launch { LastByte = 1 },
            "command line" => new Launch { Arguments = Arguments + " debug" },
            "address" => new Launch { ArgumentsAddress = GuestMemory + 0x3000 },
            "entry" => new Launch { Entry = GuestMemory + 8 },
            "argument" => new Launch { Argument = 1 },
            "vCPUs" => new Launch { Vcpus = 2 },
            "identity" => new Launch { Identity = [.. Identity.Reverse().Select(b => (byte)~b)] },
            _ => new Launch(),
        };
        TsmIdentity platform = change switch
        {
            "TSM version" => OtherVersion,
            "TSM SVN" => OlderVersion,
            "debug" => Debuggable,
            "platform" => OtherPlatform,
            _ => Usual,
        };
        byte[] challenge = change == "challenge" ? [.. Challenge.Reverse()] : Challenge;
        byte[] evidence = Attest(launch, platform, change == "key" ? other : key, challenge, format);
        VerificationReport report = Verify(evidence, key);
        Assert.False(report.IsAccepted);
        Assert.Contains(report.Checks, c => c.Name == check && c.Outcome == CheckOutcome.Failed);
    }

    [Fact]
    public void A_certificate_with_another_TSMs_chain_is_refused()
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        byte[] certificate = Attest(new Launch(), Usual, key, Challenge, CertificateFormats.X509);
        byte[] Pem(TsmIdentity chain) => Encoding.ASCII.GetBytes(string.Concat(
            chain.Attestation.CertificateChain.Prepend(certificate).Select(c => PemEncoding.WriteString("CERTIFICATE", c.Span) + "\n")));
        Assert.True(Verify(Pem(Usual), key).IsAccepted);
        VerificationReport report = Verify(Pem(OtherVersion), key);
        Assert.Contains(report.Checks, c => c.Name == "certificate chain" && c.Outcome == CheckOutcome.Failed);
    }

    [Fact]
    public void A_replayed_answer_gets_no_secret()
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        RelyingParty party = new(Reference());
        byte[] challenge = party.CreateChallenge();
        byte[] evidence = Attest(new Launch(), Usual, key, challenge, CertificateFormats.Cbor);
        (VerificationReport report, byte[]? envelope) = party.Release(evidence, challenge, "disk key"u8);
        Assert.True(report.IsAccepted && envelope is not null, string.Join('\n', report.Checks));
        Assert.Equal("disk key"u8.ToArray(), SecretEnvelope.Open(envelope, key, SecretEnvelope.RemotePurpose, challenge));
        Assert.Null(party.Release(evidence, challenge, "disk key"u8).Envelope);
        Assert.Null(party.Release(evidence, party.CreateChallenge(), "disk key"u8).Envelope);
    }

    [Fact]
    public void Runtime_measurements_are_the_TVMs_own_and_are_in_its_evidence()
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        using TestMachine machine = new(identity: Usual);
        ulong id = new Launch().Run(machine);
        Digest digest = Digest.Of("an application"u8);
        Put(machine, id, KeyPage, digest.Bytes);
        Assert.Equal(SbiError.Success, Call(machine, id, Extend, KeyPage, Digest.Size, 7).Error);
        Assert.Equal(SbiError.InvalidParam, Call(machine, id, Extend, KeyPage, Digest.Size, 5).Error);
        Digest expected = Digest.Of([.. Digest.Zero.Bytes, .. digest.Bytes]);
        Assert.Equal(SbiError.Success, Call(machine, id, ReadMeasurement, KeyPage, Digest.Size, 7).Error);
        Assert.Equal(expected, new Digest(Get(machine, id, KeyPage, Digest.Size)));
        PresentedEvidence evidence = PresentedEvidence.Decode(Certify(machine, id, key, Challenge, CertificateFormats.Cbor));
        Assert.Equal(expected, evidence.Token.Tvm.Runtime.Single(r => r.Index == 7).Value);
        ReferenceValues reference = Reference();
        Assert.True(EvidenceVerifier.Verify(evidence, reference with { Tvm = reference.Tvm with { Runtime = [new(7, expected, "")] } }, new Expectations([])).IsAccepted);
        Assert.False(EvidenceVerifier.Verify(evidence, reference with { Tvm = reference.Tvm with { Runtime = [new(7, digest, "")] } }, new Expectations([])).IsAccepted);
    }

    [Fact]
    public void A_TVM_is_told_of_registers_and_formats()
    {
        using TestMachine machine = new(identity: Usual);
        ulong id = new Launch().Run(machine);
        Assert.Equal(SbiError.Success, Call(machine, id, GetCapabilities, KeyPage, PageSize).Error);
        byte[] expected = new byte[AttestationCapabilities.Size];
        new AttestationCapabilities(1).Write(expected);
        Assert.Equal(expected, Get(machine, id, KeyPage, AttestationCapabilities.Size));
        Assert.Equal([1, 0, 0, 0], expected[..4]); // SVN
        Assert.Equal([3, 0, 0, 0, 6, 4], expected[12..18]); // CBOR and X.509; registers
    }

    private static TsmIdentity Platform(Func<TcbDescription, TcbDescription> change, byte secret = 1) => secret == 1
        ? new TsmIdentity("the unique device secret of every CoveJit"u8.ToArray(), change(TsmIdentity.DescribeEmulated()))
        : new TsmIdentity([.. Enumerable.Repeat(secret, RootOfTrust.MinSecretSize)], change(TsmIdentity.DescribeEmulated()));

    // What covejit measure computes: from the plan of the unchanged launch, not from the machine.
    private static ReferenceValues Reference()
    {
        ReferenceValues values = ReferenceCalculator.Compute(new Launch().Plan, TsmIdentity.DescribeEmulated(), Usual.Root.PublicKey);
        return values with { Tvm = values.Tvm with { Identity = Identity } };
    }

    private static VerificationReport Verify(byte[] evidence, ECDiffieHellman key) =>
        EvidenceVerifier.Verify(PresentedEvidence.Decode(evidence), Reference(), new Expectations([], Challenge, P384PublicKey.FromKey(key)));

    private static byte[] Attest(Launch launch, TsmIdentity platform, ECDiffieHellman key, byte[] challenge, CertificateFormats format)
    {
        using TestMachine machine = new(identity: platform);
        return Certify(machine, launch.Run(machine), key, challenge, format);
    }

    private static byte[] Certify(TestMachine machine, ulong id, ECDiffieHellman key, byte[] challenge, CertificateFormats format)
    {
        byte[] cose = P384PublicKey.FromKey(key).ToCose();
        Put(machine, id, KeyPage, cose);
        Put(machine, id, ChallengePage, challenge);
        SbiResult result = Call(machine, id, GetEvidence, KeyPage, (ulong)cose.Length, ChallengePage, (ulong)format, CertificatePages, CertificateSize);
        Assert.True(result.Error == SbiError.Success, CoveError.NameOf(result.Error));
        return Get(machine, id, CertificatePages, (int)result.Value);
    }

    private static SbiResult Call(TestMachine machine, ulong id, uint function, params ReadOnlySpan<ulong> arguments)
    {
        (SbiResult result, bool exited) = machine.CallFromGuest(id, (ulong)CoveExtension.Guest, function, arguments);
        Assert.False(exited); // the host learns nothing
        return result;
    }

    private static void Put(TestMachine machine, ulong id, ulong guest, ReadOnlySpan<byte> bytes) => Assert.True(machine.Tsm.TryWriteGuest(machine.Tvm(id), guest, bytes));

    private static byte[] Get(TestMachine machine, ulong id, ulong guest, int length)
    {
        byte[] bytes = new byte[length];
        Assert.True(machine.Tsm.TryReadGuest(machine.Tvm(id), guest, bytes));
        return bytes;
    }

    /// <summary>A TVM's launch: the plan of it, and the calls that carry it out.</summary>
    private sealed record Launch
    {
        public byte LastByte { get; init; }

        public string Arguments { get; init; } = AttestationTests.Arguments;

        public ulong ArgumentsAddress { get; init; } = GuestMemory + 0x2000;

        public ulong Entry { get; init; } = GuestMemory;

        public ulong Argument { get; init; } = GuestMemory + 0x2000;

        public int Vcpus { get; init; } = 1;

        public byte[] Identity { get; init; } = AttestationTests.Identity;

        public LaunchPlan Plan => new(
            Entry,
            Argument,
            [.. Enumerable.Range(0, Vcpus).Select(i => (ulong)i)],
            [LaunchRegion.Of(GuestMemory, Kernel), LaunchRegion.Of(ArgumentsAddress, LaunchPlanFile.TextContent(Arguments))]);

        private byte[] Kernel
        {
            get
            {
                byte[] kernel = new byte[2 * PageSize]; // two pages
                System.Runtime.InteropServices.MemoryMarshal.AsBytes(CallProgram).CopyTo(kernel);
                kernel[^1] = LastByte;
                return kernel;
            }
        }

        public ulong Run(TestMachine machine)
        {
            machine.Convert();
            machine.Write64(Parameters, machine.Take(4, 16384), machine.Take(1));
            ulong id = machine.Succeed("create_tvm", Parameters, 16);
            machine.Succeed("add_tvm_memory_region", id, GuestMemory, GuestMemorySize);
            machine.Succeed("add_tvm_page_table_pages", id, machine.Take(16), 16);
            foreach (LaunchRegion region in Plan.Regions)
            {
                machine.Ram.TryClear(Image, region.Size);
                Assert.True(machine.Ram.TryWrite(Image, region.Content.Span));
                ulong pages = region.Size / PageSize;
                machine.Succeed("add_tvm_measured_pages", id, Image, machine.Take(pages), 0, pages, region.Gpa);
            }

            for (int i = 0; i < Vcpus; i++)
            {
                machine.Succeed("create_tvm_vcpu", id, (ulong)i, machine.Take(1));
            }

            Assert.True(machine.Ram.TryWrite(Parameters, Identity));
            machine.Succeed("finalize_tvm", id, Entry, Argument, Parameters);
            machine.Succeed("set_shmem", Nacl, 0, 0);
            machine.Succeed("add_tvm_zero_pages", id, machine.Take(4), 0, 4, KeyPage);
            return id;
        }
    }
}
