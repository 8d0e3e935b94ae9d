using System.Reflection.Emit;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Translator.Inspection;
using CoveJit.Translator.Planning;
using CoveJit.Translator.Tier;

namespace CoveJit.Translator;

/// <summary>
/// The translating tier: hot blocks and their surroundings become regions, compiled on a thread of their own, hottest first, and installed as
/// entries of their first blocks.
/// </summary>
/// <remarks>
/// A region is entered through <see cref="Block.Entry"/> only, so clearing that word keeps everybody out. Its code is freed when every hart has
/// been outside translated code since. All that the harts and the compiling thread share is under <see cref="CodeCache.Sync"/>.
/// </remarks>
public sealed unsafe class RegionTranslator : ITranslator, IDisposable
{
    // More than the compiler can follow with for the moment.
    private const int MaximumQueue = 1024;

    private readonly CodeCache _code;
    private readonly IReadOnlyList<Hart> _harts;
    private readonly RegionCompiler _compiler = new();
    private readonly Dictionary<ulong, List<Region>> _byPage = [];
    private readonly List<RegionPlan> _queue = [];
    private readonly List<(Region Region, ulong[] Passes)> _retired = [];
    private readonly SemaphoreSlim _work = new(0);
    private readonly Thread? _thread;
    private readonly ITranslationObserver? _observer;
    private volatile bool _stopping;
    private int _installed;
    private int _resets;

    /// <summary>Starts the tier. Only while no hart runs.</summary>
    /// <param name="code">The machine's decoded code.</param>
    /// <param name="harts">All harts that execute it.</param>
    /// <param name="threshold">How often the interpreter comes to a block before it is translated; null if another tier is in front of this one.</param>
    /// <param name="synchronous">Whether a region is compiled on the thread of the hart that comes to it, at once: for tests, which then repeat.</param>
    /// <param name="observer">Hears of each region, or null.</param>
    public RegionTranslator(CodeCache code, IReadOnlyList<Hart> harts, uint? threshold = null, bool synchronous = false, ITranslationObserver? observer = null)
    {
        _code = code;
        _harts = harts;
        _observer = observer;
        if (threshold is uint own)
        {
            code.Attach(this, own);
        }

        if (!synchronous)
        {
            _thread = new Thread(Work) { Name = "translator", IsBackground = true };
            _thread.Start();
        }
    }

    /// <summary>Regions compiled since the start.</summary>
    public int RegionsCompiled { get; private set; }

    /// <summary>Regions let go because control never stayed long in them.</summary>
    public int RegionsDropped { get; private set; }

    /// <summary>Guest instructions in them.</summary>
    public long InstructionsCompiled { get; private set; }

    /// <summary>Processor time spent on compiling.</summary>
    public TimeSpan CompileTime { get; private set; }

    /// <summary>How many regions there may be. About 12 KiB of code and data each: far more than a guest's working set, yet bounded.</summary>
    internal int MaximumRegions { get; init; } = 8192;

    /// <summary>Number of regions that can be entered now.</summary>
    internal int RegionsInstalled
    {
        get
        {
            lock (_code.Sync)
            {
                return _installed;
            }
        }
    }

    /// <summary>The regions that can be entered now.</summary>
    internal IReadOnlyList<Region> Installed
    {
        get
        {
            lock (_code.Sync)
            {
                return [.. _byPage.Values.SelectMany(regions => regions).Distinct()];
            }
        }
    }

    /// <summary>Number of regions that cannot be entered any more, but that some hart may still be in.</summary>
    internal int RegionsRetired
    {
        get
        {
            lock (_code.Sync)
            {
                return _retired.Count;
            }
        }
    }

    /// <inheritdoc/>
    void ITranslator.OnHot(Hart hart, ulong pc, Block* block)
    {
        if (RegionPlanner.Plan(hart, pc, _resets, loopsOnly: _code.RegionThreshold != 0) is not RegionPlan plan)
        {
            return;
        }

        if (_thread is null)
        {
            lock (_compiler)
            {
                Translate(plan);
                FreeRetired();
            }

            return;
        }

        lock (_code.Sync)
        {
            if (_queue.Count >= MaximumQueue)
            {
                _code.Cool(block); // asks again later
                return;
            }

            _queue.Add(plan);
        }

        _work.Release();
    }

    /// <inheritdoc/>
    void ITranslator.OnHotter(Hart hart, ulong pc, Block* block) => ((ITranslator)this).OnHot(hart, pc, block);

    /// <inheritdoc/>
    void ITranslator.OnShortStays(Block* block)
    {
        lock (_code.Sync)
        {
            if (_byPage.Values.SelectMany(regions => regions).FirstOrDefault(region => region.Block == (nint)block) is Region region)
            {
                Retire(region);
                _code.Settle(block);
                RegionsDropped++;
            }

            block->Credit = 0;
        }
    }

