using CoveJit.Guests.Apt;
using CoveJit.Guests.Kernel;

namespace CoveJit.Guests;

internal static class DiskImageBuilder
{
    public const string Append = "";
    public const string ReadyMarker = "covejit login:";

    public static void RequireTools()
    {
    }

    public static Task<IReadOnlyList<AptPackage>> BuildAsync(AptRoot root, string suite, string mirror, KernelPackageContent kernel, string work, string image, GuestBuilderOptions options, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation) => throw new NotImplementedException();
}
