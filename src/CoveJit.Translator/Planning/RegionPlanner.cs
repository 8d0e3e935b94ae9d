using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Isa;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Emission;

namespace CoveJit.Translator.Planning;

/// <summary>
/// Finds the blocks that belong together with a hot one: everything control flows to from it that is warm itself, hottest first, through direct
/// calls into the called functions and across pages where the hart's TLB knows the mapping. Runs on the hart's thread.
/// </summary>
internal sealed unsafe class RegionPlanner
{
    /// <summary>Guest instructions at most in a region. RyuJIT gives up optimising somewhere above 1500.</summary>
    public const int MaximumInstructions = 400;

    // A block must have been met at least 1/16 as often as the entry to be worth compiling.
    private const int ColdShift = 4;

    // What coming and going costs, in instructions that the region executes faster than native code: an eighth of a nanosecond each, or a whole one.
    private const int BreakEven = 256;
    private const int FloatBreakEven = 64;

    // What 32-bit offsets in the emitted code reach with ease; calls that go farther leave the region.
    private const long Reach = 1L << 28;

    private readonly Hart _hart;
    private readonly CodeCache _code;
    private readonly List<RegionPage> _pages = [];
    private readonly Dictionary<int, RegionBlock> _blocks = [];
    private readonly ulong _base;
    private readonly int _resets;

    private RegionPlanner(Hart hart, ulong pc, int resets)
    {
        _resets = resets;
        _hart = hart;
        _code = hart.Code;
        _base = pc & ~0xFFFUL;
    }

    /// <summary>Plans the region that starts at a block; null if there is nothing worth translating.</summary>
    /// <param name="hart">The hart that came to it.</param>
    /// <param name="pc">Virtual address of the block.</param>
    /// <param name="resets">How often the code cache has been emptied.</param>
    /// <param name="loopsOnly">Whether only regions count that control stays in: behind native code, coming and going would cost more than they give.</param>
    public static RegionPlan? Plan(Hart hart, ulong pc, int resets, bool loopsOnly)
    {
        RegionPlanner planner = new(hart, pc, resets);
        int entry = (int)(pc & 0xFFF);
        planner.Discover(entry);
        return planner._blocks.TryGetValue(entry, out RegionBlock? first) && first.Instructions.Length > 0 ? planner.Arrange(first, loopsOnly) : null;
    }

    private void Discover(int entry)
    {
        PriorityQueue<int, long> frontier = new();
        frontier.Enqueue(entry, long.MinValue);
        HashSet<int> queued = [entry];
        int instructions = 0;
        long least = 1;
        while (frontier.TryDequeue(out int offset, out _) && instructions < MaximumInstructions)
        {
            if (Snapshot(offset) is not RegionBlock block || block.Heat < least)
            {
                continue;
            }

            if (offset == entry)
            {
                least = Math.Max(1, block.Heat >> ColdShift);
            }

            _blocks[offset] = block;
            instructions += block.Instructions.Length;
            foreach (int successor in block.EndsWithCall ? [block.Target, block.End] : block.Successors())
            {
                if (queued.Add(successor) && Find(successor) is var found && found != null)
                {
                    frontier.Enqueue(successor, -_code.HeatOf(found));
                }
            }
        }
    }

