using CoveJit.Attestation.Measurements;
using CoveJit.Tsm.Interrupts;

namespace CoveJit.Tsm.Guests;

/// <summary>A TEE virtual machine. For the holder of the TSM's lock.</summary>
internal sealed class Tvm(uint id, uint vmid, GuestStage stage, MeasurementRegisters measurements)
{
    /// <summary>Most vCPUs of a TVM.</summary>
    public const uint MaximumVcpus = 64;

    /// <summary>Its identifier at the ABI: never 0, never used again.</summary>
    public uint Id { get; } = id;

    /// <summary>Its VMID in the confidential domain.</summary>
    public uint Vmid { get; } = vmid;

    public TvmState State { get; set; } = TvmState.Initializing;

    public GuestStage Stage { get; } = stage;

    public GuestRegions Regions { get; } = new();

    public MeasurementRegisters Measurements { get; } = measurements;

    /// <summary>64 bytes that the host calls it by; empty for none.</summary>
    public ReadOnlyMemory<byte> Identity { get; set; }

    /// <summary>What its attestation payload held for it, if that was accepted.</summary>
    public ReadOnlyMemory<byte>? Secret { get; set; }

    public SortedDictionary<uint, Vcpu> Vcpus { get; } = [];

    /// <summary>Where its vCPUs' interrupt files are; null if it has none.</summary>
    public AiaParameters? Aia { get; set; }

    /// <summary>
    /// Its translations' age: one that a hart has got in an earlier epoch may be of a mapping that was taken away since. Unique among all TVMs, so that
    /// a VMID may be used again.
    /// </summary>
    public ulong Epoch { get; set; }

    /// <summary>Blocked mappings by guest physical address, each with the epoch in which it was blocked.</summary>
    public Dictionary<ulong, ulong> Blocked { get; } = [];

    /// <summary>The oldest epoch that a running vCPU was entered in; the current one if none runs.</summary>
    public ulong OldestRunning
    {
        get
        {
            ulong oldest = Epoch;
            foreach (Vcpu vcpu in Vcpus.Values)
            {
                oldest = vcpu.State == VcpuState.Running ? Math.Min(oldest, vcpu.Epoch) : oldest;
            }

            return oldest;
        }
    }

    public bool IsRunning
    {
        get
        {
            foreach (Vcpu vcpu in Vcpus.Values)
            {
                if (vcpu.State == VcpuState.Running)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether a range of guest physical addresses exists.</summary>
    public bool HasAddresses(ulong start, ulong length) => start >> Stage.AddressBits == 0 && (start + length - 1) >> Stage.AddressBits == 0;
}
