namespace CoveJit.TeeIo.Ide;

/// <summary>Object IDs of IDE_KM (PCIe, "IDE Key Management").</summary>
public enum IdeKmCode : byte
{
    /// <summary>QUERY.</summary>
    Query = 0,

    /// <summary>QUERY_RESP.</summary>
    QueryResponse = 1,

    /// <summary>KEY_PROG.</summary>
    KeyProgram = 2,

    /// <summary>KP_ACK.</summary>
    KeyProgramAck = 3,

    /// <summary>K_SET_GO.</summary>
    KeySetGo = 4,

    /// <summary>K_SET_STOP.</summary>
    KeySetStop = 5,

    /// <summary>K_GOSTOP_ACK.</summary>
    KeyGoStopAck = 6,
}