    // Orders the blocks so that the hottest successor follows where it can, and drops what control cannot reach inside the region.
    private RegionPlan? Arrange(RegionBlock entry, bool loopsOnly)
    {
        List<RegionBlock> order = [];
        Dictionary<int, int> position = [];
        Stack<int> pending = new([entry.Offset]);
        while (pending.TryPop(out int offset))
        {
            if (!_blocks.TryGetValue(offset, out RegionBlock? block) || !position.TryAdd(offset, order.Count))
            {
                continue;
            }

            order.Add(block);
            if (block.EndsWithCall && _blocks.ContainsKey(block.Target) && _blocks.TryGetValue(block.End, out RegionBlock? after))
            {
                after.FollowsCall = true;
                pending.Push(block.End);
            }

            foreach (int successor in block.Successors().Where(_blocks.ContainsKey).OrderBy(next => _blocks[next].Heat))
            {
                pending.Push(successor);
            }
        }

        Dictionary<int, nint> links = [];
        for (int i = 0; i < order.Count; i++)
        {
            foreach (int successor in order[i].Successors())
            {
                if (!position.ContainsKey(successor) && Find(successor) is var outside && outside != null)
                {
                    links[successor] = (nint)outside;
                }
                else if (position.TryGetValue(successor, out int at) && at <= i)
                {
                    order[at].IsLoopHead = true;
                }
            }

            if (order[i].EndsIndirectly)
            {
                foreach (RegionBlock after in order.Take(i + 1).Where(block => block.FollowsCall))
                {
                    after.IsLoopHead = true;
                }
            }
        }

        if (loopsOnly && !Stays(order, position))
        {
            return null;
        }

        HashSet<int> inhabited = [.. order.Select(block => block.Offset & ~0xFFF)];
        return new RegionPlan
        {
            Blocks = order,
            Pages = [.. _pages.Where(page => inhabited.Contains(page.Offset))],
            ByOffset = order.ToDictionary(block => block.Offset),
            Links = links,
            Resets = _resets,
            BreakEven = !loopsOnly ? 0 : order.Exists(block => block.ComputesFloat) ? FloatBreakEven : BreakEven,
            HomePage = _base,
        };
    }

    // Whether there is a loop, and none of the blocks that are about as hot as the entry leads out of the region each time.
    private static bool Stays(List<RegionBlock> order, Dictionary<int, int> position)
    {
        bool returns = order.Exists(block => block.FollowsCall);
        return order.Exists(block => block.IsLoopHead) && order.TrueForAll(block =>
            block.Heat < order[0].Heat - (order[0].Heat / 4)
            || (!block.Truncated && (block.EndsIndirectly
                ? returns && block.Terminator.Rd == Harts.State.HartState.Sink
                : block.Successors().Any(position.ContainsKey))));
    }

    private RegionBlock? Snapshot(int offset)
    {
        Block* native = Find(offset);
        if (native == null)
        {
            return null;
        }

        DecodedInstruction* source = Block.Instructions(native);
        List<DecodedInstruction> instructions = new(native->Count);
        List<int> offsets = [offset];
        bool truncated = false;
        for (int i = 0; i < native->Count; i++)
        {
            if (!IsTranslatable(source[i]))
            {
                truncated = true;
                break;
            }

            instructions.Add(source[i]);
            offsets.Add(offsets[^1] + source[i].Length);
        }

        return new RegionBlock
        {
            Offset = offset,
            Native = (nint)native,
            Heat = _code.HeatOf(native),
            Instructions = [.. instructions],
            Offsets = [.. offsets],
            Truncated = truncated,
        };
    }

    // System instructions act on the hart: only the interpreter executes them, but for those that do nothing to it. Operations that may raise
    // floating-point exceptions are translated where the host's unit does just the same.
    private static bool IsTranslatable(in DecodedInstruction instruction) => OpInfo.Kind(instruction.Op) switch
    {
        OpKind.Illegal => false,
        OpKind.System => instruction.Op is Op.Fence or Op.FenceTso or Op.PrefetchI or Op.PrefetchR or Op.PrefetchW,
        OpKind.Alu when OpInfo.RaisesFloatFlags(instruction.Op) => FloatOperation.Of(instruction) is not null,
        _ => true,
    };

    // The decoded block at an offset, if its page is in the TLB and the block has been built.
    private Block* Find(int offset)
    {
        if (Math.Abs((long)offset) > Reach || PageAt(offset & ~0xFFF) is not RegionPage page)
        {
            return null;
        }

        uint reference = Volatile.Read(ref ((uint*)page.Table)[(offset & 0xFFF) >> 1]);
        return reference == 0 ? null : _code.BlockAt(reference);
    }

    private RegionPage? PageAt(int pageOffset)
    {
        if (_pages.Find(known => known.Offset == pageOffset) is RegionPage found)
        {
            return found;
        }

        ulong address = _base + (ulong)(long)pageOffset;
        if (!TlbBank.TryHit(_hart.State->FetchBank, address, AccessType.Execute, out byte* host))
        {
            return null;
        }

        ulong index = (ulong)(host - _hart.State->Ram) >> GuestRam.PageShift;
        nint table = Volatile.Read(ref *(nint*)(_code.Tables + index));
        if (table == 0)
        {
            return null;
        }

        RegionPage page = new(pageOffset, index, table);
        _pages.Add(page);
        return page;
    }
}
