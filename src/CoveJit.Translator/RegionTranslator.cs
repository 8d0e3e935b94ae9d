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
    // About 12 KiB of code and data each: far more than a guest's working set, yet bounded.
    private const int MaximumRegions = 8192;

    // Hotter blocks push out colder ones when the compiler cannot follow.
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

    /// <summary>Starts the tier. Only while no hart runs.</summary>
    /// <param name="code">The machine's decoded code.</param>
    /// <param name="harts">All harts that execute it.</param>
    /// <param name="background">Whether regions are compiled on a thread of their own; if not, a hart waits for the region it asks for, and runs repeat exactly.</param>
    /// <param name="observer">Hears of each region, or null.</param>
    /// <remarks>It is yet to be attached to the code cache, alone or behind another tier.</remarks>
    public RegionTranslator(CodeCache code, IReadOnlyList<Hart> harts, bool background = true, ITranslationObserver? observer = null)
    {
        _code = code;
        _harts = harts;
        _observer = observer;
        if (!background)
        {
            return;
        }

        _thread = new Thread(Work) { Name = "translator", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Regions compiled since the start.</summary>
    public int RegionsCompiled { get; private set; }

    /// <summary>Guest instructions in them.</summary>
    public long InstructionsCompiled { get; private set; }

    /// <summary>Processor time spent on compiling.</summary>
    public TimeSpan CompileTime { get; private set; }

    /// <inheritdoc/>
    void ITranslator.OnHot(Hart hart, ulong pc, Block* block)
    {
        if (RegionPlanner.Plan(hart, pc) is not RegionPlan plan)
        {
            return;
        }

        lock (_code.Sync)
        {
            if (_queue.Count >= MaximumQueue)
            {
                return;
            }

            _queue.Add(plan);
        }

        if (_thread is null)
        {
            CompileNext();
        }
        else
        {
            _work.Release();
        }
    }

    /// <inheritdoc/>
    void ITranslator.OnHotter(Hart hart, ulong pc, Block* block) => ((ITranslator)this).OnHot(hart, pc, block);

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
        while (true)
        {
            _work.Wait();
            if (_stopping)
            {
                return;
            }

            CompileNext();
        }
    }

    private void CompileNext()
    {
        if (TakeHottest() is RegionPlan plan)
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

        FreeRetired();
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

    // Whether the code is still what the plan was made from.
    private bool IsCurrent(RegionPlan plan) => plan.Pages.All(page => *(nint*)(_code.Tables + page.Index) == page.Table);

    private void Install(RegionPlan plan, DynamicMethod method, nint entry)
    {
        lock (_code.Sync)
        {
            if (!IsCurrent(plan))
            {
                return;
            }

            if (_installed >= MaximumRegions)
            {
                RetireAll();
            }

            Region region = new(plan, method);
            foreach (RegionPage page in plan.Pages)
            {
                if (!_byPage.TryGetValue(page.Index, out List<Region>? regions))
                {
                    _byPage.Add(page.Index, regions = []);
                }

                regions.Add(region);
            }

            _installed++;
            Volatile.Write(ref ((Block*)plan.Entry.Native)->Native, _code.NativeMiss); // native code comes back for the region
            Volatile.Write(ref ((Block*)plan.Entry.Native)->Entry, entry);
        }
    }

    // Keeps everybody from entering a region from now on.
    private void Retire(Region region)
    {
        Block* block = (Block*)region.Plan.Entry.Native;
        if (region.IsRetired)
        {
            return; // through another of its pages
        }

        region.IsRetired = true;
        Volatile.Write(ref block->Entry, 0);
        block->Heat = 0;
        _installed--;
        foreach (RegionPage page in region.Plan.Pages)
        {
            if (_byPage.TryGetValue(page.Index, out List<Region>? regions))
            {
                regions.Remove(region);
            }
        }

        Interlocked.MemoryBarrier(); // the cleared entry before the look at who is inside
        _retired.Add((region, [.. _harts.Select(hart => hart.IsExecuting ? hart.Passes : ulong.MaxValue)]));
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
                    if (_harts[i].IsExecuting && _harts[i].Passes == item.Passes[i])
                    {
                        return false;
                    }
                }

                return true;
            });
        }
    }
}
