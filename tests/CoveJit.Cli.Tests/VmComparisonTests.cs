using System.Text.Json;
using System.Xml.Linq;
using CoveJit.Cli.Comparison;
using CoveJit.Cli.Parsing;
using CoveJit.Machines;

namespace CoveJit.Cli.Tests;

/// <summary><c>covejit compare vm</c>: how consoles are read, runs put together and results written.</summary>
public sealed class VmComparisonTests
{
    private const string HypervisorLine = """[vmm] {"schema":1,"vm":0,"kind":"plain","exits_total":7}""";

    private static readonly int[] PlainSeconds = [8, 2, 4];

    [Fact]
    public void Marks_make_windows_and_the_last_start_counts()
    {
        GuestWindows windows = GuestWindows.Read(
        [
            Line("CoveJit guest ready, uptime 1.00 s", 2, 1000),
            Line("""{"start":"getppid"}""", 3, 2000),
            Line("""{"start":"getppid"}""", 4, 5000),
            Line("""{"name":"getppid","iterations":10,"seconds":1.0,"cpu_seconds":1.0}""", 5, 9000),
            Line("""{"start":"coremark"}""", 6, 9000),
            Line("Iterations       : 400", 7, 9500),
            Line("""{"end":"coremark"}""", 8, 10000),
            Line("""{"missing":"pipe"}""", 9, 10000),
            Line(HypervisorLine, 9, 10000),
        ]);
        Assert.Equal([("boot", 1, 1000), ("getppid", 10, 4000), ("coremark", 400, 1000)], windows.Windows.Select(w => (w.Phase, w.Iterations, w.Work.Counts[MachineSample.Instructions])));
        Assert.Equal([2, 1, 2], windows.Windows.Select(w => w.Work.HostSeconds));
        Assert.Equal(["pipe"], windows.Absent);
        Assert.Equal(7, Assert.Single(windows.Hypervisor).GetProperty("exits_total").GetInt32());
    }

    [Theory]
    [InlineData("""{"name":"getppid","iterations":10}""")] // never started
    [InlineData("""{"name":"getppid" """)]
    [InlineData("""{"name":5,"iterations":10}""")]
    [InlineData("""{"start":"a","name":"a","iterations":1}""")]
    [InlineData("""{"end":"coremark"}""")]
    [InlineData("Iterations  nothing")]
    [InlineData("[vmm] {nothing")]
    public void What_is_no_proper_mark_is_nothing(string text)
    {
        GuestWindows windows = GuestWindows.Read([Line(text, 1, 1)]);
        Assert.Empty(windows.Windows);
        Assert.Empty(windows.Hypervisor);
    }

    [Fact]
    public void Exits_are_traps_of_a_plain_VM_and_the_TSMs_own_count_for_a_confidential_one()
    {
        Dictionary<int, ulong> exceptions = new() { [8] = 100, [10] = 3, [13] = 5, [15] = 6, [21] = 7, [22] = 1 };
        Dictionary<int, ulong> interrupts = new() { [5] = 2, [6] = 50 };
        MachineStatistics plain = Statistics(exceptions, interrupts, null);
        MachineStatistics confidential = Statistics(
            exceptions, interrupts, new CoveStatistics(9, 4, new Dictionary<int, long> { [10] = 2, [23] = 1 }, new Dictionary<int, long> { [5] = 1 }, new Dictionary<string, CoveCallStatistics> { ["a"] = new(6, 0, 0.25), ["b"] = new(1, 1, 0.5) }));
        Assert.False(Counts(plain, GuestPlacement.Bare).ContainsKey(MachineSample.Exits));
        IReadOnlyDictionary<string, double> counted = Counts(plain, GuestPlacement.Plain);
        Assert.Equal((13, 3, 7, 2, 11, 100), (counted["exits"], counted["exit_sbi"], counted["exit_guest_page_fault"], counted["exit_timer"], counted["page_faults"], counted["system_calls"]));
        counted = Counts(confidential, GuestPlacement.Confidential);
        Assert.Equal((4, 2, 1, 1, 7, 0.75), (counted["exits"], counted["exit_sbi"], counted["exit_guest_page_fault"], counted["exit_timer"], counted[MachineSample.CoveCalls], counted[MachineSample.TsmSeconds]));

        static IReadOnlyDictionary<string, double> Counts(MachineStatistics statistics, GuestPlacement placement) => MachineSample.From(0, 0, statistics, placement).Counts;
    }

