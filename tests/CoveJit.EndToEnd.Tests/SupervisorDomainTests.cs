using System.Text.Json;

namespace CoveJit.EndToEnd.Tests;

/// <summary>Debian under a memory protection table.</summary>
public sealed class SupervisorDomainTests : IDisposable
{
    private const int BootSeconds = 240;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [GuestTheory]
    [InlineData("on")]
    [InlineData("pages")]
    public void The_default_guest_works_in_the_hosts_domain_and_does_not_see_the_tables(string mpt)
    {
        string statistics = _directory.File("stats.json");
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, "run", "--guest", DefaultGuest.DescriptionFile, "--smp", "2", "--mpt", mpt, "--stats", statistics,
            "--append", "covejit.run=\"cat /proc/iomem; ls /proc/device-tree/reserved-memory\"");
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Contains("CoveJit guest ran, status 0", output, StringComparison.Ordinal);
        Assert.Contains("mpt@bfe00000", output, StringComparison.Ordinal);
        Assert.Contains("bfe00000-bfffffff : Reserved", output, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(statistics));
        foreach (JsonElement hart in document.RootElement.GetProperty("harts").EnumerateArray())
        {
            Assert.True(hart.GetProperty("protectionTableReads").GetUInt64() > 1000);
        }
    }
}
