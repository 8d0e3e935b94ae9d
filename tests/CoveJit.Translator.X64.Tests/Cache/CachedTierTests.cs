using CoveJit.Harts.Tests;
using CoveJit.Translator.Tests;
using CoveJit.Translator.Tests.Support;
using CoveJit.Translator.X64.Cache;

namespace CoveJit.Translator.X64.Tests.Cache;

/// <summary>Random programs, each run with the translations that all machines before have left behind.</summary>
public sealed class CachedRandomProgramTests(TemporaryCache cache) : RandomProgramTests, IClassFixture<TemporaryCache>
{
    private CacheDirectory _directory = cache.Directory;
    private NativeTranslator? _last;

    // The first machine may find little, the second must find what the first has left.
    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_second_machine_runs_what_the_first_one_has_translated(int seed)
    {
        A_random_program_runs_the_same_with_paging_on(seed);
        long made = _last!.BlocksTranslated + _last.Cache!.Hits;
        A_random_program_runs_the_same_with_paging_on(seed);
        Assert.InRange(_last.BlocksTranslated, 0, made / 4);
        Assert.InRange(_last.Cache!.Hits, made / 2, long.MaxValue);
        Assert.Equal(0, _last.Cache.NotStorable);
    }

    // Each machine's memory lies elsewhere: an address that got into the code would be another one.
    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_is_stored_says_nothing_about_where_it_was_made(int seed)
    {
        byte[][] files = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            using TemporaryCache own = new();
            _directory = own.Directory;
            A_random_program_runs_the_same(seed);
            return File.ReadAllBytes(own.File);
        })];
        Assert.Equal(files[0], files[1]);
    }

    private protected override TestTier Attach(TestMachine machine)
    {
        NativeTier tier = new(machine, cache: _directory);
        _last = tier.Translator;
        return tier;
    }
}

public sealed class CachedInvalidationTests(TemporaryCache cache) : InvalidationTests, IClassFixture<TemporaryCache>
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine, cache: cache.Directory);
}

public sealed class CachedConcurrencyTests(TemporaryCache cache) : ConcurrencyTests, IClassFixture<TemporaryCache>
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine, regionThreshold: 20, synchronous: false, cache: cache.Directory);
}

public sealed class CachedFloatTests(TemporaryCache cache) : FloatTests, IClassFixture<TemporaryCache>
{
    private protected override TestTier Attach(TestMachine machine) => new NativeTier(machine, cache: cache.Directory);
}
