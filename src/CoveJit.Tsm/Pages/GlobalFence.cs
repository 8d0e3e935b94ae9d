using CoveJit.Harts;

namespace CoveJit.Tsm.Pages;

/// <summary>
/// The fence over all harts that pages go through on their way from the host (CoVE, <c>sbi_covh_global_fence</c>, <c>sbi_covh_local_fence</c>). The
/// root domain security manager has taken the pages from the host's table, and every hart's translations, before the host starts it; what is left is
/// the protocol, which tells the host when the pages may be used. For the holder of the TSM's lock.
/// </summary>
internal sealed class GlobalFence(IReadOnlyList<Hart> harts)
{
    private List<(ulong Address, ulong Pages)> _converting = [];
    private List<(ulong Address, ulong Pages)> _fencing = [];
    private ulong _waitingFor;

    /// <summary>Whether a fence has begun and is not complete.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Notes pages that the next fence is for.</summary>
    public void Add(ulong address, ulong pages) => _converting.Add((address, pages));

    /// <summary>Begins a fence for what has been added: for the calling hart it is done at once, for a stopped one there is nothing to do.</summary>
    /// <returns>The pages that the fence is for.</returns>
    public IReadOnlyList<(ulong Address, ulong Pages)> Begin(Hart caller)
    {
        IsRunning = true;
        _waitingFor = 0;
        foreach (Hart hart in harts)
        {
            _waitingFor |= hart == caller || hart.Halted ? 0 : 1UL << hart.Id;
        }

        (_converting, _fencing) = ([], _converting);
        return _fencing;
    }

    /// <summary>Notes that a hart has forgotten its translations.</summary>
    public void Pass(Hart hart) => _waitingFor &= ~(1UL << hart.Id);

    /// <summary>Ends the fence if no hart is missing.</summary>
    /// <returns>The pages that may be used now.</returns>
    public IReadOnlyList<(ulong Address, ulong Pages)> TryEnd()
    {
        foreach (Hart hart in harts)
        {
            if (hart.Halted)
            {
                Pass(hart);
            }
        }

        if (!IsRunning || _waitingFor != 0)
        {
            return [];
        }

        IsRunning = false;
        IReadOnlyList<(ulong, ulong)> done = _fencing;
        _fencing = [];
        return done;
    }

    /// <summary>What waits for a fence or its end.</summary>
    public IEnumerable<(ulong Address, ulong Pages)> Pending => _converting.Concat(_fencing);
}
