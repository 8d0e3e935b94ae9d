using CoveJit.Memory.Translation;

namespace CoveJit.Devices.Iommu;

/// <summary>Causes of faults (RISC-V IOMMU 1.0, "Fault record CAUSE field encodings"), but for the page and access faults, whose numbers are those of the privileged architecture.</summary>
internal enum IommuCause : ushort
{
    None = 0,
    FetchAccessFault = 1,
    ReadAccessFault = 5,
    WriteAccessFault = 7,
    FetchPageFault = 12,
    ReadPageFault = 13,
    WritePageFault = 15,
    FetchGuestPageFault = 20,
    ReadGuestPageFault = 21,
    WriteGuestPageFault = 23,
    AllDisallowed = 256,
    DirectoryAccessFault = 257,
    DirectoryInvalid = 258,
    DirectoryMisconfigured = 259,
    TypeDisallowed = 260,
    MsiAccessFault = 261,
    MsiInvalid = 262,
    MsiMisconfigured = 263,
    ProcessAccessFault = 265,
    ProcessInvalid = 266,
    ProcessMisconfigured = 267,
    MessageWriteFault = 273,
}

/// <summary>What a request was (TTYP).</summary>
internal enum IommuTransaction : byte
{
    None = 0,
    UntranslatedFetch = 1,
    UntranslatedRead = 2,
    UntranslatedWrite = 3,
    TranslatedRead = 6,
    TranslatedWrite = 7,
    TranslationRequest = 8,
}

/// <summary>A request to be translated.</summary>
/// <param name="Device">Device identifier.</param>
/// <param name="Process">Process identifier (PASID), or null.</param>
/// <param name="Privileged">Whether it asks for supervisor privilege.</param>
/// <param name="Address">I/O virtual address.</param>
/// <param name="Access">What it does.</param>
/// <param name="Type">What kind of address it has.</param>
internal readonly record struct IommuRequest(
    uint Device, uint? Process, bool Privileged, ulong Address, AccessType Access, Pcie.PcieAddressType Type = Pcie.PcieAddressType.Untranslated)
{
    /// <summary>TTYP.</summary>
    public IommuTransaction Transaction => (Type, Access) switch
    {
        (Pcie.PcieAddressType.TranslationRequest, _) => IommuTransaction.TranslationRequest,
        (Pcie.PcieAddressType.Translated, AccessType.Write) => IommuTransaction.TranslatedWrite,
        (Pcie.PcieAddressType.Translated, _) => IommuTransaction.TranslatedRead,
        (_, AccessType.Write) => IommuTransaction.UntranslatedWrite,
        (_, AccessType.Execute) => IommuTransaction.UntranslatedFetch,
        _ => IommuTransaction.UntranslatedRead,
    };
}

/// <summary>How a translation ended.</summary>
/// <param name="Cause">Why it failed, or None.</param>
/// <param name="Address">The physical address.</param>
/// <param name="PageShift">log2 of the size of the range that is translated alike.</param>
/// <param name="Value2">iotval2: of a guest-page fault the guest physical address, and what accessed it.</param>
/// <param name="IsQuiet">Whether the device's faults are not to be reported (DTF).</param>
internal readonly record struct IommuTranslation(IommuCause Cause, ulong Address = 0, int PageShift = 12, ulong Value2 = 0, bool IsQuiet = false)
{
    public bool IsOk => Cause == IommuCause.None;
}
