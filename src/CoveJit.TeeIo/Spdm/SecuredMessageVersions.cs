using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm;

/// <summary>The element of a key exchange's opaque data that settles the version of secured messages (DSP0277, "Secured Message opaque element").</summary>
internal sealed class SecuredMessageVersions : WireMessage
{
    /// <summary>Secured messages 1.1, as a version number entry.</summary>
    public const ushort Version11 = 0x1100;

    private const byte DmtfRegistry = 0;
    private const byte DataVersion = 1;
    private const byte VersionSelection = 0;
    private const byte SupportedVersions = 1;

    private byte _dataId;
    private IReadOnlyList<ushort> _versions = [];

    /// <summary>KEY_EXCHANGE: the versions that the requester supports.</summary>
    public static byte[] EncodeSupported(params IReadOnlyList<ushort> versions) =>
        InTable(new SecuredMessageVersions { _dataId = SupportedVersions, _versions = versions });

    /// <summary>KEY_EXCHANGE_RSP: the version that the responder selected.</summary>
    public static byte[] EncodeSelected(ushort version) =>
        InTable(new SecuredMessageVersions { _dataId = VersionSelection, _versions = [version] });

    /// <summary>Whether a requester supports a version. The update and alpha parts of versions do not count.</summary>
    public static bool Supports(byte[] opaque, ushort version) => Has(opaque, SupportedVersions, version);

    /// <summary>Whether a responder selected a version.</summary>
    public static bool Selects(byte[] opaque, ushort version) => Has(opaque, VersionSelection, version);

    /// <inheritdoc/>
    protected internal override void Visit(FieldVisitor f)
    {
        f.Check(f.U8("SMDataVersion", DataVersion) == DataVersion, "SMDataVersion is 1");
        _dataId = f.U8("SMDataID", _dataId);
        f.Check(_dataId <= SupportedVersions, "SMDataID is 0 or 1");
        byte count = 1;
        f.When(_dataId == SupportedVersions, "supported versions", () => count = f.U8("VersionCount", checked((byte)_versions.Count)));
        _versions = f.List("version", _versions, count, static (f, version) => f.U16("Version", version));
    }

    private static byte[] InTable(SecuredMessageVersions versions) =>
        new OpaqueDataTable { Elements = [new OpaqueElement(DmtfRegistry, [], versions.Encode())] }.Encode();

    private static bool Has(byte[] opaque, byte dataId, ushort version)
    {
        OpaqueDataTable table = new();
        if (table.Fill(opaque, default, padding: 0, out _) is not null)
        {
            return false;
        }

        foreach (OpaqueElement element in table.Elements)
        {
            SecuredMessageVersions versions = new();
            if (element.Registry == DmtfRegistry && element.Vendor.Length == 0 && versions.Fill(element.Data, default, padding: 0, out _) is null)
            {
                return versions._dataId == dataId && versions._versions.Any(v => v >> 8 == version >> 8);
            }
        }

        return false;
    }
}
