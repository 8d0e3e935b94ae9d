using CoveJit.Harts;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor;

/// <summary>The harts that a (hart_mask, hart_mask_base) pair names (SBI 3.0, "Hart list parameter").</summary>
internal static class HartMask
{
    /// <summary>Selects the harts; false if the pair names a hart that does not exist.</summary>
    public static bool TrySelect(IReadOnlyList<Hart> harts, ulong mask, ulong maskBase, out ulong selected)
    {
        ulong all = harts.Count >= 64 ? ulong.MaxValue : (1UL << harts.Count) - 1;
        selected = all;
        if (maskBase == ulong.MaxValue)
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
        Span<ulong> tickets = stackalloc ulong[64];
        for (int i = 0; i < harts.Count; i++)
        {
            if (((selected >> i) & 1) != 0 && harts[i] != call.Hart)
            {
                tickets[i] = harts[i].Post(request);
            }
        }

        if (((selected >> call.Hart.Id) & 1) != 0)
        {
            request(call.Hart);
        }

        for (int i = 0; i < harts.Count; i++)
        {
            if (((selected >> i) & 1) != 0 && harts[i] != call.Hart)
            {
                call.Hart.Await(harts[i], tickets[i]);
            }
        }

        return SbiResult.Success;
    }
}
