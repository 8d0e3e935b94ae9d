using System.Numerics;
using CoveJit.Harts;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor;

/// <summary>The harts that a (hart_mask, hart_mask_base) pair names (SBI 3.0, "Hart list parameter").</summary>
internal static class HartMask
{
    /// <summary>Most harts a machine may have, so that a set of them is one word.</summary>
    public const int MaximumHarts = 64;

    /// <summary>Selects the harts; false if the pair names a hart that does not exist.</summary>
    /// <remarks>The base itself need not exist unless bit 0 of the mask names it; an empty mask names no hart and is valid with any base.</remarks>
    public static bool TrySelect(IReadOnlyList<Hart> harts, ulong mask, ulong maskBase, out ulong selected)
    {
        ulong all = harts.Count >= MaximumHarts ? ulong.MaxValue : (1UL << harts.Count) - 1;
        selected = all;
        if (maskBase == ulong.MaxValue)
        {
            return true;
        }

        selected = 0;
        if (mask == 0)
        {
            return true;
        }

        if (maskBase >= (ulong)harts.Count)
        {
            return false;
        }

        selected = mask << (int)maskBase;
        return (selected & ~all) == 0 && (selected >> (int)maskBase) == mask;
    }

    /// <summary>Runs a request on each selected hart and waits until all have done it. The caller's own part runs at once.</summary>
    public static SbiResult? RunOn(SbiCall call, IReadOnlyList<Hart> harts, ulong selected, Action<Hart> request)
    {
        Span<ulong> tickets = stackalloc ulong[MaximumHarts];
        ulong others = selected & ~(1UL << call.Hart.Id);
        for (ulong rest = others; rest != 0; rest &= rest - 1)
        {
            int id = BitOperations.TrailingZeroCount(rest);
            tickets[id] = harts[id].Post(request);
        }

        if (others != selected)
        {
            request(call.Hart);
        }

        for (ulong rest = others; rest != 0; rest &= rest - 1)
        {
            int id = BitOperations.TrailingZeroCount(rest);
            call.Hart.Await(harts[id], tickets[id]);
        }

        return SbiResult.Success;
    }
}
