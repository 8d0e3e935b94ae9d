namespace CoveJit.Memory.Translation;

/// <summary>How a translation ended. The hart maps it, with the access type, to an exception cause.</summary>
public enum WalkStatus
{
    /// <summary>Translated.</summary>
    Ok,

    /// <summary>Page fault of the stage that was walked.</summary>
    PageFault,

    /// <summary>Access fault: a page-table entry, or the target, may not be accessed (PMP, MPT, no memory there).</summary>
    AccessFault,

    /// <summary>Guest-page fault: the second stage refused the access or an implicit access of the first stage.</summary>
    GuestPageFault,
}