    /// <inheritdoc/>
    void ITranslator.OnPageForgotten(ulong page)
    {
        if (_byPage.Remove(page, out List<Region>? regions))
        {
            foreach (Region region in regions)
            {
                Retire(region);
            }
        }
    }

    /// <inheritdoc/>
    void ITranslator.OnReset()
    {
        _resets++;
        _queue.Clear();
        RetireAll();
    }

    /// <summary>Stops the compiling thread. No hart may be executing.</summary>
    public void Dispose()
    {
        _stopping = true;
        _work.Release();
        _thread?.Join();
        _work.Dispose();
    }

    private void Work()
    {
        HostThread.BeNice(); // harts go first where processors are short
        while (true)
        {
            _work.Wait();
            if (_stopping)
            {
                return;
            }

            if (TakeHottest() is RegionPlan plan)
            {
                Translate(plan);
            }

            FreeRetired();
        }
    }

    private void Translate(RegionPlan plan)
    {
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        RegionInspection? inspection = _observer is null ? null : new RegionInspection(_observer, plan);
        DynamicMethod method = _compiler.Compile(plan, out nint entry, inspection);
        CompileTime += watch.Elapsed;
        RegionsCompiled++;
        InstructionsCompiled += plan.InstructionCount;
        inspection?.Report(entry);
        Install(plan, method, entry);
    }

    private RegionPlan? TakeHottest()
    {
        lock (_code.Sync)
        {
            int hottest = -1;
            long heat = 0;
            for (int i = 0; i < _queue.Count; i++)
            {
                long now = _code.HeatOf((Block*)_queue[i].Entry.Native);
                if (hottest < 0 || now > heat)
                {
                    hottest = i;
                    heat = now;
                }
            }

            if (hottest < 0)
            {
                return null;
            }

            RegionPlan plan = _queue[hottest];
            _queue[hottest] = _queue[^1];
            _queue.RemoveAt(_queue.Count - 1);
            return IsCurrent(plan) ? plan : null;
        }
    }

    // Whether the code is still what the plan was made from. After a reset tables and blocks lie where others lay before.
    private bool IsCurrent(RegionPlan plan) => plan.Resets == _resets && plan.Pages.All(page => *(nint*)(_code.Tables + page.Index) == page.Table);

    private bool HasRegion(RegionPlan plan) =>
        plan.Pages.Any(page => _byPage.TryGetValue(page.Index, out List<Region>? regions) && regions.Exists(region => region.Block == plan.Entry.Native));

    private void Install(RegionPlan plan, DynamicMethod method, nint entry)
    {
        lock (_code.Sync)
        {
            // Two harts may have found the block hot at the same moment.
            if (!IsCurrent(plan) || HasRegion(plan))
            {
                return;
            }

            if (_installed >= MaximumRegions)
            {
                RetireAll();
            }

            Region region = new(plan.Entry.Native, [.. plan.Pages.Select(page => page.Index)], method);
            foreach (ulong page in region.Pages)
            {
                if (!_byPage.TryGetValue(page, out List<Region>? regions))
                {
                    _byPage.Add(page, regions = []);
                }

                regions.Add(region);
            }

            _installed++;
            ((Block*)plan.Entry.Native)->Credit = Region.MaximumCredit;
            Volatile.Write(ref ((Block*)plan.Entry.Native)->Native, _code.NativeMiss); // native code comes back for the region
            Volatile.Write(ref ((Block*)plan.Entry.Native)->Entry, entry);
        }
    }

    // Keeps everybody from entering a region from now on.
    private void Retire(Region region)
    {
        Block* block = (Block*)region.Block;
        if (region.IsRetired)
        {
            return; // through another of its pages
        }

        region.IsRetired = true;
        Volatile.Write(ref block->Entry, 0);
        _code.Cool(block);
        _installed--;
        foreach (ulong page in region.Pages)
        {
            if (_byPage.TryGetValue(page, out List<Region>? regions))
            {
                regions.Remove(region);
            }
        }

        // A hart's count may become visible only after it has read the entry: the second pass from now is certainly behind any stay in the region.
        Interlocked.MemoryBarrier(); // the cleared entry before the look at who is inside
        _retired.Add((region, [.. _harts.Select(hart => hart.IsExecuting ? hart.Passes + 2 : 0)]));
    }

    private void RetireAll()
    {
        foreach (Region region in _byPage.Values.SelectMany(regions => regions).ToHashSet())
        {
            Retire(region);
        }

        _byPage.Clear();
    }

    private void FreeRetired()
    {
        lock (_code.Sync)
        {
            _retired.RemoveAll(item =>
            {
                for (int i = 0; i < _harts.Count; i++)
                {
                    if (_harts[i].IsExecuting && _harts[i].Passes < item.Passes[i])
                    {
                        return false;
                    }
                }

                return true;
            });
        }
    }
}
