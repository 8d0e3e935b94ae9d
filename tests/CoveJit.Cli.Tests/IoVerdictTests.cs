using CoveJit.Cli.Comparison;

namespace CoveJit.Cli.Tests;

public class IoVerdictTests
{
    [Fact]
    public void What_was_expected_of_TEE_IO_and_is_not_so_is_said()
    {
        IoMeasurement[] rows =
        [
            Row("read", 4096, "confidential-virtio", 700), Row("read", 4096, "tee-io-counted", 350),
            Row("read", 65536, "confidential-virtio", 600), Row("read", 65536, "tee-io-counted", 60), Row("read", 65536, "plain-passthrough", 60),
            Row("randread", 65536, "confidential-virtio", 1), Row("randread", 65536, "tee-io-counted", 60),
        ];
        IoResult result = new(1, "0", "host", 1, DateTime.UnixEpoch, "bench", "nvme", 1 << 20, IoWorkload.Span, 1, 3, 1, false, [], rows);
        Assert.Equal(
            [
                "TEE-IO to confidential-virtio, MiB for a guest instruction: read 4k 2.00, read 64k 10.00; at least 3 was expected, and is not reached by read 4k: there the instructions that a request takes whatever its size are what counts.",
                "TEE-IO to plain-passthrough, MiB for a guest instruction: read 64k 1.00; at least 0.9 was expected.",
            ],
            IoVerdict.Of(result));
        Assert.EndsWith("not reached by read 4k: there what the guest's TCP/IP takes for a frame is what counts, wherever the card is.", IoVerdict.Of(result with { Device = "net" }).First(), StringComparison.Ordinal);
    }

    private static IoMeasurement Row(string pattern, long size, string placement, double instructions) =>
        new(pattern, size, placement, null, [1], new Dictionary<string, VmQuantity> { [MachineSample.Instructions] = VmQuantity.Of([instructions]) });
}
