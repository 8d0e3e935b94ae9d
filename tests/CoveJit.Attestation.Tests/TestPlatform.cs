using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Launch;
using CoveJit.Attestation.Measurements;
using CoveJit.Attestation.Verification;

namespace CoveJit.Attestation.Tests;

/// <summary>A platform with one TVM, whose every property a test may change.</summary>
internal sealed record TestPlatform
{
    public static readonly byte[] Challenge = [.. Enumerable.Range(1, TvmClaims.ChallengeSize).Select(i => (byte)i)];

    private const ulong KernelAddress = 0x8020_0000;
    private const ulong CommandLineAddress = 0x8010_0000;

    public byte DeviceSecret { get; init; } = 1;

    public PlatformState State { get; init; } = PlatformState.Secured;

    public string FirmwareVersion { get; init; } = "firmware 1";

    public string TsmVersion { get; init; } = "tsm 1";

    public string TsmSvn { get; init; } = "7";

    public string TsmConfiguration { get; init; } = "default";

    public byte[] Kernel { get; init; } = [.. Enumerable.Range(0, 10_000).Select(i => (byte)(i * 7))];

    public ulong KernelGpa { get; init; } = KernelAddress;

    public string CommandLine { get; init; } = "console=hvc0";

    public ulong EntryPc { get; init; } = KernelAddress;

    public ulong EntryArgument { get; init; } = 0x8000_0000;

    public ulong[] Vcpus { get; init; } = [1, 0];

    public byte[]? Identity { get; init; }

    public byte? RuntimeMeasurement { get; init; }

    public ECDiffieHellman TvmKey { get; init; } = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);

    public P384PublicKey TvmPublicKey => P384PublicKey.FromKey(TvmKey);

    public TcbDescription Tcb => new(
        Enumerable.Repeat((byte)0xC0, PlatformClaims.ManufacturerSize).ToArray(),
        State,
        [Component("firmware", FirmwareVersion, "3")],
        Digest.Of("configuration"u8),
        Component("tsm-driver", "driver 1", "2"),
        Component("tsm", TsmVersion, TsmSvn),
        Digest.Of(System.Text.Encoding.UTF8.GetBytes(TsmConfiguration)));

    public RootOfTrust Root => new(Enumerable.Repeat(DeviceSecret, RootOfTrust.MinSecretSize).ToArray());

    public LaunchPlan Plan => new(
        EntryPc, EntryArgument, Vcpus, [LaunchRegion.Of(CommandLineAddress, LaunchPlanFile.TextContent(CommandLine)), LaunchRegion.Of(KernelGpa, Kernel)]);

    public TsmAttestation Start() => Root.Start(Tcb);

    /// <summary>What the TSM does when the TVM is launched.</summary>
    public MeasurementRegisters Launch(TsmAttestation tsm)
    {
        MeasurementRegisters registers = tsm.CreateRegisters();
        foreach (LaunchRegion region in Plan.Regions)
        {
            byte[] memory = new byte[region.Size];
            region.Content.CopyTo(memory);
            registers.MeasurePages(region.Gpa, memory);
        }

        registers.MeasureConfiguration(EntryPc, EntryArgument, Vcpus);
        if (RuntimeMeasurement is { } value)
        {
            Assert.True(registers.TryExtendRuntime(RegisterLayout.FirstRuntime, Enumerable.Repeat(value, Digest.Size).ToArray()));
        }

        return registers;
    }

    public AttestationRequest Request(TsmAttestation tsm) => new(Launch(tsm), TvmPublicKey, Challenge, Identity);

    public byte[] Evidence()
    {
        TsmAttestation tsm = Start();
        return tsm.CreateEvidence(Request(tsm));
    }

    public byte[] Certificate(CertificateFormats format)
    {
        TsmAttestation tsm = Start();
        return tsm.CreateCertificate(Request(tsm), format);
    }

    public string CertificateChainPem()
    {
        TsmAttestation tsm = Start();
        return string.Concat(new[] { (ReadOnlyMemory<byte>)tsm.CreateCertificate(Request(tsm), CertificateFormats.X509) }
            .Concat(tsm.CertificateChain).Select(certificate => PemEncoding.WriteString("CERTIFICATE", certificate.Span) + "\n"));
    }

    public ReferenceValues Reference() => ReferenceCalculator.Compute(Plan, Tcb, Root.PublicKey);

    private static SoftwareComponent Component(string type, string content, string svn) =>
        new(type, Digest.Of(System.Text.Encoding.UTF8.GetBytes(content)), svn, Digest.Of("signer"u8));
}
