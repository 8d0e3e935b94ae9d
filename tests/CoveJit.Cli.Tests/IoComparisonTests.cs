using System.Buffers.Binary;
using System.Text.Json;
using CoveJit.Cli.Comparison;
using CoveJit.Cli.Parsing;

namespace CoveJit.Cli.Tests;

/// <summary><c>covejit compare io</c>: what guests are told, how runs are put together, how results are written.</summary>
public sealed class IoComparisonTests
{
    private const string ReadPhase = "read_4096";
    private const string NoDevice = "there is no such device";
    private const int KernelCommandLine = 1024;

    [Fact]
    public void Every_pattern_has_every_size()
    {
        Assert.Equal(
            [("read", 4096), ("read", 1 << 20), ("randwrite", 4096), ("randwrite", 1 << 20)],
            IoWorkload.Parse("4k,1m", "randwrite,read").Select(phase => (phase.Pattern, phase.Size)));
    }

    [Theory]
    [InlineData("4k", "trim", "--pattern trim: 'trim' is no pattern")]
    [InlineData("4000", "read", "--sizes: '4000' is no size of a block")]
    [InlineData("16m", "read", "--sizes: '16m' is no size of a block")]
    [InlineData("", "read", "--sizes: '' is no size of a block")]
    public void A_wrong_list_is_said_to_be_wrong(string sizes, string patterns, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<UsageException>(() => IoWorkload.Parse(sizes, patterns)).Message, StringComparison.Ordinal);

