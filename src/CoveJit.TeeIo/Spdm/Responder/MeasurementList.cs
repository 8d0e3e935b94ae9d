using CoveJit.TeeIo.Spdm.Measurements;

namespace CoveJit.TeeIo.Spdm.Responder;

/// <summary>Measurements that stay the same.</summary>
/// <param name="measurements">The measurements, in the order of their indices.</param>
public sealed class MeasurementList(params IReadOnlyList<Measurement> measurements) : IMeasurementSource
{
    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Collect() => measurements;
}
