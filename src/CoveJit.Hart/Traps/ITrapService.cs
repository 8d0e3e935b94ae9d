namespace CoveJit.Harts.Traps;

/// <summary>How a hart goes on after a managed service handled a trap.</summary>
public enum TrapAction
{
    /// <summary>Resume at the hart's pc, which the service may have changed.</summary>
    Resume,

    /// <summary>The service declines: the hart takes the trap architecturally at that privilege level.</summary>
    Vector,
}

/// <summary>
/// A managed service that owns a privilege level: the one gate between guest code and managed firmware. Called on the hart's thread with exact
/// architectural state; hart.Pc is the trapped instruction. It must not throw for anything a guest can cause.
/// </summary>
public interface ITrapService
{
    /// <summary>Handles a trap that the delegation rules send to the owned level.</summary>
    TrapAction Handle(Hart hart, in Trap trap);
}
