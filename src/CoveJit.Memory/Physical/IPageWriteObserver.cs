namespace CoveJit.Memory.Physical;

/// <summary>Told of stores, by harts and by DMA, to pages that carry a <see cref="PageFlags"/> flag. Called after the store, on the storing thread.</summary>
public interface IPageWriteObserver
{
    /// <summary>Bytes of a flagged page were written.</summary>
    /// <param name="address">Physical address of the first byte.</param>
    /// <param name="length">Number of bytes; the range does not leave its page.</param>
    /// <param name="flags">The page's flags at the time.</param>
    void OnWrite(ulong address, int length, PageFlags flags);
}
