using CoveJit.Guests.Cpio;

namespace CoveJit.Guests;

internal static class BenchPrograms
{
    public const string Compiler = "riscv64-linux-gnu-gcc";

    public static Task AddToAsync(CpioArchive archive, string work, string? coreMark, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation) => throw new NotImplementedException();
}
