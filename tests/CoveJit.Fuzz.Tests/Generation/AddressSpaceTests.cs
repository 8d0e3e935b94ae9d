using CoveJit.Fuzz.Generation;
using CoveJit.Fuzz.Harness;

namespace CoveJit.Fuzz.Tests.Generation;

/// <summary>What the random page tables may contain, so that no segment reaches the harness, or memory that the two machines do not share.</summary>
public sealed class AddressSpaceTests
{
    private const ulong Valid = 1, Permissions = 14, PpnMask = (1UL << 44) - 1;

    [Theory]
    [InlineData(MachineProfile.Plain)]
    [InlineData(MachineProfile.Extended)]
    public void Entries_lie_in_the_memory_of_the_space_and_pointers_lead_there(MachineProfile profile)
    {
        foreach ((AddressSpace space, ulong tables) in Spaces(profile))
        {
            // Levels of the tables known so far: a pointer is made before what it leads to.
            Dictionary<ulong, int> levels = new() { [tables] = ((space.VirtualBits - 12) / 9) - 1 };
            foreach ((ulong address, ulong entry) in space.Entries)
            {
                Assert.InRange(address, tables, tables + AddressSpace.TableBytes - 8);
                int level = levels[address & ~0xFFFUL];
                if (level > 0 && (entry & Permissions) == 0)
                {
                    ulong target = (entry >> 10 & PpnMask) << 12;
                    Assert.InRange(target, tables, tables + AddressSpace.TableBytes - 0x1000);
                    levels.Add(target, level - 1);
                }
            }
        }
    }

    [Theory]
    [InlineData(MachineProfile.Plain)]
    [InlineData(MachineProfile.Extended)]
    public void Addresses_translate_into_the_page_pool_and_the_hole_to_where_nothing_is(MachineProfile profile)
    {
        int translated = 0;
        foreach ((AddressSpace space, _) in Spaces(profile))
        {
            foreach (ulong target in space.Targets)
            {
                if (Translate(space, target) is { } physical)
                {
                    Assert.InRange(physical, MemoryLayout.PagePool, MemoryLayout.PagePool + (16 << 12) - 1);
                    translated++;
                }
            }

            Assert.True(Translate(space, space.Hole) is null or >= 1UL << 52);
            Assert.All(space.Targets.Append(space.Hole), a => Assert.True(a >> 35 != 0, $"{a:x} is a device's on some machine"));
        }

        Assert.NotEqual(0, translated);
    }

    [Fact]
    public void Reserved_bits_are_for_the_plain_machine_and_attributes_for_the_extended()
    {
        Assert.All(Spaces(MachineProfile.Plain), s => Assert.True(!s.Space.Pbmt && s.Space.Entries.All(e => e.Value >> 63 == 0)));
        foreach ((AddressSpace space, _) in Spaces(MachineProfile.Extended))
        {
            Assert.All(space.Entries, e => Assert.Equal(0UL, e.Value >> 54 & 0x7F));
            Assert.All(space.Entries, e => Assert.InRange(e.Value >> 61 & 3, 0UL, space.Pbmt ? 2UL : 0));
        }
    }

    private static IEnumerable<(AddressSpace Space, ulong Tables)> Spaces(MachineProfile profile)
    {
        Rng rng = new(20261124);
        for (int i = 0; i < 200; i++)
        {
            int index = i % 16;
            yield return (new AddressSpace(rng, index, user: i % 2 == 0, profile), MemoryLayout.PageTables + ((ulong)index * AddressSpace.TableBytes));
        }
    }

    // Where the entries lead, whether or not the access is permitted; null where the walk ends in a page fault.
    private static ulong? Translate(AddressSpace space, ulong va)
    {
        Dictionary<ulong, ulong> memory = space.Entries.ToDictionary();
        ulong table = (space.Satp & PpnMask) << 12;
        for (int shift = space.VirtualBits - 9; shift >= 12; shift -= 9)
        {
            ulong entry = memory.GetValueOrDefault(table + ((va >> shift & 511) * 8));
            ulong page = (entry >> 10 & PpnMask) << 12;
            if ((entry & Valid) == 0)
            {
                return null;
            }

            if ((entry & Permissions) != 0)
            {
                ulong offset = (1UL << (entry >> 63 != 0 ? 16 : shift)) - 1;
                return (page & offset & ~0x8000UL) != 0 ? null : (page & ~offset) | (va & offset);
            }

            table = page;
        }

        return null;
    }
}
