using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>SET_MMIO_ATTRIBUTE_REQUEST: changes whether a range is for the TEE.</summary>
public sealed class TdispSetMmioAttribute : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.SetMmioAttribute;

    /// <summary>MMIO_RANGE.</summary>
    public TdispMmioRange Range { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => Range = TdispMmioRange.Visit(f, Range);
}
