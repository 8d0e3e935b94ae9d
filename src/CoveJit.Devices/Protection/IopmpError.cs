namespace CoveJit.Devices.Protection;

/// <summary>ERR_INFO.etype.</summary>
public enum IopmpError
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The matching entries do not permit a read.</summary>
    IllegalRead = 1,

    /// <summary>The matching entries do not permit a write.</summary>
    IllegalWrite = 2,

    /// <summary>The matching entries do not permit an instruction fetch.</summary>
    IllegalFetch = 3,

    /// <summary>The matching priority entry does not cover all bytes.</summary>
    PartialHit = 4,

    /// <summary>No entry matches.</summary>
    NoHit = 5,

    /// <summary>The requester does not exist.</summary>
    UnknownRequester = 6,

    /// <summary>The requester's transactions are stalled.</summary>
    Stalled = 7,
}
