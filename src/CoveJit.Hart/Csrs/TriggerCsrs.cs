namespace CoveJit.Harts.Csrs;

/// <summary>The trigger module (Debug 1.0, "Sdtrig", section "Trigger Module Registers") of a hart that has no triggers.</summary>
/// <remarks>Software counts triggers by writing tselect until it does not read back, or tdata1.type reads 0 or tinfo reads 1; with these registers that enumeration ends at once, without a trap.</remarks>
internal static class TriggerCsrs
{
    // tinfo.info bit 0: "the currently selected trigger doesn't exist".
    private const ulong NoTrigger = 1;

    public static IEnumerable<Csr> Declare()
    {
        yield return new(0x7A0, "tselect", _ => 0);
        yield return new(0x7A1, "tdata1", _ => 0); // type 0: no trigger at this tselect.
        yield return new(0x7A2, "tdata2", _ => 0);
        yield return new(0x7A3, "tdata3", _ => 0);
        yield return new(0x7A4, "tinfo", _ => NoTrigger);
    }
}
