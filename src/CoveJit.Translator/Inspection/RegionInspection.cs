using System.Reflection.Emit;
using CoveJit.Translator.Planning;

namespace CoveJit.Translator.Inspection;

/// <summary>What an observer wants to know of one region.</summary>
internal sealed class RegionInspection(ITranslationObserver observer, RegionPlan plan)
{
    private readonly Dictionary<int, nint> _counters = plan.Blocks.ToDictionary(block => block.Offset, _ => observer.NewCounter());
    private IlListing? _listing;

    /// <summary>The generator to emit with: one that writes down the IL if that is wanted.</summary>
    public ILGenerator Wrap(ILGenerator il) => observer.WantsIl ? _listing = new IlListing(il) : il;

    /// <summary>The counter of a block, or 0.</summary>
    public nint CounterOf(RegionBlock block) => _counters[block.Offset];

    /// <summary>Sets the guest instruction whose IL comes next; null for none in particular.</summary>
    public void At(int? offset)
    {
        if (_listing is not null)
        {
            _listing.Pc = offset is int known ? plan.HomePage + (ulong)known : null;
        }
    }

    /// <summary>Tells the observer of the finished region.</summary>
    public void Report(nint entry) => observer.OnTranslated(new Translation(
        true,
        [.. plan.Blocks.Select(block => new TranslatedBlock(plan.HomePage + (ulong)block.Offset, block.Instructions, CounterOf(block)))],
        entry,
        0,
        [],
        _listing?.Lines ?? []));
}
