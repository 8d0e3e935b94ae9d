namespace CoveJit.Tsm.Running;

/// <summary>A load or store to MMIO, out of what htinst says of it (Privileged, "Transformed Instruction or Pseudoinstruction for mtinst or htinst").</summary>
/// <param name="IsStore">Whether it stores.</param>
/// <param name="Register">rd or rs2.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Signed">Of a load: whether the value is sign-extended.</param>
/// <param name="Length">Bytes of the instruction.</param>
internal readonly record struct MmioAccess(bool IsStore, int Register, int Size, bool Signed, int Length)
{
    /// <summary>The register that stands for the real one in what the host is told: a0.</summary>
    public const int HostRegister = 10;

    private const uint LoadOpcode = 0x03;
    private const uint StoreOpcode = 0x23;
    private const uint Uncompressed = 2;
    private const int Rd = 7;
    private const int Funct3 = 12;
    private const int AddressOffset = 15;
    private const int Rs2 = 20;
    private const uint RegisterMask = 31;

    /// <summary>What the host is told: the same access by a 32-bit instruction, to or from a0.</summary>
    public ulong HostInstruction
    {
        get
        {
            uint funct3 = ((uint)int.Log2(Size) | (!IsStore && !Signed ? 4u : 0)) << Funct3;
            return IsStore ? StoreOpcode | funct3 | (HostRegister << Rs2) : LoadOpcode | funct3 | (HostRegister << Rd);
        }
    }

    /// <summary>Takes htinst apart; false if it is no integer load or store, or one that is misaligned.</summary>
    public static bool TryParse(ulong htinst, ulong address, out MmioAccess access)
    {
        uint instruction = (uint)htinst;
        uint opcode = (instruction | Uncompressed) & 0x7F;
        uint funct3 = (instruction >> Funct3) & 7;
        bool store = opcode == StoreOpcode;
        access = new MmioAccess(
            store,
            (int)((instruction >> (store ? Rs2 : Rd)) & RegisterMask),
            1 << (int)(funct3 & 3),
            funct3 < 4,
            (instruction & Uncompressed) == 0 ? 2 : 4);
        bool known = store ? funct3 < 4 : opcode == LoadOpcode && funct3 != 7;
        return known && ((instruction >> AddressOffset) & RegisterMask) == 0 && (address & (ulong)(access.Size - 1)) == 0;
    }

    /// <summary>The low bytes of a register that the access stores.</summary>
    public ulong Truncate(ulong value) => Size == 8 ? value : value & ((1UL << (8 * Size)) - 1);
}
