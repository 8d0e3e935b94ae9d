namespace CoveJit.Tsm.Guests;

/// <summary>What the TSM does when a vCPU is run again after an exit.</summary>
/// <param name="Kind">What the exit was.</param>
/// <param name="Register">Of an MMIO load: the register that gets the value.</param>
/// <param name="Size">Of an MMIO load: bytes.</param>
/// <param name="Signed">Of an MMIO load: whether the value is sign-extended.</param>
/// <param name="Length">Bytes of the instruction, which is behind the vCPU then.</param>
internal readonly record struct PendingOperation(PendingKind Kind, int Register = 0, int Size = 0, bool Signed = false, int Length = 0);

/// <summary>Kinds of exits that leave something to do.</summary>
internal enum PendingKind
{
    /// <summary>Nothing is left to do: the instruction is executed (again).</summary>
    None,

    /// <summary>An ecall that the host answers: a0 and a1 come from it.</summary>
    Ecall,

    /// <summary>A load from MMIO: the value comes from the host.</summary>
    MmioLoad,

    /// <summary>The instruction is done, and nothing comes from the host.</summary>
    Skip,
}
