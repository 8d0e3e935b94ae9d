using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm;

/// <summary>An element of the general opaque data table.</summary>
/// <param name="Registry">ID: the registry of the vendor's identifier; 0 is DMTF.</param>
/// <param name="Vendor">VendorID.</param>
/// <param name="Data">OpaqueElementData.</param>
internal readonly record struct OpaqueElement(byte Registry, byte[] Vendor, byte[] Data)
{
    internal static OpaqueElement Visit(FieldVisitor f, OpaqueElement value)
    {
        byte registry = f.U8("ID", value.Registry);
        byte[] vendor = value.Vendor ?? [];
        byte length = f.U8("VendorLen", checked((byte)vendor.Length));
        vendor = f.Bytes("VendorID", vendor, new FieldSize(length, "VendorLen"));
        byte[] data = f.Counted16("OpaqueElementData", value.Data ?? []);

        // Each element ends at a multiple of four bytes.
        f.Reserved(-(vendor.Length + data.Length) & 3);
        return new OpaqueElement(registry, vendor, data);
    }
}