    [Fact]
    public void Medians_are_of_one_iteration_and_compared_with_bare_and_plain()
    {
        VmMeasurement[] rows = [.. Result().Measurements];
        Assert.Equal(["bare", "plain", "confidential", "bare", "plain", "confidential"], rows.Select(row => row.Placement));
        VmMeasurement plain = rows[1];
        Assert.Equal([20, 20, 20], plain.Iterations);
        VmQuantity host = plain.Each[VmResult.HostNanoseconds];
        Assert.Equal((200e6, 100e6, 400e6), (host.Median, host.Least, host.Most));
        Assert.Equal((2, 1.5), (plain.ToBare!.HostTime, plain.ToBare.Instructions));
        Assert.Null(plain.ToPlain);
        Assert.Equal((4, 2), (rows[2].ToBare!.HostTime, rows[2].ToPlain!.HostTime));
        Assert.Contains("+50.0 % instructions", plain.Origin, StringComparison.Ordinal);
        Assert.Contains("0.500 exits, most sbi", plain.Origin, StringComparison.Ordinal);
        Assert.Contains("TSM 10.0 % of host time", rows[2].Origin, StringComparison.Ordinal);
        Assert.Equal("the guest has no program pipe", rows[3].Absent);
        Assert.Null(rows[4].ToBare);
    }

    [Fact]
    public void Only_a_confidential_VM_bounces_and_as_many_bytes_as_it_transfers()
    {
        IReadOnlyList<VmMeasurement> rows = VmAggregation.Combine(
            GuestWorkload.Parse("disk"),
            new Dictionary<GuestPlacement, IReadOnlyList<GuestWindows>>
            {
                [GuestPlacement.Plain] = [Windows(Window("disk_read", 16, 1, 1)), Windows(Window("disk_read", 16, 1, 1))],
                [GuestPlacement.Confidential] = [Windows(Window("disk_read", 16, 1, 1))],
            });
        Assert.Equal([0, 1 << 20], rows.Where(row => row.Phase == "disk_read").Select(row => row.Median(VmResult.BounceBytes)));
        Assert.Equal("the guest reported nothing", rows.First(row => row.Phase == "disk_write").Absent);
    }

