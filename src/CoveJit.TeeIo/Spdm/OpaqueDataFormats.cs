namespace CoveJit.TeeIo.Spdm;

/// <summary>OpaqueDataFmt of OtherParams: how opaque data is laid out.</summary>
[Flags]
public enum OpaqueDataFormats : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>OpaqueDataFmt0.</summary>
    Format0 = 1,

    /// <summary>OpaqueDataFmt1: the general opaque data table.</summary>
    Format1 = 2,
}
