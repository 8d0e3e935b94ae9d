using System.Globalization;

namespace CoveJit.Cli.Comparison;

/// <summary>What a comparison says of TEE-IO: how much more of sequential data a guest instruction moves than elsewhere, and whether that is what was to be expected.</summary>
internal static class IoVerdict
{
    private static readonly (IoPlacement Than, double AtLeast)[] Expectations =
    [
        (IoPlacement.ConfidentialVirtio, 3), (IoPlacement.ConfidentialEncrypted, 10), (IoPlacement.PlainPassthrough, 0.9),
    ];

    private static readonly string[] Sequential = ["read", "write"];

    /// <summary>A line for each placement that TEE-IO is compared with; none where it was not measured.</summary>
    public static IEnumerable<string> Of(IoResult result)
    {
        foreach ((IoPlacement than, double atLeast) in Expectations)
        {
            (IoMeasurement Tee, double Ratio)[] ratios =
            [
                .. from tee in result.Measurements
                   where tee.Placement == IoPlacements.NameOf(IoPlacement.TeeIoCounted) && Sequential.Contains(tee.Pattern)
                   from other in result.Measurements
                   where other.Placement == IoPlacements.NameOf(than) && other.Pattern == tee.Pattern && other.BlockBytes == tee.BlockBytes
                   let ratio = other.Median(MachineSample.Instructions) / tee.Median(MachineSample.Instructions)
                   where ratio is not null
                   select (tee, ratio.Value),
            ];
            if (ratios.Length == 0)
            {
                continue;
            }

            string below = string.Join(", ", ratios.Where(pair => pair.Ratio < atLeast).Select(pair => Name(pair.Tee)));
            string measured = string.Join(", ", ratios.Select(pair => $"{Name(pair.Tee)} {VmFormat.Ratio(pair.Ratio)}"));
            yield return $"TEE-IO to {IoPlacements.NameOf(than)}, MiB for a guest instruction: {measured}; "
                + string.Create(CultureInfo.InvariantCulture, $"at least {atLeast} was expected")
                + (below.Length == 0 ? "." : $", and is not reached by {below}: there {Reason(result)}.");
        }

        static string Reason(IoResult measured) => IoPlacements.Devices[measured.Device] == IoDevice.Net
            ? "what the guest's TCP/IP takes for a frame is what counts, wherever the card is"
            : "the instructions that a request takes whatever its size are what counts";

        static string Name(IoMeasurement row) => $"{row.Pattern} {IoTable.Size(row.BlockBytes)}";
    }
}
