namespace CoveJit.Tsm.Abi;

/// <summary>Identifiers of the extensions that the TSM answers (CoVE, "ABI Definitions"; SBI 3.0, "Nested Acceleration Extension").</summary>
public enum CoveExtension : uint
{
    /// <summary>COVH: the host's functions.</summary>
    Host = 0x434F5648,

    /// <summary>COVI: the host's functions for interrupts.</summary>
    Interrupts = 0x434F5649,

    /// <summary>COVG: a TVM's functions.</summary>
    Guest = 0x434F5647,

    /// <summary>NACL: of this the host needs the memory that it shares with the TSM, one piece for each hart.</summary>
    SharedMemory = 0x4E41434C,
}
