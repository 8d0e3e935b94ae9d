namespace CoveJit.Translator.X64.Blocks;

/// <summary>A block that native code of another one in the same page goes to.</summary>
/// <param name="Block">Address of the block.</param>
/// <param name="Offset">Its offset in the page.</param>
internal readonly record struct BlockEdge(nint Block, int Offset);
