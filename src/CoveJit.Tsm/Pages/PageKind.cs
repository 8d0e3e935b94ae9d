namespace CoveJit.Tsm.Pages;

/// <summary>What the TSM has to do with a page of RAM (CoVE, "TSM memory management": page types and states).</summary>
public enum PageKind : byte
{
    /// <summary>Nothing: the page is the host's, or firmware's. The root domain security manager knows which.</summary>
    NonConfidential,

    /// <summary>The host has given it away (<c>convert_pages</c>); no fence has begun since.</summary>
    Converting,

    /// <summary>A global fence that began after it was given away is not complete.</summary>
    Fencing,

    /// <summary>Confidential, and nobody's yet.</summary>
    Unassigned,

    /// <summary>The root of a TVM's G-stage page table.</summary>
    TvmRoot,

    /// <summary>A TVM's global state.</summary>
    TvmState,

    /// <summary>A vCPU's state.</summary>
    VcpuState,

    /// <summary>Given to a TVM for page tables, and not one yet.</summary>
    PageTablePool,

    /// <summary>A G-stage page table of a TVM below the root.</summary>
    PageTable,

    /// <summary>A TVM's memory.</summary>
    TvmData,

    /// <summary>The TSM's own: directory and queue of its IOMMU.</summary>
    DeviceDirectory,
}
