using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>Supervisor Domain Extension, EID "SUPD" (CoVE, chapter "Supervisor Domain Extension"). Without supervisor domains there is the one that the machine boots in.</summary>
internal sealed class SupervisorDomainExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x53555044;

    public IEnumerable<uint> Identifiers => [Eid];

    public IEnumerable<SbiFunction> Functions => [new(Eid, 0, "get_active_domains", [], _ => SbiResult.Of(monitor.Domains?.ActiveDomains ?? 1))];
}
