namespace CoveJit.Machines.Loading;

/// <summary>One PT_LOAD segment (ELF-64 object file format, program header), checked against the file's length.</summary>
/// <param name="PhysicalAddress">p_paddr: where it is loaded.</param>
/// <param name="VirtualAddress">p_vaddr: the address its code was linked for.</param>
/// <param name="FileOffset">p_offset.</param>
/// <param name="FileSize">p_filesz in bytes.</param>
/// <param name="MemorySize">p_memsz in bytes, at least <paramref name="FileSize"/>; the difference is zeroed.</param>
/// <param name="IsExecutable">PF_X: whether it holds code.</param>
public readonly record struct ElfSegment(ulong PhysicalAddress, ulong VirtualAddress, ulong FileOffset, ulong FileSize, ulong MemorySize, bool IsExecutable)
{
    /// <summary>First physical address past the segment.</summary>
    public ulong PhysicalEnd => PhysicalAddress + MemorySize;
}
