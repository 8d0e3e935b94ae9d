using CoveJit.Harts.State;
using CoveJit.Memory.Protection;

namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>A supervisor domain that the managed root domain security manager has made.</summary>
public sealed class SupervisorDomain
{
    private readonly SupervisorContext[] _contexts;

    internal SupervisorDomain(uint sdid, string name, MptTable table, int harts, bool isForHarts)
    {
        Sdid = sdid;
        Name = name;
        Table = table;
        Root = new MptRoot(MptMode.Smmpt43, sdid, table.Root >> 12);
        Mmpt = (isForHarts ? Root : new MptRoot(MptMode.Bare, sdid, 0)).ToMmpt();
        _contexts = [.. Enumerable.Range(0, harts).Select(_ => new SupervisorContext { Mmpt = Mmpt })];
    }

    /// <summary>Its identifier, 0 to 63.</summary>
    public uint Sdid { get; }

    /// <summary>A name for people.</summary>
    public string Name { get; }

    /// <summary>Its memory protection table.</summary>
    public MptRoot Root { get; }

    /// <summary>mmpt while a hart is in it: the table, or none where PMP guards memory.</summary>
    public ulong Mmpt { get; }

    internal MptTable Table { get; }

    /// <summary>What it has on a hart that is elsewhere: to be set up before the first entry. Of no meaning while the hart is in it.</summary>
    public SupervisorContext Context(int hart) => _contexts[hart];

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Sdid})";
}
