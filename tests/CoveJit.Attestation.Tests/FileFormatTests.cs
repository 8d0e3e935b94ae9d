using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Launch;
using CoveJit.Attestation.Verification;

namespace CoveJit.Attestation.Tests;

public sealed class FileFormatTests : IDisposable
{
    private static readonly Dictionary<string, ReadOnlyMemory<byte>> NoInputs = [];
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("covejit-attestation-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Reference_values_and_TCB_survive_their_files()
    {
        TestPlatform platform = new();
        string text = platform.Reference().ToJson();
        ReferenceValues values = ReferenceValues.Load(Write(text));
        Assert.Equal(text, values.ToJson());
        Assert.Equal([platform.Root.PublicKey], values.ParseRoots());
        Assert.Contains("\"minimum_svn\": 7", text, StringComparison.Ordinal);
        Assert.Contains("\"secured\"", text, StringComparison.Ordinal);
        Assert.Equal(platform.Tcb.ToJson(), TcbDescription.Load(Write(platform.Tcb.ToJson())).ToJson());
        Assert.True(EvidenceVerifier.Verify(PresentedEvidence.Decode(platform.Evidence()), values, new Expectations([])).IsAccepted);
    }

    [Fact]
    public void A_plan_in_a_file_measures_like_the_plan()
    {
        LaunchPlan plan = new TestPlatform().Plan;
        string text = LaunchPlanFile.Write(plan);
        Assert.Contains("\"gpa\": \"0x80200000\"", text, StringComparison.Ordinal);
        Assert.Equal(ReferenceCalculator.Compute(plan).ToJson(), ReferenceCalculator.Compute(LaunchPlanFile.Load(Write(text), NoInputs)).ToJson());
    }

    [Fact]
    public void A_plan_takes_content_from_files_inputs_text_and_bytes()
    {
        File.WriteAllBytes(Path.Combine(_directory.FullName, "shim.bin"), [1, 2, 3]);
        string path = Write("""
            {
              "schema_version": 1, "entry_pc": "0x80000000", "entry_argument": "0x81000000", "vcpus": [0],
              "regions": [
                { "gpa": "0x80000000", "file": "shim.bin" },
                { "gpa": "0x80200000", "input": "kernel", "page_type": "2M" },
                { "gpa": "0x80400000", "text": "quiet" },
                { "gpa": "0x80401000", "hex": "c0ffee", "size": "0x2000" }
              ]
            }
            """);
        LaunchPlan plan = LaunchPlanFile.Load(path, new Dictionary<string, ReadOnlyMemory<byte>> { ["kernel"] = new byte[] { 9 } });
        Assert.Equal(
            [("010203", 0x1000UL), ("09", 0x20_0000UL), ("717569657400", 0x1000UL), ("C0FFEE", 0x2000UL)],
            plan.Regions.Select(region => (Convert.ToHexString(region.Content.Span), region.Size)));
        Assert.Contains("add --kernel", Assert.Throws<AttestationException>(() => LaunchPlanFile.Load(path, NoInputs)).Message, StringComparison.Ordinal);
        AttestationException unused = Assert.Throws<AttestationException>(() =>
            LaunchPlanFile.Load(path, new Dictionary<string, ReadOnlyMemory<byte>> { ["kernel"] = new byte[] { 9 }, ["initrd"] = new byte[] { 9 } }));
        Assert.Contains("no place for the input 'initrd'", unused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("overlaps another", """{ "gpa": "0x0", "hex": "00", "size": "0x2000" }, { "gpa": "0x1000", "hex": "00" }""")]
    [InlineData("whole pages", """{ "gpa": "0x800", "hex": "00" }""")]
    [InlineData("whole pages", """{ "gpa": "0x1000", "page_type": "2M", "hex": "00" }""")]
    [InlineData("empty", """{ "gpa": "0x1000", "hex": "" }""")]
    [InlineData("empty", """{ "gpa": "0x1000", "text": "x", "size": "0x0" }""")]
    [InlineData("smaller than its content", """{ "gpa": "0x1000", "file": "large.bin", "size": "0x1000" }""")]
    [InlineData("too large", """{ "gpa": "0x1000", "text": "x", "size": "0xfffffffffffff000" }""")]
    [InlineData("too large", """{ "gpa": "0xfffffffffffff000", "text": "x" }""")]
    [InlineData("2 of file, input, hex and text", """{ "gpa": "0x1000", "text": "x", "hex": "00" }""")]
    [InlineData("0 of file, input, hex and text", """{ "gpa": "0x1000" }""")]
    [InlineData("an address is", """{ "gpa": "80000000", "hex": "00" }""")]
    [InlineData("bytes are", """{ "gpa": "0x1000", "hex": "0" }""")]
    [InlineData("could not be mapped", """{ "gpa": "0x1000", "hex": "00", "sise": 1 }""")]
    [InlineData("could not be converted", """{ "gpa": "0x1000", "hex": "00", "page_type": "64K" }""")]
    [InlineData("cannot be read", """{ "gpa": "0x1000", "file": "missing" }""")]
    public void A_plan_that_no_TSM_would_launch_is_refused_in_one_line(string problem, string regions)
    {
        File.WriteAllBytes(Path.Combine(_directory.FullName, "large.bin"), new byte[4097]);
        string path = Write($$"""{ "schema_version": 1, "entry_pc": "0x0", "entry_argument": 0, "vcpus": [0], "regions": [ {{regions}} ] }""");
        string message = Assert.Throws<AttestationException>(() => LaunchPlanFile.Load(path, NoInputs)).Message;
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("schema version 2", """{ "schema_version": 2, "tvm": { "initial": [] } }""")]
    [InlineData("lacks register 4 or 5", """{ "schema_version": 1, "tvm": { "initial": [] } }""")]
    [InlineData("missing required", """{ "schema_version": 1 }""")]
    [InlineData("a digest is", """{ "schema_version": 1, "tvm": { "initial": [ { "index": 4, "value": "00" } ] } }""")]
    [InlineData("nothing may be null", "null")]
    [InlineData("nothing may be null", """{ "schema_version": 1, "tvm": { "initial": [ null ] } }""")]
    [InlineData("nothing may be null", """{ "schema_version": 1, "tvm": { "initial": [] }, "platform": { "components": [ null ] } }""")]
    [InlineData("line 1: ", "{")]
    [InlineData("Duplicate", """{ "schema_version": 1, "schema_version": 1 }""")]
    public void A_reference_file_that_is_none_is_refused_in_one_line(string problem, string text)
    {
        string message = Assert.Throws<AttestationException>(() => ReferenceValues.Load(Write(text))).Message;
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_root_is_read_in_every_form()
    {
        RootOfTrust root = new TestPlatform().Root;
        byte[] spki = root.PublicKey.ToSubjectPublicKeyInfo();
        foreach (byte[] form in (byte[][])[
            root.Certificate.ToArray(),
            spki,
            root.PublicKey.ToCose(),
            Pem("CERTIFICATE", root.Certificate.ToArray()),
            Pem("PUBLIC KEY", spki)])
        {
            Assert.Equal(root.PublicKey, TrustAnchor.Decode(form));
        }

        // A certificate that somebody else signed is no root.
        ReadOnlyMemory<byte> tsm = new TestPlatform().Start().CertificateChain[0];
        Assert.Contains("is no root", Assert.Throws<AttestationException>(() => TrustAnchor.Decode(tsm)).Message, StringComparison.Ordinal);
    }

    private static byte[] Pem(string label, byte[] bytes) => System.Text.Encoding.ASCII.GetBytes(System.Security.Cryptography.PemEncoding.WriteString(label, bytes));

    private string Write(string text)
    {
        string path = Path.Combine(_directory.FullName, "file.json");
        File.WriteAllText(path, text);
        return path;
    }
}
