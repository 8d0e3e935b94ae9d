using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm;

/// <summary>Opaque data of format 1 (DSP0274, "General opaque data format").</summary>
internal sealed class OpaqueDataTable : WireMessage
{
    public IReadOnlyList<OpaqueElement> Elements { get; set; } = [];

    protected internal override void Visit(FieldVisitor f)
    {
        byte count = f.U8("TotalElements", checked((byte)Elements.Count));
        f.Reserved(3);
        Elements = f.List("element", Elements, new FieldSize(count, "TotalElements"), OpaqueElement.Visit);
    }
}
