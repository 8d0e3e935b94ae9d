using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp;

/// <summary>An MMIO range of the device interface report.</summary>
/// <param name="FirstPage">The number of its first page of 4 KiB, with the offset that LOCK_INTERFACE_REQUEST asked for added.</param>
/// <param name="PageCount">How many pages it has.</param>
/// <param name="Attributes">What it is.</param>
/// <param name="RangeId">RANGE_ID: for a PCI function, the number of its BAR.</param>
public readonly record struct TdispMmioRange(ulong FirstPage, uint PageCount, TdispMmioAttributes Attributes, ushort RangeId)
{
    internal static TdispMmioRange Visit(FieldVisitor f, TdispMmioRange value)
    {
        ulong first = f.U64("FIRST_4K_PAGE", value.FirstPage);
        uint count = f.U32("NUMBER_OF_4K_PAGES", value.PageCount);
        TdispMmioAttributes attributes = (TdispMmioAttributes)f.U16("RANGE_ATTRIBUTES", (ushort)value.Attributes);
        return new TdispMmioRange(first, count, attributes, f.U16("RANGE_ID", value.RangeId));
    }
}
