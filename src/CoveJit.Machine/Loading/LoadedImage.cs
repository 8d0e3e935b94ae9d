namespace CoveJit.Machines.Loading;

/// <summary>An image in guest memory.</summary>
/// <param name="Format">What the file was.</param>
/// <param name="Start">First physical address it occupies.</param>
/// <param name="End">First physical address past it, zeroed data included.</param>
/// <param name="EntryPoint">Physical address of its first instruction.</param>
/// <param name="Symbols">Its symbols at the addresses the file states; empty unless it is an ELF.</param>
public sealed record LoadedImage(ImageFormat Format, ulong Start, ulong End, ulong EntryPoint, SymbolTable Symbols);
