using CoveJit.Memory.Protection;

namespace CoveJit.Memory.Tests.Protection;

public sealed class MptCacheTests
{
    private const ulong Mmpt = (1UL << 60) | 5;

    [Fact]
    public void A_page_is_found_under_its_own_table_only_until_everything_is_forgotten()
    {
        MptCache cache = new();
        Assert.Equal(MptPermissions.None, cache.Find(Mmpt, 0x8000_0000));
        cache.Add(Mmpt, 0x8000_0123, MptPermissions.ReadWrite);
        Assert.Equal(MptPermissions.ReadWrite, cache.Find(Mmpt, 0x8000_0FFF));
        Assert.Equal(MptPermissions.None, cache.Find(Mmpt, 0x8000_1000));
        Assert.Equal(MptPermissions.None, cache.Find(Mmpt, 0x8000_0000 + (256 << 12))); // shares its place
        Assert.Equal(MptPermissions.None, cache.Find(Mmpt | (1UL << 52), 0x8000_0000));
        cache.Clear();
        Assert.Equal(MptPermissions.None, cache.Find(Mmpt, 0x8000_0000));
    }
}
