namespace CoveJit.TeeIo.Doe;

/// <summary>Data object types of PCI-SIG.</summary>
public enum DataObjectType : byte
{
    /// <summary>DOE discovery.</summary>
    Discovery = 0,

    /// <summary>CMA/SPDM: messages in the clear.</summary>
    Spdm = 1,

    /// <summary>Secured CMA/SPDM: records of sessions.</summary>
    SecuredSpdm = 2,
}
