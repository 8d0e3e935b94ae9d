using CoveJit.TeeIo.Spdm.Measurements;

namespace CoveJit.TeeIo.Spdm.Responder;

/// <summary>What a device measured of itself.</summary>
public interface IMeasurementSource
{
    /// <summary>The measurements of now, in the order of their indices, each index once.</summary>
    IReadOnlyList<Measurement> Collect();
}
