namespace CoveJit.Harts.Csrs;

/// <summary>One control and status register: its number, its name as the specification spells it, and what reading and writing it mean.</summary>
/// <remarks>
/// Privilege and read-only rules follow from the number, and so does what VS-mode gets instead (<see cref="CsrTable.Replica"/>); only further
/// conditions are declared.
/// </remarks>
/// <param name="number">CSR number.</param>
/// <param name="name">Name.</param>
/// <param name="read">Value as software reads it.</param>
/// <param name="write">Write with WARL rules applied; null for a register that ignores writes, or whose <paramref name="update"/> does it.</param>
/// <param name="permits">
/// Further condition for any access (state enables, counter enables, TVM, FS); null if there is none. Where it fails the instruction is illegal, with
/// V = 1 as well: then it says whether the access is HS-qualified.
/// </param>
/// <param name="permitsVirtual">
/// Condition for accesses with V = 1 beyond <paramref name="permits"/> (hcounteren, henvcfg, hstateen, VTVM, VTI); null if there is none. It is told
/// whether the access writes. Where it fails a virtual-instruction exception is raised.
/// </param>
/// <param name="update">
/// Sets and clears bits and returns the value from before, where reading and writing the whole would not do: other threads change the register
/// meanwhile, what is written is not what was read (mip.SEIP), or the write acts on what was read (stopei). The parameters are the bits to set and to clear.
/// </param>
public sealed class Csr(
    uint number,
    string name,
    Func<Hart, ulong> read,
    Action<Hart, ulong>? write = null,
    Func<Hart, bool>? permits = null,
    Func<Hart, bool, bool>? permitsVirtual = null,
    Func<Hart, ulong, ulong, ulong>? update = null)
{
    /// <summary>CSR number.</summary>
    public uint Number { get; } = number;

    /// <summary>Name as the specification spells it.</summary>
    public string Name { get; } = name;

    /// <summary>Reads the register. Privilege has been checked.</summary>
    public ulong Read(Hart hart) => read(hart);

    /// <summary>Writes the register. Privilege has been checked.</summary>
    public void Write(Hart hart, ulong value)
    {
        if (update is null)
        {
            write?.Invoke(hart, value);
        }
        else
        {
            update(hart, value, ~value);
        }
    }

    /// <summary>Reads the register, sets and clears bits of it, and returns what was read. Privilege has been checked.</summary>
    public ulong Update(Hart hart, ulong set, ulong clear)
    {
        if (update is not null)
        {
            return update(hart, set, clear);
        }

        ulong old = read(hart);
        write?.Invoke(hart, (old | set) & ~clear);
        return old;
    }

    /// <summary>Whether the conditions beyond privilege hold.</summary>
    public bool Permits(Hart hart) => permits is null || permits(hart);

    /// <summary>Whether the conditions beyond those hold under which a guest may access the register.</summary>
    public bool PermitsVirtual(Hart hart, bool writes) => permitsVirtual is null || permitsVirtual(hart, writes);
}
