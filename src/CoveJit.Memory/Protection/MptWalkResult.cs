namespace CoveJit.Memory.Protection;

/// <summary>What a memory protection table says of an address.</summary>
public struct MptWalkResult
{
    /// <summary>What is permitted.</summary>
    public MptPermissions Permissions;

    /// <summary>log2 of the size of the naturally aligned range around the address that this was said of in one tuple: at least 12.</summary>
    public int PageShift;

    /// <summary>Number of entries read, for the statistics.</summary>
    public int EntriesRead;
}
