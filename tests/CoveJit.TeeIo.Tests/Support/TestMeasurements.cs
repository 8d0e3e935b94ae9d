using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Responder;

namespace CoveJit.TeeIo.Tests.Support;

internal sealed class TestMeasurements : IMeasurementSource
{
    public List<Measurement> List { get; } =
    [
        new(1, MeasurementType.ImmutableRom, "boot code"u8.ToArray()),
        new(2, MeasurementType.MutableFirmware, "firmware"u8.ToArray()),
        new(3, MeasurementType.FirmwareSecurityVersion, [7, 0, 0, 0, 0, 0, 0, 0]),
        new(0xFD, MeasurementType.Manifest, "manifest"u8.ToArray()),
    ];

    public IReadOnlyList<Measurement> Collect() => List;
}
