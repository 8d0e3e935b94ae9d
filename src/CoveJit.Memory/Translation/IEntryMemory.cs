namespace CoveJit.Memory.Translation;

/// <summary>Memory that tables of 8-byte entries lie in, as a walker reads them. Implemented by structs so that walkers are specialised for each.</summary>
public interface IEntryMemory
{
    /// <summary>Reads an entry.</summary>
    WalkStatus ReadEntry(ulong address, out ulong entry);
}
