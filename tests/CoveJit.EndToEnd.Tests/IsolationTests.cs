using System.Text.Json;

namespace CoveJit.EndToEnd.Tests;

/// <summary><c>covejit compare isolation</c>: the guest checks that what it measures isolates; here that the figures are those of what it did.</summary>
public sealed class IsolationTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [FileFact("/usr/bin/riscv64-linux-gnu-gcc")]
    public void Entries_run_out_where_there_are_few_and_costs_follow_the_work()
    {
        string json = _directory.File("isolation.json");
        (int code, string output, string error) = CoveJitProcess.Run(
            120, "compare", "isolation", "--regions", "1,4,64,1024", "--repeat", "1", "--rounds", "50", "--iopmp-entries", "200", "--json", json);
        Assert.True(code == 0, error);
        Assert.Contains("refused", output, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        Dictionary<(string, int), JsonElement> rows = document.RootElement.GetProperty("measurements").EnumerateArray()
            .ToDictionary(row => (row.GetProperty("mechanism").GetString()!, row.GetProperty("regions").GetInt32()));
        Assert.Equal(5 * 4, rows.Count);
        foreach ((string mechanism, int regions, int needed, bool refused) in new[]
        {
            ("pmp", 4, 5, false), ("pmp", 64, 65, true), ("smepmp", 4, 6, false), ("smepmp", 64, 66, true),
            ("mpt", 1024, 262, false), ("iopmp", 64, 129, false), ("iopmp", 1024, 2049, true),
        })
        {
            JsonElement row = rows[(mechanism, regions)];
            Assert.Equal((needed, refused), (row.GetProperty("entries_needed").GetInt32(), row.GetProperty("refused").GetBoolean()));
            Assert.Equal(refused, row.GetProperty("costs").EnumerateObject().All(cost => cost.Name == "unchecked"));
        }

        // PMP's entries are written at each switch, a table's pointer alone.
        Assert.InRange(Cost("pmp", 4, "switch", "guest_instructions") - Cost("pmp", 1, "switch", "guest_instructions"), 60, 300);
        Assert.Equal(1, Cost("pmp", 4, "switch", "fences"));
        Assert.Equal(Cost("mpt", 1, "switch", "guest_instructions"), Cost("mpt", 1024, "switch", "guest_instructions"));
        Assert.Equal(0, Cost("mpt", 4, "switch", "fences"));
        Assert.Equal(2, Cost("mpt", 4, "move", "fences"));
        Assert.True(Cost("mpt", 4, "switch", "host_nanoseconds") > 0);
        Assert.True(Cost("iopmp", 64, "stream", "host_nanoseconds") > 0);

        double Cost(string mechanism, int regions, string phase, string quantity) =>
            rows[(mechanism, regions)].GetProperty("costs").GetProperty(phase).GetProperty(quantity).GetDouble();
    }

    [Theory]
    [InlineData("'0' is no number of regions; give 1 to 1024", "--regions", "4,0")]
    [InlineData("'2000' is no number of regions", "--regions", "2000")]
    [InlineData("--repeat 0 is out of range; give 1 to", "--repeat", "0")]
    [InlineData("--pmp 8 is not possible; give 16 or 64", "--pmp", "8")]
    [InlineData("--iopmp-entries 5000 is out of range", "--iopmp-entries", "5000")]
    public void A_wrong_command_line_is_one_line(string expected, params string[] arguments)
    {
        (int code, string output, string error) = CoveJitProcess.Run(30, ["compare", "isolation", .. arguments]);
        Assert.Equal((2, string.Empty), (code, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }
}
