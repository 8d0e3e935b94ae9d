using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;

namespace CoveJit.Tsm.Functions;

/// <summary>NACL: what CoVE takes from the Nested Acceleration Extension (SBI 3.0), the memory that a hart of the host's shares with the TSM.</summary>
internal static class NestedAcceleration
{
    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.SharedMemory, 0, 0, "probe_feature", [new("feature_id", ArgumentKind.Value)],
            "Asks for a feature of nested acceleration. There is none: the harts have the hypervisor extension.",
            "0",
            [],
            _ => SbiResult.Of(0)),
        new(
            CoveExtension.SharedMemory, 1, 1, "set_shmem",
            [new("shmem_phys_lo", ArgumentKind.Value), new("shmem_phys_hi", ArgumentKind.Value), new("flags", ArgumentKind.Value)],
            "Sets the calling hart's shared memory, 12 KiB of the host's, or with all ones none. It cannot be converted meanwhile.",
            string.Empty,
            [
                new(SbiError.InvalidParam, "flags is not 0, or the address is not page-aligned"),
                new(SbiError.InvalidAddress, "the range is not the host's memory"),
            ],
            SetMemory),
    ];

    private static SbiResult? SetMemory(CoveCall call)
    {
        (ulong low, ulong high) = (call[0], call[1]);
        bool none = low == ulong.MaxValue && high == ulong.MaxValue;
        if (call[2] != 0 || (!none && (low & 0xFFF) != 0))
        {
            return SbiError.InvalidParam;
        }

        return (none || high == 0) && call.Tsm.SetSharedMemory(call.Hart, none ? null : low) ? SbiResult.Success : SbiError.InvalidAddress;
    }
}
