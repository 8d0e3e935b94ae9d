namespace CoveJit.TeeIo.Spdm;

/// <summary>DHE structure: groups this library knows.</summary>
[Flags]
public enum DheGroups : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>secp256r1.</summary>
    Secp256r1 = 8,

    /// <summary>secp384r1.</summary>
    Secp384r1 = 0x10,
}
