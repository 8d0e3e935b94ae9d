using CoveJit.Memory.Protection;
using CoveJit.Memory.Tests.Translation;

namespace CoveJit.Memory.Tests.Protection;

/// <summary>The tables of the drafts of 2024 (Smmtt46, Smmtt56), through the same door.</summary>
public sealed class MttWalkerTests
{
    private const ulong Root = 0x100_0000;
    private const ulong L1Page = 0x555;
    private const ulong Address = 0x0000_2A5A_A5A5_7123; // 46 bits

    private readonly SparseTables _tables = new();

    private static ulong L2At(ulong table) => table + (((Address >> 25) & 0x1F_FFFF) * 8);

    [Theory]
    [InlineData(0UL, MptPermissions.None)]
    [InlineData(1UL, MptPermissions.Read | MptPermissions.Execute)]
    [InlineData(2UL, MptPermissions.ReadWrite)]
    [InlineData(3UL, MptPermissions.All)]
    public void An_L2_entry_allows_or_refuses_1_GiB(ulong type, MptPermissions expected)
    {
        _tables.Entries[L2At(Root)] = type << 44;
        Assert.True(Walk(MptMode.Smmtt46, out MptWalkResult result));
        Assert.Equal((expected, 30, 1), (result.Permissions, result.PageShift, result.EntriesRead));
    }

    [Theory]
    [InlineData(0UL, MptPermissions.None)]
    [InlineData(1UL, MptPermissions.Read | MptPermissions.Execute)]
    [InlineData(2UL, MptPermissions.ReadWrite)]
    [InlineData(3UL, MptPermissions.All)]
    public void Pages_of_2_MiB_and_4_KiB_have_two_bits_each(ulong permission, MptPermissions expected)
    {
        _tables.Entries[L2At(Root)] = (6UL << 44) | (permission << (int)(2 * ((Address >> 21) & 15)));
        Assert.True(Walk(MptMode.Smmtt46, out MptWalkResult result));
        Assert.Equal((expected, 21), (result.Permissions, result.PageShift));

        _tables.Entries[L2At(Root)] = (4UL << 44) | L1Page;
        _tables.Entries[(L1Page << 12) + (((Address >> 16) & 511) * 8)] = permission << (int)(4 * ((Address >> 12) & 15));
        Assert.True(Walk(MptMode.Smmtt46, out result));
        Assert.Equal((expected, 12, 2), (result.Permissions, result.PageShift, result.EntriesRead));
    }

    [Fact]
    public void An_L3_entry_points_to_an_L2_table()
    {
        const ulong L2Page = 0x2_0000;
        ulong address = Address | (0x2AAUL << 46);
        _tables.Entries[Root + (0x2AA * 8)] = L2Page;
        _tables.Entries[L2At(L2Page << 12)] = 3UL << 44;
        Assert.True(Walk(MptMode.Smmtt56, out MptWalkResult result, address));
        Assert.Equal((MptPermissions.All, 2), (result.Permissions, result.EntriesRead));
        _tables.Entries[Root + (0x2AA * 8)] = L2Page | (1UL << 44);
        Assert.False(Walk(MptMode.Smmtt56, out _, address));
    }

    [Fact]
    public void Reserved_types_bits_and_addresses_too_wide_fault()
    {
        foreach (ulong entry in new[] { 5UL << 44, 7UL << 44, (3UL << 44) | (1UL << 47), (3UL << 44) | (1UL << 63), (6UL << 44) | (1UL << 32) })
        {
            _tables.Entries[L2At(Root)] = entry;
            Assert.False(Walk(MptMode.Smmtt46, out _), $"{entry:x}");
        }

        _tables.Entries[L2At(Root)] = (4UL << 44) | L1Page;
        _tables.Entries[(L1Page << 12) + (((Address >> 16) & 511) * 8)] = 4UL << (int)(4 * ((Address >> 12) & 15));
        Assert.False(Walk(MptMode.Smmtt46, out _));
        _tables.Entries[L2At(Root)] = 3UL << 44;
        Assert.True(Walk(MptMode.Smmtt46, out _));
        Assert.False(Walk(MptMode.Smmtt46, out _, Address | (1UL << 46)));
        Assert.False(Walk(MptMode.Smmtt56, out _, Address | (1UL << 56)));
    }

    [Fact]
    public void mttp_has_its_fields_elsewhere_and_keeps_a_mode_it_does_not_know()
    {
        MptRoot root = default(MptRoot).WriteMttp((1UL << 60) | (63UL << 54) | 0x12345);
        Assert.Equal(new MptRoot(MptMode.Smmtt46, 63, 0x12345), root);
        root = root.WriteMttp(0xF000_0000_0000_0001);
        Assert.Equal(new MptRoot(MptMode.Smmtt46, 0, 1), root);
        Assert.Equal((1UL << 60) | 1, root.ToMttp());
        Assert.Equal((2UL << 60) | 1, root.WriteMttp((2UL << 60) | 1).ToMttp());
        Assert.Equal(0UL, root.WriteMttp(1).ToMttp());
    }

    private bool Walk(MptMode mode, out MptWalkResult result, ulong address = Address)
    {
        SparseMemory memory = new(_tables);
        return MptWalker.Walk(ref memory, new MptRoot(mode, 0, Root >> 12), address, out result);
    }
}
