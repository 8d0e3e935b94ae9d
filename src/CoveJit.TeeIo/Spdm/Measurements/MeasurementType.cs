namespace CoveJit.TeeIo.Spdm.Measurements;

/// <summary>DMTFSpecMeasurementValueType, bits 6:0 (DSP0274, "DMTF specification for the Measurement field of a measurement block").</summary>
public enum MeasurementType : byte
{
    /// <summary>Immutable ROM.</summary>
    ImmutableRom = 0,

    /// <summary>Mutable firmware.</summary>
    MutableFirmware = 1,

    /// <summary>Hardware configuration.</summary>
    HardwareConfiguration = 2,

    /// <summary>Firmware configuration.</summary>
    FirmwareConfiguration = 3,

    /// <summary>Freeform measurement manifest.</summary>
    Manifest = 4,

    /// <summary>Structured representation of debug and device mode.</summary>
    DeviceMode = 5,

    /// <summary>Mutable firmware's version number.</summary>
    FirmwareVersion = 6,

    /// <summary>Mutable firmware's security version number.</summary>
    FirmwareSecurityVersion = 7,
}
