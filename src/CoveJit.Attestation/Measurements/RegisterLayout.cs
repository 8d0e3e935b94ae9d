namespace CoveJit.Attestation.Measurements;

/// <summary>
/// The registers of a TVM: the six initial ones of the specification's example (CoVE, Initial Measurements), then four runtime
/// ones. Indices are positions in the list that <c>sbi_covg_get_attcaps</c> reports.
/// </summary>
public static class RegisterLayout
{
    /// <summary>Platform firmware, with the TSM driver's own platform components.</summary>
    public const int PlatformFirmware = 0;

    /// <summary>Platform configuration and life-cycle state: a platform that may be debugged shows here.</summary>
    public const int PlatformConfiguration = 1;

    /// <summary>The TSM driver and the TSM.</summary>
    public const int TsmSoftware = 2;

    /// <summary>Configuration of the TSM.</summary>
    public const int TsmConfiguration = 3;

    /// <summary>The measured pages of the TVM.</summary>
    public const int TvmPages = 4;

    /// <summary>Entry point, argument and vCPUs of the TVM.</summary>
    public const int TvmConfiguration = 5;

    /// <summary>Initial registers.</summary>
    public const int InitialCount = 6;

    /// <summary>Runtime registers.</summary>
    public const int RuntimeCount = 4;

    /// <summary>The first runtime register.</summary>
    public const int FirstRuntime = InitialCount;

    /// <summary>All registers.</summary>
    public const int Count = InitialCount + RuntimeCount;

    // Registers 0 and 1 hold what PCR 0 and 1 are for; the PC Client profile has no place for a TSM or a TVM image. 17 to 20 are
    // the ones a guest may use for its own measured launch.
    private const byte FirstRuntimePcr = 17;

    /// <summary>What a TVM is told of each register.</summary>
    public static IReadOnlyList<MeasurementRegisterDescriptor> Descriptors { get; } = [.. Enumerable.Range(0, Count).Select(Describe)];

    /// <summary>What a register is for, in words.</summary>
    public static string NameOf(int index) => index switch
    {
        PlatformFirmware => "platform firmware",
        PlatformConfiguration => "platform configuration",
        TsmSoftware => "TSM software",
        TsmConfiguration => "TSM configuration",
        TvmPages => "TVM pages",
        TvmConfiguration => "TVM configuration",
        >= FirstRuntime and < Count => "runtime",
        _ => "unknown",
    };

    private static MeasurementRegisterDescriptor Describe(int index) => new(
        MeasurementAlgorithm.Sha384,
        index < FirstRuntime ? MeasurementType.Initial : MeasurementType.Runtime,
        index switch
        {
            PlatformFirmware or PlatformConfiguration => (byte)index,
            >= FirstRuntime => (byte)(FirstRuntimePcr + index - FirstRuntime),
            _ => MeasurementRegisterDescriptor.Unmapped,
        });
}