    [Fact]
    public void The_table_names_absent_things_and_their_reasons()
    {
        using StringWriter output = new();
        VmTable.Write(Result(), output);
        string text = output.ToString();
        Assert.Matches(@"getppid +plain +200 ms", text);
        Assert.Contains("the guest has no program pipe", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_is_one_well_formed_page_that_loads_nothing()
    {
        string html = VmReport.Html(Result());
        XElement page = XElement.Parse(html["<!DOCTYPE html>".Length..].Replace("<meta charset=\"utf-8\">", string.Empty, StringComparison.Ordinal));
        Assert.Empty(page.Descendants("script"));
        Assert.DoesNotContain("http", html, StringComparison.Ordinal);
        Assert.Contains("a &lt;host&gt;", html, StringComparison.Ordinal);
        XElement chart = page.Descendants("svg").First();
        Assert.Equal(["bare", "plain", "confidential"], chart.Elements("rect").Select(rect => rect.Attribute("class")!.Value));
        double[] lengths = [.. chart.Elements("rect").Select(rect => (double)rect.Attribute("width")!)];
        Assert.Equal(lengths[0] * 4, lengths[2], 0.5);
        Assert.Contains("exits_total", html, StringComparison.Ordinal);
    }

    [Fact]
    public void JSON_has_every_run()
    {
        using JsonDocument document = JsonDocument.Parse(Result().ToJson());
        JsonElement first = document.RootElement.GetProperty("measurements")[1];
        Assert.Equal("plain", first.GetProperty("placement").GetString());
        Assert.Equal(3, first.GetProperty("each").GetProperty("host_nanoseconds").GetProperty("runs").GetArrayLength());
        Assert.Equal(7, document.RootElement.GetProperty("placements")[1].GetProperty("hypervisor")[0][0].GetProperty("exits_total").GetInt32());
    }

    [Fact]
    public void Commands_do_what_is_asked_for_and_fit_on_a_command_line()
    {
        string all = GuestWorkload.CommandsFor(GuestWorkload.All, 0.5, 65535, 65534);
        Assert.InRange(all.Length, 1, 1000);
        Assert.DoesNotContain('"', all);
        Assert.Contains("SECONDS_EACH=0.5", all, StringComparison.Ordinal);
        string few = GuestWorkload.CommandsFor(GuestWorkload.Parse("syscall,boot"), 1);
        Assert.Contains("for p in getppid;", few, StringComparison.Ordinal);
        Assert.DoesNotContain("/dev/vda", few, StringComparison.Ordinal);
        Assert.Throws<UsageException>(() => GuestWorkload.Parse("boot,sound"));
        Assert.DoesNotContain(GuestWorkload.Parse(null, instructionClock: true), workload => workload.Name == GuestWorkload.Net);
        Assert.Throws<UsageException>(() => GuestWorkload.Parse("boot,net", instructionClock: true));
    }

    [Theory]
    [InlineData(0, "0 ns", "0")]
    [InlineData(0.0004, "0.000 ns", "<0.001")]
    [InlineData(1.5, "1.50 ns", "1.50")]
    [InlineData(12345, "12.3 µs", "12.3k")]
    [InlineData(2.5e9, "2.50 s", "2.50G")]
    public void Figures_have_three_digits(double value, string time, string count) => Assert.Equal((time, count), (VmFormat.Time(value), VmFormat.Count(value)));

    private static SampledLine Line(string text, double seconds, double instructions) =>
        new(text, new MachineSample(seconds, seconds, new Dictionary<string, double> { [MachineSample.Instructions] = instructions }));

    private static MachineStatistics Statistics(Dictionary<int, ulong> exceptions, Dictionary<int, ulong> interrupts, CoveStatistics? cove) => new(
        1, [new HartStatistics(0, 1, 2, 3, 4, 5, 6, 0, exceptions, interrupts)], new Dictionary<string, long>(), cove, null, 0, 0, 0, 0, 0, 0, null, 0, 0, 0, 0, 0);

    private static GuestWindows Windows(params GuestWindow[] windows) => new(windows, [], []);

    private static GuestWindow Window(string phase, double iterations, double seconds, double instructions, params (string Name, double Count)[] counts) => new(
        phase,
        iterations,
        new MachineSample(seconds, seconds, counts.Append((Name: MachineSample.Instructions, Count: instructions)).ToDictionary(count => count.Name, count => count.Count)));

    private static VmResult Result()
    {
        using JsonDocument hypervisor = JsonDocument.Parse(HypervisorLine["[vmm] ".Length..]);
        JsonElement[] statistics = [hypervisor.RootElement.Clone()];
        (string, double)[] exits = [("exits", 10), ("exit_sbi", 10), ("exit_timer", 0)];
        Dictionary<GuestPlacement, IReadOnlyList<GuestWindows>> runs = new()
        {
            [GuestPlacement.Bare] = [new GuestWindows([Window("getppid", 10, 1, 1000)], ["pipe"], [])],
            [GuestPlacement.Plain] = [.. PlainSeconds.Select(seconds => new GuestWindows([Window("getppid", 20, seconds, 3000, exits), Window("pipe", 1, 1, 1)], [], statistics))],
            [GuestPlacement.Confidential] = [new GuestWindows([Window("getppid", 5, 2, 1000, [.. exits, (MachineSample.TsmSeconds, 0.2)]), Window("pipe", 1, 1, 1)], [], statistics)],
        };
        return new VmResult(
            ComparisonRun.SchemaVersion, new ComparisonRun("0.1.0", "a <host>", 2, DateTime.UnixEpoch, "bench", 512 << 20, 3, 1, false),
            [new("bare", null, []), new("plain", null, [statistics]), new("confidential", null, [statistics]), new("static", null, [])],
            VmAggregation.Combine(GuestWorkload.Parse("syscall,ipc"), runs));
    }
}
