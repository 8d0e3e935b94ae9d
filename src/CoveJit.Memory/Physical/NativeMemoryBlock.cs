using System.ComponentModel;
using System.Runtime.InteropServices;

namespace CoveJit.Memory.Physical;

/// <summary>A lazily committed, zeroed, private mapping of host memory. Pages cost nothing until they are touched.</summary>
public sealed unsafe partial class NativeMemoryBlock : IDisposable
{
    private const ulong PageSize = 4096;
    private const int ProtReadWrite = 3;
    private const int ProtReadWriteExecute = 7;
    private const int MapPrivateAnonymousNoReserve = 0x2 | 0x20 | 0x4000;
    private const int MadviseDontNeed = 4;
    private const int MadviseHugePage = 14;

    /// <summary>Maps <paramref name="size"/> bytes, rounded up to whole pages.</summary>
    /// <exception cref="InsufficientMemoryException">The host refuses the mapping.</exception>
    public NativeMemoryBlock(ulong size)
    {
        Size = (size + PageSize - 1) & ~(PageSize - 1);
        void* p = Map(null, (nuint)Size, ProtReadWrite, MapPrivateAnonymousNoReserve, -1, 0);
        if (p == (void*)-1)
        {
            throw new InsufficientMemoryException($"the host refuses to map {Size >> 20} MiB: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        Pointer = (byte*)p;
    }

    /// <summary>Whether the host lets memory be written and executed: some kernels are told not to.</summary>
    public static bool CanExecute { get; } = TryExecute();

    /// <summary>First byte, page-aligned; null after <see cref="Dispose"/>.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Size in bytes.</summary>
    public ulong Size { get; }

    /// <summary>Bytes of the pages that are in the host's memory now.</summary>
    public ulong CountResident()
    {
        byte[] pages = new byte[Size / PageSize];
        fixed (byte* p = pages)
        {
            _ = InCore(Pointer, (nuint)Size, p);
        }

        // Bit 0 is the answer, the others are reserved.
        return (ulong)pages.Count(page => (page & 1) != 0) * PageSize;
    }

    /// <summary>
    /// Returns the whole pages of a range of bytes to the host: their content reads as zero afterwards. False if the host refuses: then nothing
    /// has changed.
    /// </summary>
    public bool Discard(ulong offset, ulong length)
    {
        ulong start = (offset + PageSize - 1) & ~(PageSize - 1);
        ulong end = (offset + length) & ~(PageSize - 1);
        return start >= end || Advise(Pointer + start, (nuint)(end - start), MadviseDontNeed) == 0;
    }

    /// <summary>Asks for large host pages where memory is touched: for what fills up from one end. What the host answers does not matter.</summary>
    public void PreferLargePages() => _ = Advise(Pointer, (nuint)Size, MadviseHugePage);

    /// <summary>Lets the host execute what is in a range of whole pages.</summary>
    /// <exception cref="InsufficientMemoryException">The host refuses.</exception>
    public void MakeExecutable(ulong offset, ulong length)
    {
        if (Protect(Pointer + offset, (nuint)length, ProtReadWriteExecute) != 0)
        {
            throw new InsufficientMemoryException($"the host refuses executable memory: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    /// <summary>Unmaps the memory. The caller guarantees that nobody uses it any more.</summary>
    public void Dispose()
    {
        if (Pointer != null)
        {
            _ = Unmap(Pointer, (nuint)Size);
            Pointer = null;
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Unmaps memory that was never disposed of.</summary>
    ~NativeMemoryBlock()
    {
        Dispose();
    }

    private static bool TryExecute()
    {
        using NativeMemoryBlock block = new(PageSize);
        return Protect(block.Pointer, (nuint)block.Size, ProtReadWriteExecute) == 0;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "mincore", SetLastError = true)]
    private static partial int InCore(void* address, nuint length, byte* pages);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(void* address, nuint length, int advice);
}
