using System.Security.Cryptography;
using CoveJit.Attestation;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;
using CoveJit.Cli.Commands;
using CoveJit.Tsm;

namespace CoveJit.Cli.Tests;

/// <summary><c>covejit measure</c> and <c>covejit verify</c>: from a launch plan to a verdict, as a person would.</summary>
public sealed class AttestationCommandTests : IDisposable
{
    private const string Plan = """
        {
          "schema_version": 1, "entry_pc": "0x80200000", "entry_argument": "0x80000000", "vcpus": [0],
          "regions": [ { "gpa": "0x80200000", "input": "kernel" }, { "gpa": "0x80100000", "input": "append" } ]
        }
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("covejit-attestation-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void What_is_measured_is_accepted_and_a_changed_command_line_is_not()
    {
        RootOfTrust root = new(new byte[32]);
        TcbDescription tcb = new(new byte[64], PlatformState.Secured, [Component("firmware")], Digest.Zero, Component("tsm-driver"), Component("tsm"), Digest.Zero);
        byte[] challenge = RandomNumberGenerator.GetBytes(64);
        string challengeText = Convert.ToHexString(challenge);
        string plan = Write("plan.json", System.Text.Encoding.UTF8.GetBytes(Plan));
        string kernel = Write("kernel", [1, 2, 3]);
        string tcbFile = Write("tcb.json", System.Text.Encoding.UTF8.GetBytes(tcb.ToJson()));
        string rootFile = Write("root.der", root.Certificate.ToArray());
        string reference = Path.Combine(_directory.FullName, "reference.json");
        Assert.Equal(
            (0, string.Empty, string.Empty),
            Invoke("measure", "--plan", plan, "--kernel", kernel, "--append", "quiet", "--vcpus", "2", "--tcb", tcbFile, "--root", rootFile, "--output", reference));

        string good = Write("good", Evidence(root.Start(tcb), "quiet", challenge));
        (int code, string output, string error) = Invoke("verify", good, "--reference", reference, "--challenge", challengeText);
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Contains("  pass  register 4 (TVM pages)", output, StringComparison.Ordinal);
        Assert.EndsWith("accepted, 2 not checked\n", output, StringComparison.Ordinal);

        string bad = Write("bad", Evidence(root.Start(tcb), "init=/bin/sh", challenge));
        (code, output, error) = Invoke("verify", bad, "--reference", reference, "--challenge", new string('0', 128));
        Assert.Equal((1, string.Empty), (code, error));
        Assert.Contains("  FAIL  register 4 (TVM pages)", output, StringComparison.Ordinal);
        Assert.Contains("  FAIL  challenge", output, StringComparison.Ordinal);
        Assert.EndsWith("REFUSED: 2 failed, 2 not checked\n", output, StringComparison.Ordinal);

        Expect(1, "is malformed", "verify", kernel, "--reference", reference);
        Expect(1, "lacks register 4 or 5", "verify", good, "--reference", Write("empty.json", """{ "schema_version": 1, "tvm": { "initial": [] } }"""u8));
        Expect(2, "--challenge is no challenge; give 128", "verify", good, "--reference", reference, "--challenge", "00");
        Expect(1, "missing cannot be read", "verify", Path.Combine(_directory.FullName, "missing"), "--reference", reference);
        Expect(2, "'--reference' is required", "verify", good);
    }

    // Register 3 has them, and so have the TSM's keys: evidence of a TSM with other owners is refused.
    [Fact]
    public void Owners_are_part_of_what_is_compared()
    {
        using ECDsa first = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using ECDsa second = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        string plan = Write("plan.json", System.Text.Encoding.UTF8.GetBytes(Plan));
        string kernel = Write("kernel", [1, 2, 3]);
        string[] owners = [Write("first.pem", System.Text.Encoding.ASCII.GetBytes(first.ExportSubjectPublicKeyInfoPem())), Write("second.der", second.ExportSubjectPublicKeyInfo())];
        string[] measure = ["measure", "--plan", plan, "--kernel", kernel, "--append", "quiet", "--vcpus", "2", "--tcb", "covejit"];
        string reference = Path.Combine(_directory.FullName, "reference.json");
        TsmIdentity identity = TsmIdentity.EmulatedFor(P384PublicKey.FromKey(first), P384PublicKey.FromKey(second));
        string evidence = Write("evidence", Evidence(identity.Attestation, "quiet", new byte[64]));
        Assert.Equal(0, Invoke([.. measure, "--owner", owners[0], "--owner", owners[1], "--output", reference]).Code);
        Assert.Equal(0, Invoke("verify", evidence, "--reference", reference).Code);
        Assert.Equal(0, Invoke([.. measure, "--owner", owners[0], "--output", reference]).Code);
        (int code, string output, _) = Invoke("verify", evidence, "--reference", reference);
        Assert.Equal(1, code);
        Assert.Contains("  FAIL  register 3 (TSM configuration)", output, StringComparison.Ordinal);
        Expect(2, "--owner is about the TEE security manager of --tcb covejit", [.. measure[..^2], "--owner", owners[0]]);
    }

    [Fact]
    public void Nothing_is_verified_without_a_root()
    {
        string plan = Write("plan.json", System.Text.Encoding.UTF8.GetBytes(Plan));
        string kernel = Write("kernel", [1]);
        (int code, string json, _) = Invoke("measure", "--plan", plan, "--kernel", kernel, "--append", string.Empty);
        Assert.Equal(0, code);
        string reference = Write("reference.json", System.Text.Encoding.UTF8.GetBytes(json));
        Expect(2, "no root is trusted", "verify", kernel, "--reference", reference);
        Expect(1, "the input 'append' is not given; add --append", "measure", "--plan", plan, "--kernel", kernel);
        Expect(1, "no place for the input 'initrd'", "measure", "--plan", plan, "--kernel", kernel, "--append", "a", "--initrd", kernel);
        Expect(2, "--vcpus 0 is not possible", "measure", "--plan", plan, "--kernel", kernel, "--append", "a", "--vcpus", "0");
        Expect(1, "is no root", "measure", "--plan", plan, "--kernel", kernel, "--append", "a", "--root", Write("tsm.der", TsmCertificate()));
    }

    private static byte[] Evidence(TsmAttestation tsm, string commandLine, byte[] challenge)
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        MeasurementRegisters registers = tsm.CreateRegisters();
        registers.MeasurePages(0x8020_0000, [1, 2, 3, .. new byte[4093]]);
        byte[] text = System.Text.Encoding.UTF8.GetBytes(commandLine);
        registers.MeasurePages(0x8010_0000, [.. text, .. new byte[4096 - text.Length]]);
        registers.MeasureConfiguration(0x8020_0000, 0x8000_0000, [0, 1]);
        return tsm.CreateCertificate(new AttestationRequest(registers, P384PublicKey.FromKey(key), challenge), CertificateFormats.X509);
    }

    private static byte[] TsmCertificate() => new RootOfTrust(new byte[32])
        .Start(new TcbDescription(new byte[64], PlatformState.Secured, [Component("firmware")], Digest.Zero, Component("tsm-driver"), Component("tsm"), Digest.Zero))
        .CertificateChain[0].ToArray();

    private static SoftwareComponent Component(string type) => new(type, Digest.Of(System.Text.Encoding.UTF8.GetBytes(type)), "1", Digest.Zero);

    private static void Expect(int code, string message, params string[] arguments)
    {
        (int actual, string output, string error) = Invoke(arguments);
        Assert.Equal((code, string.Empty), (actual, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    private static (int Code, string Output, string Error) Invoke(params string[] arguments)
    {
        StringWriter output = new() { NewLine = "\n" };
        StringWriter error = new() { NewLine = "\n" };
        int code = CommandLineHost.Invoke(CommandLineHost.Root(MeasureCommand.Build(), VerifyCommand.Build()), arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }

    private string Write(string name, ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(_directory.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
