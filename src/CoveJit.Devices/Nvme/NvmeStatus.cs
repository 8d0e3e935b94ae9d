namespace CoveJit.Devices.Nvme;

/// <summary>Status of a command (NVMe 1.4, section 4.6.1): status code in bits 7:0, status code type in bits 10:8.</summary>
internal enum NvmeStatus : ushort
{
    Success = 0x000,
    InvalidOpcode = 0x001,
    InvalidField = 0x002,
    DataTransferError = 0x004,
    AbortRequested = 0x007,
    InvalidNamespace = 0x00B,
    CommandSequenceError = 0x00C,
    InvalidSglSegment = 0x00D,
    InvalidSglCount = 0x00E,
    InvalidSglLength = 0x00F,
    InvalidSglType = 0x011,
    InvalidPrpOffset = 0x013,
    NamespaceWriteProtected = 0x020,
    LbaOutOfRange = 0x080,
    CompletionQueueInvalid = 0x100,
    InvalidQueueIdentifier = 0x101,
    InvalidQueueSize = 0x102,
    AsyncEventLimitExceeded = 0x105,
    InvalidInterruptVector = 0x108,
    InvalidLogPage = 0x109,
    InvalidQueueDeletion = 0x10C,
    FeatureNotSaveable = 0x10D,
    FeatureNotChangeable = 0x10E,
    WriteFault = 0x280,
    UnrecoveredReadError = 0x281,
    CompareFailure = 0x285,
}

/// <summary>How a command ends: status, and the command-specific result of its completion entry.</summary>
/// <param name="Status">Status.</param>
/// <param name="Result">Dword 0 of the completion entry.</param>
/// <param name="IsPending">Whether there is no completion yet.</param>
internal readonly record struct NvmeOutcome(NvmeStatus Status, uint Result = 0, bool IsPending = false)
{
    public static NvmeOutcome Pending { get; } = new(NvmeStatus.Success, IsPending: true);

    public static implicit operator NvmeOutcome(NvmeStatus status) => new(status);
}
