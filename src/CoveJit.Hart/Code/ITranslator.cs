namespace CoveJit.Harts.Code;

/// <summary>What turns hot blocks into faster code. It sets <see cref="Block.Entry"/>; whoever comes to a block with an entry may run that instead.</summary>
public unsafe interface ITranslator
{
    /// <summary>A block has become hot. Called on the hart's thread, once for each time the block's heat passes the threshold.</summary>
    /// <param name="hart">The hart that came to it, its TLB as it is there.</param>
    /// <param name="pc">Virtual address of the block.</param>
    /// <param name="block">The block.</param>
    void OnHot(Hart hart, ulong pc, Block* block);

    /// <summary>Native code of a block has run <see cref="CodeCache.RegionThreshold"/> times. Otherwise as <see cref="OnHot"/>.</summary>
    void OnHotter(Hart hart, ulong pc, Block* block);

    /// <summary>Translated code that starts with a block is entered more often than it is worth: its <see cref="Block.Credit"/> is below 0.</summary>
    /// <param name="block">The block.</param>
    void OnShortStays(Block* block);

    /// <summary>The code of a page was discarded: nothing made from it may be entered any more. Called under <see cref="CodeCache.Sync"/>.</summary>
    /// <param name="page">Index of the page in RAM.</param>
    void OnPageForgotten(ulong page);

    /// <summary>All blocks are about to be discarded; no hart executes. Called under <see cref="CodeCache.Sync"/>.</summary>
    void OnReset();
}
