namespace CoveJit.Devices.DeviceTree;

/// <summary>An entry of the memory reservation block (Devicetree Specification 0.4, section 5.3): memory the guest must leave alone.</summary>
/// <param name="Address">First guest-physical address.</param>
/// <param name="Size">Length in bytes.</param>
public readonly record struct MemoryReservation(ulong Address, ulong Size);
