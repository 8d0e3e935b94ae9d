using System.Text.Json;

namespace CoveJit.EndToEnd.Tests;

/// <summary><c>covejit compare vm</c> and <c>covejit compare io</c> on the guest of the benchmarks.</summary>
public sealed class VmComparisonTests(Hypervisor hypervisor) : IClassFixture<Hypervisor>, IDisposable
{
    private const int Seconds = 600;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [BenchGuestFact(Hypervisor.Compiler)]
    public void Boot_and_system_calls_in_all_placements()
    {
        string json = _directory.File("vm.json");
        string report = _directory.File("vm.html");
        (int code, string output, string error) = CoveJitProcess.Run(
            Seconds, "compare", "vm", "--workloads", "boot,syscall", "--repeat", "1", "--seconds", "0.2", "--icount", "--guest", BenchGuestFactAttribute.DescriptionFile, "--vmm", hypervisor.Program, "--report", report, "--json", json);
        Assert.True(code == 0, output + error);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        Dictionary<(string, string), JsonElement> rows = document.RootElement.GetProperty("measurements").EnumerateArray()
            .ToDictionary(row => (row.GetProperty("phase").GetString()!, row.GetProperty("placement").GetString()!));
        Assert.Equal(2 * 4, rows.Count);

        // A system call stays in its virtual machine; a boot does not.
        foreach (string placement in (string[])["plain", "confidential", "static"])
        {
            Assert.InRange(Each("getppid", placement, "exits"), 0, 0.05);
            Assert.InRange(Each("getppid", placement, "instructions") / Each("getppid", "bare", "instructions"), 0.8, 1.3);
            Assert.InRange(Each("boot", placement, "exits"), 100, 1e7);
            Assert.True(Each("boot", placement, "page_table_reads") > Each("boot", "bare", "page_table_reads"));
        }

        Assert.InRange(Each("getppid", "bare", "system_calls"), 0.99, 1.1);
        Assert.Equal(0, Each("boot", "plain", "protection_table_reads"));
        Assert.True(Each("boot", "confidential", "protection_table_reads") > 0);
        Assert.True(Each("boot", "confidential", "tsm_host_seconds") > 0);
        Assert.Contains("<svg", File.ReadAllText(report), StringComparison.Ordinal);

        double Each(string phase, string placement, string quantity) =>
            rows[(phase, placement)].GetProperty("each").GetProperty(quantity).GetProperty("median").GetDouble();
    }

    // Each placement checks its data; what differs is what has to differ.
    [BenchGuestTheory(Hypervisor.Compiler)]
    [InlineData("nvme")]
    [InlineData("virtio-blk")]
    [InlineData("net")]
    public void Accesses_to_a_device_in_all_placements(string device)
    {
        string json = _directory.File("io.json");
        string report = _directory.File("io.html");
        (int code, string output, string error) = CoveJitProcess.Run(
            Seconds, "compare", "io", "--device", device, "--sizes", "64k", "--pattern", "read,write", "--repeat", "1", "--seconds", "0.05", "--icount", "--guest", BenchGuestFactAttribute.DescriptionFile, "--vmm", hypervisor.Program, "--report", report, "--json", json);
        Assert.True(code == 0, output + error);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        Dictionary<(string, string), JsonElement> rows = document.RootElement.GetProperty("measurements").EnumerateArray()
            .ToDictionary(row => (row.GetProperty("pattern").GetString()!, row.GetProperty("placement").GetString()!));
        Assert.Equal(2 * 6, rows.Count);
        foreach (string pattern in (string[])["read", "write"])
        {
            Assert.True(Value(pattern, "plain-passthrough", "exits") < Value(pattern, "plain-virtio", "exits"));
            Assert.True(Value(pattern, "confidential-encrypted", "instructions") > 5 * Value(pattern, "confidential-virtio", "instructions"));
            Assert.Equal(1 << 20, Value(pattern, "confidential-virtio", "bounce_bytes"));
            foreach (string trusted in (string[])["tee-io-counted", "tee-io-functional"])
            {
                Assert.Equal(0, Value(pattern, trusted, "bounce_bytes"));
                Assert.InRange(Value(pattern, trusted, "ide_bytes"), 1 << 20, 2 << 20);
                Assert.True(Value(pattern, trusted, "instructions") < Value(pattern, "confidential-virtio", "instructions"));
            }
        }

        Assert.Contains("<svg", File.ReadAllText(report), StringComparison.Ordinal);
        Assert.Equal(device, document.RootElement.GetProperty("device").GetString());

        double Value(string pattern, string placement, string name) => rows[(pattern, placement)].GetProperty("values").GetProperty(name).GetProperty("median").GetDouble();
    }

