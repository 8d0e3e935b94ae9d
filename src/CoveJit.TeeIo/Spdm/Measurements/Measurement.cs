namespace CoveJit.TeeIo.Spdm.Measurements;

/// <summary>Something a device measured.</summary>
/// <param name="Index">1 to 0xFE; 0xFD is a manifest, 0xFE the device mode.</param>
/// <param name="Type">What was measured.</param>
/// <param name="Content">What was measured itself; a digest of it is reported where one is wanted.</param>
public sealed record Measurement(byte Index, MeasurementType Type, byte[] Content)
{
    /// <summary>Whether it is part of the trusted computing base: immutable ROM and mutable firmware, if nothing else is said.</summary>
    public bool IsInTcb { get; init; } = Type is MeasurementType.ImmutableRom or MeasurementType.MutableFirmware;

    /// <summary>Versions and modes are of use only as they are; everything else is reported as a digest unless the requester wants it raw.</summary>
    private bool IsAlwaysRaw => Type is MeasurementType.DeviceMode or MeasurementType.FirmwareVersion or MeasurementType.FirmwareSecurityVersion;

    /// <summary>How it is reported.</summary>
    /// <param name="algorithms">The connection's algorithms: the measurement hash matters.</param>
    /// <param name="raw">Whether raw bit streams are asked for.</param>
    public MeasurementBlock ToBlock(SpdmAlgorithms algorithms, bool raw)
    {
        ArgumentNullException.ThrowIfNull(algorithms);
        return raw || IsAlwaysRaw
            ? new MeasurementBlock(Index, Type, IsRaw: true, Content)
            : new MeasurementBlock(Index, Type, IsRaw: false, algorithms.HashMeasurement(Content));
    }
}
