namespace CoveJit.Monitor.Tests;

/// <summary>Extension identifiers, from the specification.</summary>
internal static class Eid
{
    public const uint Base = 0x10;
    public const uint Time = 0x54494D45;
    public const uint Ipi = 0x735049;
    public const uint Rfence = 0x52464E43;
    public const uint Hsm = 0x48534D;
    public const uint Reset = 0x53525354;
    public const uint Pmu = 0x504D55;
    public const uint Console = 0x4442434E;
    public const uint Suspend = 0x53555350;
    public const uint Features = 0x46574654;

    public const uint SupervisorDomains = 0x53555044;

    public static readonly uint[] All = [Base, Time, Ipi, Rfence, Hsm, Reset, Pmu, Console, Suspend, Features, SupervisorDomains];
}