    // The guest compares each product with its own; the command compares its digest with the host's. A difference would be an error.
    [BenchGuestFact(Hypervisor.Compiler)]
    public void A_confidential_virtual_machine_gets_the_right_product_from_its_accelerator()
    {
        string json = _directory.File("accelerator.json");
        (int code, string output, string error) = CoveJitProcess.Run(
            Seconds, "compare", "io", "--device", "accelerator", "--sizes", "4k", "--repeat", "1", "--seconds", "0.02", "--icount", "--guest", BenchGuestFactAttribute.DescriptionFile, "--vmm", hypervisor.Program, "--json", json);
        Assert.True(code == 0, output + error);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        Dictionary<string, JsonElement> rows = document.RootElement.GetProperty("measurements").EnumerateArray().ToDictionary(row => row.GetProperty("placement").GetString()!);
        Assert.Equal(8, rows.Count);
        Assert.StartsWith("there is no VirtIO device of this kind", rows["confidential-virtio"].GetProperty("absent").GetString(), StringComparison.Ordinal);
        foreach (string trusted in (string[])["tee-io-counted", "tee-io-functional"])
        {
            Assert.InRange(Value(trusted, "ide_bytes"), 1 << 20, 2 << 20);
            Assert.Equal(0, Value(trusted, "bounce_bytes"));
            Assert.True(10 * Value(trusted, "instructions") < Value("confidential-processor", "instructions"));
        }

        double Value(string placement, string name) => rows[placement].GetProperty("values").GetProperty(name).GetProperty("median").GetDouble();
    }

    // The guest's data are compared with the host's in both directions; a difference would be an error.
    [BenchGuestFact(Hypervisor.Compiler, LoopbackServer.LibSlirp)]
    public void The_network_carries_the_same_data_in_all_placements()
    {
        string json = _directory.File("vm.json");
        (int code, string output, string error) = CoveJitProcess.Run(
            Seconds, "compare", "vm", "--workloads", "net", "--repeat", "1", "--guest", BenchGuestFactAttribute.DescriptionFile, "--vmm", hypervisor.Program, "--json", json);
        Assert.True(code == 0, output + error);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        JsonElement[] rows = [.. document.RootElement.GetProperty("measurements").EnumerateArray()];
        Assert.Equal(3 * 4, rows.Length);
        Assert.All(rows, row => Assert.Equal(JsonValueKind.Null, row.GetProperty("absent").ValueKind));
    }

    [Theory]
    [InlineData("'sound' is no workload; give some of boot,coremark", "vm", "--workloads", "boot,sound")]
    [InlineData("--workloads net and --icount exclude each other", "vm", "--workloads", "net", "--icount")]
    [InlineData("--repeat 0 is out of range; give 1 to", "vm", "--repeat", "0")]
    [InlineData("--seconds 0 is out of range; give 0.01 to", "vm", "--seconds", "0")]
    [InlineData("--device sound is not known; give one of nvme, virtio-blk, net, accelerator", "io", "--device", "sound")]
    [InlineData("--pattern send: 'send' is no pattern", "io", "--device", "net", "--pattern", "send")]
    [InlineData("--depth 65 is out of range; give 1 to 64", "io", "--device", "net", "--depth", "65")]
    [InlineData("an accelerator has one; leave --depth out", "io", "--device", "accelerator", "--depth", "1")]
    public void A_wrong_command_line_is_one_line(string expected, params string[] arguments)
    {
        (int code, string output, string error) = CoveJitProcess.Run(30, ["compare", .. arguments]);
        Assert.Equal((2, string.Empty), (code, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    /// <summary>As <see cref="BenchGuestFactAttribute"/>, with cases.</summary>
    private sealed class BenchGuestTheoryAttribute : TheoryAttribute
    {
        public BenchGuestTheoryAttribute(params string[] files) => Skip = new BenchGuestFactAttribute(files).Skip;
    }

    /// <summary>A test on the guest of the benchmarks. It is skipped, saying why, where the guest is not built or a needed file is absent.</summary>
    private sealed class BenchGuestFactAttribute : FileFactAttribute
    {
        public BenchGuestFactAttribute(params string[] files)
            : base(files) => Skip = DefaultGuest.WhyAbsent(DescriptionFile, "covejit guest build bench") ?? Skip;

        public static string DescriptionFile { get; } = Path.Combine(DefaultGuest.Directory, "bench.json");
    }
}
