using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Tests.Translation;

/// <summary>The second level of the TLB, through the TLB: what it keeps, and that every fence reaches it.</summary>
public sealed unsafe class WalkCacheTests
{
    private const ulong Host = 0x7000_0000_0000;
    private const ulong FirstLevel = TlbBank.Entries * 0x1000UL;

    private static TlbContext Space(uint asid) => new((8UL << 60) | ((ulong)asid << 44) | 1, 0, 1);

    [Fact]
    public void A_page_is_recalled_for_the_accesses_that_were_permitted_and_no_other()
    {
        using Tlb tlb = new();
        TlbBank* bank = tlb.Select(Space(1));
        tlb.Remember(bank, 0x1234_5678, AccessType.Read, (byte*)Host, 12);
        Assert.True(tlb.TryRecall(bank, 0x1234_5FFF, AccessType.Read, out byte* host));
        Assert.Equal(Host, (ulong)host);
        Assert.False(tlb.TryRecall(bank, 0x1234_5678, AccessType.Write, out _));
        Assert.False(tlb.TryRecall(bank, 0x1234_5678, AccessType.Execute, out _));
        Assert.False(tlb.TryRecall(bank, 0x1234_6000, AccessType.Read, out _));
        Assert.False(tlb.TryRecall(bank, 0x1234_5678 + (1UL << 40), AccessType.Read, out _));
        Assert.False(tlb.TryRecall(tlb.Select(Space(2)), 0x1234_5678, AccessType.Read, out _));
        tlb.Remember(bank, 0x1234_5000, AccessType.Write, (byte*)Host, 12);
        Assert.True(tlb.TryRecall(bank, 0x1234_5678, AccessType.Read, out _));
        Assert.True(tlb.TryRecall(bank, 0x1234_5678, AccessType.Write, out _));
    }

    [Fact]
    public void A_page_that_has_moved_keeps_no_permission_of_the_old_one()
    {
        using Tlb tlb = new();
        TlbBank* bank = tlb.Select(Space(1));
        tlb.Remember(bank, 0x5000, AccessType.Write, (byte*)Host, 12);
        tlb.Remember(bank, 0x5000, AccessType.Read, (byte*)Host + 0x1000, 12);
        Assert.False(tlb.TryRecall(bank, 0x5000, AccessType.Write, out _));
        Assert.True(tlb.TryRecall(bank, 0x5000, AccessType.Read, out byte* host));
        Assert.Equal(Host + 0x1000, (ulong)host);
    }

    [Fact]
    public void It_reaches_farther_than_the_first_level()
    {
        using Tlb tlb = new();
        TlbBank* bank = tlb.Select(Space(1));
        for (ulong n = 0; n < 16; n++)
        {
            tlb.Remember(bank, n * FirstLevel, AccessType.Read, (byte*)Host + (n * 0x1000), 12);
        }

        for (ulong n = 0; n < 16; n++)
        {
            Assert.True(tlb.TryRecall(bank, n * FirstLevel, AccessType.Read, out byte* host));
            Assert.Equal(Host + (n * 0x1000), (ulong)host);
        }
    }

    [Fact]
    public void Fences_reach_pages_that_the_first_level_has_lost()
    {
        using Tlb tlb = new();
        TlbBank* bank = tlb.Select(Space(1));
        tlb.Remember(bank, 0x5000, AccessType.Read, (byte*)Host, 12);
        tlb.Remember(bank, 0x6000, AccessType.Read, (byte*)Host, 12);
        tlb.Flush(TlbFence.Supervisor(0x5000, 1));
        Assert.False(tlb.TryRecall(bank, 0x5000, AccessType.Read, out _));
        Assert.True(tlb.TryRecall(bank, 0x6000, AccessType.Read, out _));
        tlb.Flush(TlbFence.Supervisor(null, 1));
        Assert.False(tlb.TryRecall(bank, 0x6000, AccessType.Read, out _));

        // Any address of a large page.
        tlb.Remember(bank, 0x20_5000, AccessType.Read, (byte*)Host, 21);
        tlb.Flush(TlbFence.Supervisor(0x3F_0000, 1));
        Assert.False(tlb.TryRecall(bank, 0x20_5000, AccessType.Read, out _));
        tlb.Remember(bank, 0x7000, AccessType.Read, (byte*)Host, 12);
        tlb.FlushAll();
        Assert.False(tlb.TryRecall(bank, 0x7000, AccessType.Read, out _));
    }

    [Fact]
    public void However_often_a_bank_is_cleared_nothing_old_comes_back()
    {
        using Tlb tlb = new();
        TlbBank* bank = tlb.Select(Space(1));
        for (ulong n = 0; n < 10_000; n++)
        {
            ulong page = (n % 5000) << 12;
            tlb.Remember(bank, page, AccessType.Read, (byte*)Host, 12);
            tlb.FlushAll();
            Assert.False(tlb.TryRecall(bank, page, AccessType.Read, out _));
            tlb.Remember(bank, 5000UL << 12, AccessType.Read, (byte*)Host, 12); // the clearing that follows is not idle
        }

        for (ulong n = 0; n < 5000; n++)
        {
            Assert.False(tlb.TryRecall(bank, n << 12, AccessType.Read, out _));
        }
    }

    [Fact]
    public void A_recycled_bank_knows_nothing()
    {
        using Tlb tlb = new();
        for (uint asid = 0; asid < 40; asid++)
        {
            TlbBank* bank = tlb.Select(Space(asid));
            Assert.False(tlb.TryRecall(bank, 0x5000, AccessType.Read, out _));
            tlb.Remember(bank, 0x5000, AccessType.Read, (byte*)Host, 12);
        }
    }
}
