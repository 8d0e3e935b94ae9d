using System.Globalization;
using CoveJit.Harts;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.Interrupts;
using CoveJit.Harts.State;
using CoveJit.Isa;
using CoveJit.Memory.Physical;

namespace CoveJit.Machines.Inspection;

/// <summary>Compares the architectural state of two machines made alike. Equal states cost no allocation.</summary>
internal static unsafe class StateComparison
{
    private const int PageSize = 1 << GuestRam.PageShift;

    // Enough to see what it is about.
    private const int MostPages = 16;

    /// <summary>Adds the differences between two harts.</summary>
    public static void CompareHarts(Hart translated, Hart interpreted, List<StateDifference> differences)
    {
        HartState* t = translated.State;
        HartState* i = interpreted.State;
        Add("pc", t->Pc, i->Pc);
        Add("instructions retired", t->InstructionsRetired, i->InstructionsRetired);
        Add("privilege mode", (ulong)translated.Privilege, (ulong)interpreted.Privilege);
        Add("virtualization mode", translated.IsVirtual ? 1UL : 0, interpreted.IsVirtual ? 1UL : 0);
        for (int n = 1; n < 32; n++)
        {
            if (t->X[n] != i->X[n])
            {
                Add(Disassembler.IntegerRegister(n), t->X[n], i->X[n]);
            }
        }

        for (int n = 0; n < 32; n++)
        {
            if (t->F[n] != i->F[n])
            {
                Add(Disassembler.FloatRegister(n), t->F[n], i->F[n]);
            }
        }

        Add("waits for an interrupt", translated.IsWaiting ? 1UL : 0, interpreted.IsWaiting ? 1UL : 0);
        Add("is stopped", translated.Halted ? 1UL : 0, interpreted.Halted ? 1UL : 0);
        foreach (Csr csr in CsrTable.For(translated.Configuration).All)
        {
            Add(csr.Name, csr.Read(translated), csr.Read(interpreted));
        }

        CompareInterrupts(translated, interpreted, differences);
        void Add(string name, ulong a, ulong b)
        {
            if (a != b)
            {
                differences.Add(new StateDifference(name, a, b));
            }
        }
    }

    /// <summary>The physical addresses of pages of RAM that differ; the first few.</summary>
    public static List<ulong> ComparePages(GuestRam translated, GuestRam interpreted)
    {
        List<ulong> pages = [];
        for (ulong page = translated.Base; page - translated.Base < translated.Size && pages.Count < MostPages; page += PageSize)
        {
            if (!Page(translated, page).SequenceEqual(Page(interpreted, page)))
            {
                pages.Add(page);
            }
        }

        return pages;
    }

    /// <summary>Adds the first difference in each of some pages.</summary>
    public static void ComparePages(GuestRam translated, GuestRam interpreted, IEnumerable<ulong> pages, List<StateDifference> differences)
    {
        foreach (ulong page in pages)
        {
            int equal = Page(translated, page).CommonPrefixLength(Page(interpreted, page));
            if (equal < PageSize)
            {
                ulong word = page + (ulong)(equal & ~7);
                differences.Add(new StateDifference(
                    string.Create(CultureInfo.InvariantCulture, $"memory at 0x{word:x}"), *(ulong*)translated.HostAddress(word), *(ulong*)interpreted.HostAddress(word)));
            }
        }
    }

    // What CSRs show only where a select register points to it.
    private static void CompareInterrupts(Hart translated, Hart interpreted, List<StateDifference> differences)
    {
        ComparePriorities("machine-level", translated.MachinePriorities, interpreted.MachinePriorities, differences);
        ComparePriorities("supervisor-level", translated.SupervisorPriorities, interpreted.SupervisorPriorities, differences);
        if (translated.MachineFile is null)
        {
            return;
        }

        CompareFiles("the machine-level", translated.MachineFile, interpreted.MachineFile!, differences);
        CompareFiles("the supervisor-level", translated.SupervisorFile!, interpreted.SupervisorFile!, differences);
        for (int i = 0; i < translated.GuestFiles.Count; i++)
        {
            CompareFiles("a guest", translated.GuestFiles[i], interpreted.GuestFiles[i], differences);
        }
    }

    private static void ComparePriorities(string level, PriorityArray translated, PriorityArray interpreted, List<StateDifference> differences)
    {
        if (translated.HasStateOf(interpreted))
        {
            return;
        }

        for (int code = 0; code < 64; code++)
        {
            if (translated[code] != interpreted[code])
            {
                differences.Add(new StateDifference(
                    string.Create(CultureInfo.InvariantCulture, $"{level} priority of interrupt {code}"), translated[code], interpreted[code]));
            }
        }
    }

    private static void CompareFiles(string level, InterruptFile translated, InterruptFile interpreted, List<StateDifference> differences)
    {
        if (translated.HasStateOf(interpreted))
        {
            return;
        }

        for (uint select = InterruptFile.Delivery; select <= InterruptFile.LastRegister; select++)
        {
            if (InterruptFile.HasRegister(select) && translated.Read(select) != interpreted.Read(select))
            {
                differences.Add(new StateDifference(
                    string.Create(CultureInfo.InvariantCulture, $"register 0x{select:x} of {level} interrupt file"), translated.Read(select), interpreted.Read(select)));
            }
        }
    }

    private static ReadOnlySpan<byte> Page(GuestRam ram, ulong address) => new(ram.HostAddress(address), PageSize);
}
