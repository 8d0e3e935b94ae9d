namespace CoveJit.Tsm;

/// <summary>How a TSM is deployed (CoVE, "Deployment models").</summary>
public enum TsmModel
{
    /// <summary>Model 1: the TSM in a supervisor domain of its own; the host converts pages while it runs, and makes TVMs step by step or in one.</summary>
    SupervisorDomain,

    /// <summary>Model 3: the TSM beside the TSM driver in M-mode, with one range of confidential memory that never changes; TVMs are made in one step.</summary>
    Static,
}
