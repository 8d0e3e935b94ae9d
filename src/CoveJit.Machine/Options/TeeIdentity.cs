namespace CoveJit.Machines.Options;

/// <summary>What a TEE device interface proves of itself.</summary>
public enum TeeIdentity
{
    /// <summary>Certificates of the manufacturer that TSMs trust, and current firmware.</summary>
    Genuine,

    /// <summary>Certificates of the same names, under a root of its own.</summary>
    Forged,

    /// <summary>The manufacturer's certificates, and firmware of an earlier version: other measurements.</summary>
    Stale,
}
