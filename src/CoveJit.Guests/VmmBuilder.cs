namespace CoveJit.Guests;

/// <summary>
/// Compiles the hypervisor of <c>guest/vmm</c> and the shim of <c>guest/shim</c>, which confidential virtual machines begin with: freestanding, by
/// Debian's cross compiler, of which they need no library.
/// </summary>
public static class VmmBuilder
{
    /// <summary>Name of the shim's file, beside the hypervisor's.</summary>
    public const string ShimName = "shim";

    private const string Vmm = "vmm";

    // What the shim has in common with the hypervisor.
    private static readonly string[] SharedSources = ["../vmm/fdt.c", "../vmm/string.c"];

    /// <summary>Compiles both.</summary>
    /// <param name="work">Directory to compile in.</param>
    /// <param name="vmm">The ELF file to make of the hypervisor.</param>
    /// <param name="shim">That of the shim.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="GuestBuildException">The compiler is missing or rejects a source.</exception>
    internal static async Task CompileAsync(string work, string vmm, string shim, CancellationToken cancellation)
    {
        // Each names files of the other's.
        string shimDirectory = Path.Combine(work, ShimName);
        await FreestandingProgram.WriteSourcesAsync(ShimName + "/", shimDirectory, cancellation).ConfigureAwait(false);
        await FreestandingProgram.CompileAsync("the hypervisor", Vmm + "/", Path.Combine(work, Vmm), vmm, [], cancellation).ConfigureAwait(false);
        await FreestandingProgram.CompileAsync("the shim", ShimName + "/", shimDirectory, shim, SharedSources, cancellation).ConfigureAwait(false);
    }
}
