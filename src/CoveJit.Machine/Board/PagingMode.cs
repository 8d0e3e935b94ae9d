namespace CoveJit.Machines.Board;

/// <summary>The largest virtual address space a hart's supervisor mode offers; smaller ones are offered with it.</summary>
public enum PagingMode
{
    /// <summary>39-bit virtual addresses, three levels.</summary>
    Sv39,

    /// <summary>48-bit virtual addresses, four levels.</summary>
    Sv48,

    /// <summary>57-bit virtual addresses, five levels.</summary>
    Sv57,
}
