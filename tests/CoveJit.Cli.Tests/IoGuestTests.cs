using CoveJit.Cli.Comparison;
using CoveJit.Cli.Comparison.Peer;
using CoveJit.Guests;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Tests;

/// <summary>The guest of <c>covejit compare io</c>, on a bare machine, with a network that changes what passes.</summary>
public sealed class IoGuestTests
{
    private const ulong Seed = 5;

    // Without TLS the program sees other words; with it its kernel takes no record that is not as it was.
    [BenchGuestTheory]
    [InlineData(false, "other data at")]
    [InlineData(true, "recv: Bad message")]
    public void A_guest_notices_that_one_bit_of_its_data_has_changed(bool encrypts, string expected)
    {
        byte[] memory = new byte[IoWorkload.Span];
        LoadException failure = Assert.Throws<LoadException>(() => Run(memory, encrypts, changes: true));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [BenchGuestTheory]
    [InlineData(true)]
    public void Every_pattern_leaves_the_peers_memory_as_it_has_to_be(bool encrypts)
    {
        byte[] memory = new byte[IoWorkload.Span];
        VmRun run = Run(memory, encrypts, changes: false);
        Assert.Contains($$"""{"digest":"{{IoWorkload.Digest(Seed)}}"}""", run.Text);
        Assert.Equal(IoWorkload.Sectors, IoWorkload.SectorsInTheClear(memory, Seed));
        Assert.Equal(["boot", "read_8192", "write_8192", "randread_8192", "randwrite_8192"], GuestWindows.Read(run.Marks).Windows.Select(window => window.Phase));
    }

    private static VmRun Run(byte[] memory, bool encrypts, bool changes)
    {
        string commands = IoWorkload.CommandsFor(IoWorkload.Parse("8k", "read,write,randread,randwrite"), IoWorkload.PeerTarget(encrypts), Seed, 3, 0.01);
        MachineOptions options = new GuestRuns(BenchGuestTheoryAttribute.DescriptionFile, instructionClock: true).Guest(commands) with
        {
            Network = new NetworkOptions(NetworkKind.Given, []) { Backend = new TcpPeer(() => new Wire(IoWorkload.PeerService(memory, encrypts, Seed), changes)) },
        };
        return VmRun.Execute(options, GuestPlacement.Bare, CancellationToken.None);
    }

    /// <summary>Changes a bit of the byte that follows the first hundred thousand the peer says.</summary>
    private sealed class Wire(IByteService service, bool changes) : IByteService
    {
        private long _said;

        public bool TryReceive(ReadOnlySpan<byte> bytes) => service.TryReceive(bytes);

        public int Send(Span<byte> destination)
        {
            int size = service.Send(destination);
            int at = (int)Math.Clamp(100_000 - _said, -1, size);
            if (changes && at >= 0 && at < size)
            {
                destination[at] ^= 1;
            }

            _said += size;
            return size;
        }
    }

    private sealed class BenchGuestTheoryAttribute : TheoryAttribute
    {
        public BenchGuestTheoryAttribute() => Skip = File.Exists(DescriptionFile) ? null : $"there is no {DescriptionFile}: make the guest with 'covejit guest build bench'";

        public static string DescriptionFile { get; } = Path.Combine(
            Environment.GetEnvironmentVariable("COVEJIT_GUEST_DIR") is { Length: > 0 } directory ? directory : GuestBuilderOptions.DefaultOutputDirectory, "bench.json");
    }
}
