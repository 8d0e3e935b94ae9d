using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>Base Extension, EID 0x10 (SBI 3.0, chapter "Base Extension").</summary>
internal sealed class BaseExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x10;
    private const ulong SpecificationVersion = 3UL << 24; // 3.0

    // Implementation identifiers are assigned by the specification; this one is not among them.
    private const ulong ImplementationId = 0xC0E;

    public IEnumerable<uint> Identifiers => [Eid];

    public IEnumerable<SbiFunction> Functions =>
    [
        new(Eid, 0, "get_spec_version", [], _ => SbiResult.Of(SpecificationVersion)),
        new(Eid, 1, "get_impl_id", [], _ => SbiResult.Of(ImplementationId)),
        new(Eid, 2, "get_impl_version", [], _ => SbiResult.Of(1)),
        new(Eid, 3, "probe_extension", ["extension_id"], call => SbiResult.Of(ManagedMonitor.TryNarrow(call[0], out uint extension) && monitor.HasExtension(call.Hart, extension) ? 1UL : 0)),
        new(Eid, 4, "get_mvendorid", [], _ => SbiResult.Of(0)),
        new(Eid, 5, "get_marchid", [], _ => SbiResult.Of(0)),
        new(Eid, 6, "get_mimpid", [], _ => SbiResult.Of(0)),
    ];
}
