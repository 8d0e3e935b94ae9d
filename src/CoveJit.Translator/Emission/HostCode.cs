using System.ComponentModel;
using System.Runtime.InteropServices;

namespace CoveJit.Translator.Emission;

/// <summary>A few bytes of host machine code that live as long as the process.</summary>
internal sealed unsafe partial class HostCode
{
    private const int ProtReadWrite = 3;
    private const int ProtReadExecute = 5;
    private const int MapPrivateAnonymous = 0x2 | 0x20;
    private const int PageSize = 4096;

    /// <summary>Places code, at most a page of it, in executable memory.</summary>
    /// <exception cref="InsufficientMemoryException">The host refuses.</exception>
    public HostCode(ReadOnlySpan<byte> code)
    {
        void* page = Map(null, PageSize, ProtReadWrite, MapPrivateAnonymous, -1, 0);
        if (page == (void*)-1)
        {
            throw new InsufficientMemoryException($"the host refuses a page for code: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        code.CopyTo(new Span<byte>(page, PageSize));
        if (Protect(page, PageSize, ProtReadExecute) != 0)
        {
            throw new InsufficientMemoryException($"the host refuses executable memory: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        Address = (nint)page;
    }

    /// <summary>The first byte.</summary>
    public nint Address { get; }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);
}