    [Fact]
    public void All_that_a_guest_can_be_told_fits_its_kernels_command_line()
    {
        string commands = string.Empty;
        foreach (string target in (string[])[IoWorkload.BlockTarget("/dev/nvme0n1", encrypts: true), IoWorkload.PeerTarget(encrypts: true)])
        {
            commands = IoWorkload.CommandsFor(IoWorkload.Parse("512,4k,16k,64k,256k,1m,8m", "read,write,randread,randwrite"), target, ulong.MaxValue, 64, 3600.25);
            Assert.InRange(commands.Length, 1, KernelCommandLine - 100);
            Assert.DoesNotContain('"', commands);
        }

        Assert.Contains("D=tls:10.0.2.2:7070; ", commands, StringComparison.Ordinal);
        Assert.Contains("D=tcp:10.0.2.2:7070; ", IoWorkload.PeerTarget(encrypts: false), StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_is_in_the_clear_sector_by_sector()
    {
        byte[] image = new byte[IoWorkload.Span];
        Assert.Equal(0, IoWorkload.SectorsInTheClear(image, 5));
        for (int at = 0; at < image.Length; at += 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(at), SplitMix(5, at / 8));
        }

        Assert.Equal(IoWorkload.Sectors, IoWorkload.SectorsInTheClear(image, 5));
        Assert.Equal(0, IoWorkload.SectorsInTheClear(image, 6));
        image[511] ^= 1;
        image[512] ^= 1;
        Assert.Equal(IoWorkload.Sectors - 2, IoWorkload.SectorsInTheClear(image, 5));
        Assert.NotEqual(IoWorkload.Digest(5), IoWorkload.Digest(6));
    }

    [Fact]
    public void Values_are_of_a_MiB_and_what_was_not_measured_says_why()
    {
        // 512 requests of 4 KiB are 2 MiB, in half a second.
        IoRun[] runs = [Run(512, 0.5, 4000), Run(512, 0.5, 6000), Run(512, 1, 5000)];
        IoMeasurement row = IoRun.Combine(new IoPhase("read", 4096), IoPlacement.ConfidentialVirtio, null, runs);
        Assert.Equal(4, row.Median(IoResult.Rate));
        Assert.Equal(1024, row.Median(IoResult.RequestRate));
        Assert.Equal(2500, row.Median(MachineSample.Instructions));
        Assert.Equal(1 << 20, row.Median(IoResult.BounceBytes));
        Assert.Equal(0, row.Median(IoResult.EncryptedBytes));
        Assert.Equal(9, row.Median(IoResult.LatencyPrefix + "p99"));
        IoMeasurement missing = IoRun.Combine(new IoPhase("write", 4096), IoPlacement.PlainVirtio, null, runs);
        Assert.Equal("the guest reported nothing", missing.Absent);
        IoMeasurement absent = IoRun.Combine(new IoPhase("read", 4096), IoPlacement.TeeIoCounted, NoDevice, []);
        Assert.Equal(NoDevice, absent.Absent);
        Assert.Empty(absent.Values);
        IoResult result = Result([row, absent]);
        Assert.Equal(IoTable.Columns.Count, IoTable.Cells(row, result).Count());
        Assert.Equal(IoTable.Columns.Count, IoTable.Cells(absent, result).Count());
        using JsonDocument json = JsonDocument.Parse(result.ToJson());
        Assert.Equal(4, json.RootElement.GetProperty("measurements")[0].GetProperty("values").GetProperty("mib_per_second").GetProperty("median").GetDouble());
        using StringWriter table = new();
        IoTable.Write(result, table);
        Assert.Contains($"tee-io-counted: not available: {NoDevice}.", table.ToString(), StringComparison.Ordinal);
        Assert.Contains(NoDevice, IoReport.Html(result), StringComparison.Ordinal);
    }

    // 3 x 3 matrices of 4-byte integers are what fits into 40 bytes; the digest is of a product computed otherwise.
    [Fact]
    public void A_product_moves_three_square_matrices_and_has_a_known_digest()
    {
        IoPhase phase = Assert.Single(MatrixWorkload.Parse("40", null));
        Assert.Equal(("multiply_40", 3 * 9 * 4), (phase.Name, phase.RequestBytes));
        Assert.Equal(3 << 20, Assert.Single(MatrixWorkload.Parse("1m", "multiply")).RequestBytes);
        ulong digest = 0xCBF2_9CE4_8422_2325;
        for (int i = 0; i < 9; i++)
        {
            ulong sum = 0;
            for (int k = 0; k < 3; k++)
            {
                sum += (SplitMix(7, (i / 3 * 3) + k) & uint.MaxValue) * (SplitMix(7, (k * 3) + (i % 3)) >> 32);
            }

            digest = (digest ^ (sum & uint.MaxValue)) * 0x100_0000_01B3;
        }

        Assert.Equal($$"""{"product":"multiply_40","digest":"{{digest:x16}}"}""", MatrixWorkload.ProductLine(phase, 7));
        Assert.NotEqual(MatrixWorkload.ProductLine(phase, 7), MatrixWorkload.ProductLine(phase, 8));
        string commands = MatrixWorkload.CommandsFor(MatrixWorkload.Parse("4k,1m", null), usesEngine: true, 7, 0.5);
        Assert.EndsWith("/bench/matrix engine 7 0.5 4096 1048576", commands, StringComparison.Ordinal);
        Assert.DoesNotContain('"', commands);
    }

    [Theory]
    [InlineData("4k", "read", "--pattern read: an accelerator knows 'multiply' alone")]
    [InlineData("4m", null, "--sizes: '4m' is no size of a matrix")]
    [InlineData("3", null, "--sizes: '3' is no size of a matrix")]
    public void What_is_no_work_for_an_accelerator_is_said(string sizes, string? patterns, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<UsageException>(() => MatrixWorkload.Parse(sizes, patterns)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_accelerator_is_compared_with_the_guests_own_processor_and_not_with_VirtIO()
    {
        Assert.Equal(
            ["plain-processor", "confidential-processor", "plain-passthrough", "tee-io-counted", "tee-io-functional"],
            IoPlacements.For(IoDevice.Accelerator).Where(placement => IoPlacements.WhyAbsent(placement, IoDevice.Accelerator) is null).Select(IoPlacements.NameOf));
        Assert.Equal("plain-processor", IoPlacements.FirstOf("accelerator"));
        Assert.Equal("plain-virtio", IoPlacements.FirstOf("nvme"));
        Assert.DoesNotContain(IoPlacements.For(IoDevice.Nvme), IoPlacements.IsProcessor);
        Assert.All(IoPlacements.For(IoDevice.Net), placement => Assert.Null(IoPlacements.WhyAbsent(placement, IoDevice.Net)));
        Assert.EndsWith("see confidential-processor", IoPlacements.WhyAbsent(IoPlacement.ConfidentialVirtio, IoDevice.Accelerator), StringComparison.Ordinal);
    }

    private static IoRun Run(double requests, double seconds, double instructions) => new(
        new GuestWindows([new GuestWindow(ReadPhase, requests, new MachineSample(seconds, seconds, new Dictionary<string, double> { [MachineSample.Instructions] = instructions }))], [], []),
        new Dictionary<string, IReadOnlyDictionary<string, double>> { [ReadPhase] = new Dictionary<string, double> { ["p50"] = 1, ["p90"] = 5, ["p99"] = 9, ["max"] = 10 } });

    private static IoResult Result(IReadOnlyList<IoMeasurement> rows) => new(
        1, "0", "host", 1, DateTime.UnixEpoch, "bench", "net", 1 << 20, IoWorkload.Span, 1, 3, 1, false, [new IoPlace("tee-io-counted", NoDevice, [])], rows);

    private static ulong SplitMix(ulong seed, long index)
    {
        ulong x = seed + ((ulong)index * 0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9;
        x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB;
        return x ^ (x >> 31);
    }
}
