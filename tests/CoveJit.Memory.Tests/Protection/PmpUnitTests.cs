using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Tests.Protection;

public sealed class PmpUnitTests
{
    private const byte R = 1;
    private const byte W = 2;
    private const byte X = 4;
    private const byte Tor = 1 << 3;
    private const byte Na4 = 2 << 3;
    private const byte Napot = 3 << 3;
    private const byte L = 0x80;
    private const ulong Mml = 1;
    private const ulong Mmwp = 2;
    private const ulong Rlb = 4;

    private static readonly AccessType[] Accesses = [AccessType.Read, AccessType.Write, AccessType.Execute];

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(32)]
    [InlineData(-16)]
    public void Only_0_16_or_64_entries_exist(int entries) => Assert.Throws<ArgumentOutOfRangeException>(() => new PmpUnit(entries));

    [Fact]
    public void Without_entries_everything_is_allowed()
    {
        PmpUnit pmp = new(0);
        pmp.WriteAddress(0, 5);
        pmp.WriteConfiguration(0, 0x1F);
        Assert.Equal(0UL, pmp.ReadAddress(0));
        Assert.Equal(0UL, pmp.ReadConfiguration(0));
        Assert.True(pmp.Check(0x8000_0000, 8, AccessType.Write, PrivilegeMode.User));
        Assert.Equal(PmpVerdict.Allow, pmp.CheckPage(0x8000_0000, AccessType.Execute, PrivilegeMode.Supervisor));
    }

    [Fact]
    public void With_all_entries_off_only_machine_mode_has_access()
    {
        PmpUnit pmp = new(16);
        foreach (AccessType access in Accesses)
        {
            Assert.True(pmp.Check(0, 8, access, PrivilegeMode.Machine));
            Assert.False(pmp.Check(0, 8, access, PrivilegeMode.Supervisor));
            Assert.False(pmp.Check(0, 8, access, PrivilegeMode.User));
        }
    }

    // First and last byte matched; null for an entry that matches nothing.
    [Theory]
    [InlineData(0, 0UL, 0x1000UL, null, null)]
    [InlineData(Tor, 0x1000UL, 0x1400UL, 0x4000UL, 0x4FFFUL)]
    [InlineData(Tor, 0x1000UL, 0x1001UL, 0x4000UL, 0x4003UL)]
    [InlineData(Tor, 0x1000UL, 0x1000UL, null, null)]
    [InlineData(Tor, 0x1000UL, 0x0FFFUL, null, null)]
    [InlineData(Na4, 0x7777UL, 0x1000UL, 0x4000UL, 0x4003UL)]
    [InlineData(Na4, 0UL, 0UL, 0UL, 3UL)]
    [InlineData(Napot, 0UL, 0x1000UL, 0x4000UL, 0x4007UL)]
    [InlineData(Napot, 0UL, 0x1001UL, 0x4000UL, 0x400FUL)]
    [InlineData(Napot, 0UL, 0x13FFUL, 0x4000UL, 0x5FFFUL)]
    [InlineData(Napot, 0UL, 0x2FFF_FFFFUL, 0x8000_0000UL, 0xFFFF_FFFFUL)]
    public void Address_matching(int mode, ulong previous, ulong address, ulong? first, ulong? last)
    {
        PmpUnit pmp = new(16);
        pmp.WriteAddress(0, previous);
        pmp.WriteAddress(1, address);
        pmp.WriteConfiguration(0, (ulong)(byte)(mode | R) << 8);
        if (first is not ulong low || last is not ulong high)
        {
            Assert.False(Reads(pmp, address << 2, 4));
            Assert.False(Reads(pmp, previous << 2, 4));
            return;
        }

        Assert.True(Reads(pmp, low, 1));
        Assert.True(Reads(pmp, high, 1));
        Assert.True(Reads(pmp, high - 3, 4));
        Assert.False(Reads(pmp, high + 1, 1));
        Assert.False(Reads(pmp, high - 3, 8)); // a part outside
        if (low != 0)
        {
            Assert.False(Reads(pmp, low - 1, 1));
            Assert.False(Reads(pmp, low - 4, 8));
        }
    }

    [Fact]
    public void NAPOT_of_all_ones_covers_the_whole_physical_space()
    {
        PmpUnit pmp = new(16);
        pmp.WriteAddress(0, ulong.MaxValue);
        Assert.Equal((1UL << 54) - 1, pmp.ReadAddress(0));
        pmp.WriteConfiguration(0, Napot | R);
        Assert.True(Reads(pmp, 0, 8));
        Assert.True(Reads(pmp, (1UL << 56) - 8, 8));
    }

    [Fact]
    public void TOR_of_entry_0_starts_at_address_0()
    {
        PmpUnit pmp = new(16);
        pmp.WriteAddress(0, 0x1000);
        pmp.WriteConfiguration(0, Tor | R);
        Assert.True(Reads(pmp, 0, 8));
        Assert.True(Reads(pmp, 0x3FF8, 8));
        Assert.False(Reads(pmp, 0x4000, 1));
    }

    [Fact]
    public void The_lowest_matching_entry_decides_even_if_it_matches_partly()
    {
        PmpUnit pmp = new(16);
        pmp.WriteAddress(0, 0x1000); // NA4 at 0x4000: no rights
        pmp.WriteAddress(1, 0x17FF); // NAPOT 0x4000 to 0x7FFF: read
        pmp.WriteConfiguration(0, Na4 | ((ulong)(Napot | R) << 8));
        Assert.False(Reads(pmp, 0x4000, 4));
        Assert.True(Reads(pmp, 0x4004, 4));
        Assert.False(Reads(pmp, 0x4000, 8)); // entry 0 matches some bytes, not all: fails whatever the rights
        Assert.False(pmp.Check(0x4000, 8, AccessType.Read, PrivilegeMode.Machine)); // even for M
        Assert.True(pmp.Check(0x4000, 4, AccessType.Read, PrivilegeMode.Machine));
        pmp.WriteConfiguration(0, (Na4 | R) | ((ulong)Napot << 8));
        Assert.True(Reads(pmp, 0x4000, 4));
        Assert.False(Reads(pmp, 0x4004, 4));
    }

    [Fact]
    public void Rights_without_MML_bind_S_and_U_always_and_M_only_when_locked()
    {
        foreach (bool locked in new[] { false, true })
        {
            for (int rwx = 0; rwx < 8; rwx++)
            {
                int effective = (rwx & 3) == W ? rwx & ~W : rwx; // R = 0, W = 1 is reserved
                PmpUnit pmp = Single((byte)(rwx | (locked ? L : 0)));
                Assert.Equal((ulong)(effective | Napot | (locked ? L : 0)), pmp.ReadConfiguration(0));
                AssertRights(pmp, PrivilegeMode.Supervisor, effective);
                AssertRights(pmp, PrivilegeMode.User, effective);
                AssertRights(pmp, PrivilegeMode.Machine, locked ? effective : 7);
            }
        }
    }

    // Smepmp, the truth table for mseccfg.MML set: L R W X, then the rights of M and of S and U as x/w/r bits.
    [Theory]
    [InlineData(0, 0, 0, 0, "", "")]
    [InlineData(0, 0, 0, 1, "", "x")]
    [InlineData(0, 0, 1, 0, "rw", "r")]
    [InlineData(0, 0, 1, 1, "rw", "rw")]
    [InlineData(0, 1, 0, 0, "", "r")]
    [InlineData(0, 1, 0, 1, "", "rx")]
    [InlineData(0, 1, 1, 0, "", "rw")]
    [InlineData(0, 1, 1, 1, "", "rwx")]
    [InlineData(1, 0, 0, 0, "", "")]
    [InlineData(1, 0, 0, 1, "x", "")]
    [InlineData(1, 0, 1, 0, "x", "x")]
    [InlineData(1, 0, 1, 1, "rx", "x")]
    [InlineData(1, 1, 0, 0, "r", "")]
    [InlineData(1, 1, 0, 1, "rx", "")]
    [InlineData(1, 1, 1, 0, "rw", "")]
    [InlineData(1, 1, 1, 1, "r", "r")]
    public void The_Smepmp_truth_table(int l, int r, int w, int x, string machine, string others)
    {
        PmpUnit pmp = new(16);
        pmp.WriteSecurityConfiguration(Rlb); // so that executable M-mode rules may be added
        pmp.WriteSecurityConfiguration(Rlb | Mml);
        pmp.WriteAddress(0, ulong.MaxValue);
        pmp.WriteConfiguration(0, (ulong)(Napot | (l * L) | (r * R) | (w * W) | (x * X)));
        AssertRights(pmp, PrivilegeMode.Machine, Bits(machine));
        AssertRights(pmp, PrivilegeMode.Supervisor, Bits(others));
        AssertRights(pmp, PrivilegeMode.User, Bits(others));

        static int Bits(string letters) => letters.Sum(c => c switch { 'r' => R, 'w' => W, _ => X });
    }

    [Theory]
    [InlineData(0UL, 7)]
    [InlineData(Mml, R | W)] // no execution outside rules
    [InlineData(Mmwp, 0)]
    [InlineData(Mml | Mmwp, 0)]
    public void Machine_mode_without_a_matching_rule(ulong mseccfg, int rights)
    {
        PmpUnit pmp = new(16);
        pmp.WriteSecurityConfiguration(mseccfg);
        AssertRights(pmp, PrivilegeMode.Machine, rights);
        AssertRights(pmp, PrivilegeMode.Supervisor, 0);
    }

    [Fact]
    public void MML_and_MMWP_are_sticky_until_reset()
    {
        PmpUnit pmp = new(16);
        pmp.WriteSecurityConfiguration(Mml | Mmwp);
        pmp.WriteSecurityConfiguration(0);
        Assert.Equal(Mml | Mmwp, pmp.ReadSecurityConfiguration());
        pmp.Reset();
        Assert.Equal(0UL, pmp.ReadSecurityConfiguration());
    }

    [Fact]
    public void RLB_can_be_set_and_cleared_while_nothing_is_locked()
    {
        PmpUnit pmp = new(16);
        pmp.WriteSecurityConfiguration(Rlb);
        Assert.Equal(Rlb, pmp.ReadSecurityConfiguration());
        pmp.WriteSecurityConfiguration(0);
        Assert.Equal(0UL, pmp.ReadSecurityConfiguration());
    }

    [Fact]
    public void RLB_stays_clear_once_any_entry_even_an_OFF_one_is_locked()
    {
        PmpUnit pmp = new(16);
        pmp.WriteConfiguration(2, (ulong)L << 56); // entry 15, OFF
        pmp.WriteSecurityConfiguration(Rlb);
        Assert.Equal(0UL, pmp.ReadSecurityConfiguration());
    }

    [Fact]
    public void RLB_lets_locked_rules_be_edited_and_locks_them_when_cleared()
    {
        PmpUnit pmp = new(16);
        pmp.WriteSecurityConfiguration(Rlb);
        pmp.WriteConfiguration(0, L | Napot | R);
        pmp.WriteAddress(0, 0x123);
        pmp.WriteConfiguration(0, L | Napot | R | W);
        Assert.Equal(0x123UL, pmp.ReadAddress(0));
        Assert.Equal((ulong)(L | Napot | R | W), pmp.ReadConfiguration(0));
        pmp.WriteSecurityConfiguration(0);
        pmp.WriteConfiguration(0, 0);
        pmp.WriteAddress(0, 0);
        pmp.WriteSecurityConfiguration(Rlb);
        Assert.Equal(0x123UL, pmp.ReadAddress(0));
        Assert.Equal((ulong)(L | Napot | R | W), pmp.ReadConfiguration(0));
        Assert.Equal(0UL, pmp.ReadSecurityConfiguration());
    }

    [Fact]
    public void With_MML_no_rule_that_lets_M_execute_is_added_without_RLB()
    {
        int[] refused = [L | X, L | R | X, L | W, L | W | X];
        for (int bits = 0; bits < 16; bits++)
        {
            int cfg = Napot | (bits & 7) | ((bits & 8) != 0 ? L : 0);
            foreach (bool bypass in new[] { false, true })
            {
                PmpUnit pmp = new(16);
                pmp.WriteSecurityConfiguration(Mml | (bypass ? Rlb : 0));
                pmp.WriteConfiguration(0, (ulong)cfg);
                bool kept = bypass || !refused.Contains(cfg & ~Napot);
                Assert.Equal(kept ? (ulong)cfg : 0, pmp.ReadConfiguration(0));
            }
        }
    }

    [Fact]
    public void A_locked_entry_ignores_writes_and_its_neighbours_do_not()
    {
        PmpUnit pmp = new(16);
        pmp.WriteAddress(1, 0x111);
        pmp.WriteConfiguration(0, (ulong)(L | Napot | R) << 8);
        pmp.WriteAddress(1, 0x222);
        pmp.WriteAddress(0, 0x333); // not a TOR: the entry below is free
        pmp.WriteAddress(2, 0x444);
        pmp.WriteConfiguration(0, 0x0000_0000_0019_1F19);
        Assert.Equal(0x111UL, pmp.ReadAddress(1));
        Assert.Equal(0x333UL, pmp.ReadAddress(0));
        Assert.Equal(0x444UL, pmp.ReadAddress(2));
        Assert.Equal(0x19_9919UL, pmp.ReadConfiguration(0));
        pmp.Reset();
        Assert.Equal(0UL, pmp.ReadConfiguration(0));
    }

    [Fact]
    public void The_base_of_a_locked_TOR_range_ignores_writes()
    {
        PmpUnit pmp = new(16);
        pmp.WriteAddress(7, 0x100);
        pmp.WriteAddress(8, 0x200);
        pmp.WriteConfiguration(2, L | Tor | R); // entry 8
        pmp.WriteAddress(7, 0x50);
        Assert.Equal(0x100UL, pmp.ReadAddress(7));
        pmp.WriteConfiguration(0, (ulong)(Napot | R) << 56); // its configuration is free
        Assert.Equal((ulong)(Napot | R) << 56, pmp.ReadConfiguration(0));
    }

    [Fact]
    public void Configuration_registers_hold_eight_entries_without_the_reserved_bits()
    {
        PmpUnit pmp = new(64);
        pmp.WriteConfiguration(14, 0x7F7F_7F7F_7F7F_7F7F); // entries 56 to 63
        Assert.Equal(0x1F1F_1F1F_1F1F_1F1FUL, pmp.ReadConfiguration(14));
        Assert.Equal(0UL, pmp.ReadConfiguration(12));
        PmpUnit small = new(16);
        small.WriteConfiguration(4, ulong.MaxValue);
        Assert.Equal(0UL, small.ReadConfiguration(4));
        small.WriteAddress(16, 1);
        Assert.Equal(0UL, small.ReadAddress(16));
    }

    // CheckPage is what the TLB caches; Check is the rule. Random configurations crowd their ranges around one page.
    [Fact]
    public void CheckPage_agrees_with_Check_for_every_word_of_the_page()
    {
        Random random = new(77);
        const ulong Page = 0x8000_0000;
        int[] seen = new int[3];
        for (int round = 0; round < 400; round++)
        {
            PmpUnit pmp = new(16);
            pmp.WriteSecurityConfiguration(Rlb | (ulong)random.Next(4));
            for (int i = 0; i < 6; i++)
            {
                ulong near = Page + (ulong)random.Next(-0x2000, 0x3000);
                pmp.WriteAddress(i, random.Next(3) switch
                {
                    0 => near >> 2,
                    1 => (near & ~0xFFFUL) >> 2,
                    _ => (near >> 2) | ((1UL << random.Next(1, 14)) - 1),
                });
            }

            pmp.WriteConfiguration(0, (ulong)random.NextInt64() & 0x0000_9F9F_9F9F_9F9F);
            foreach (PrivilegeMode mode in new[] { PrivilegeMode.User, PrivilegeMode.Supervisor, PrivilegeMode.Machine })
            {
                foreach (AccessType access in Accesses)
                {
                    PmpVerdict verdict = pmp.CheckPage(Page + (ulong)random.Next(0x1000), access, mode);
                    seen[(int)verdict]++;
                    if (verdict == PmpVerdict.Mixed)
                    {
                        continue;
                    }

                    for (ulong offset = 0; offset < 0x1000; offset += 4)
                    {
                        Assert.Equal(verdict == PmpVerdict.Allow, pmp.Check(Page + offset, 4, access, mode));
                    }

                    Assert.Equal(verdict == PmpVerdict.Allow, pmp.Check(Page + 1, 8, access, mode));
                }
            }
        }

        Assert.All(seen, count => Assert.InRange(count, 50, int.MaxValue));
    }

    // Check against the specification's matching rule, byte by byte.
    [Fact]
    public void Check_agrees_with_a_byte_by_byte_model()
    {
        Random random = new(78);
        for (int round = 0; round < 2000; round++)
        {
            PmpUnit pmp = new(16);
            ulong cfg = (ulong)random.NextInt64() & 0x1D1D_1D1D_1D1D_1D1D; // no W without R, no L
            ulong[] addresses = [.. Enumerable.Range(0, 8).Select(_ => 0x1000UL + (ulong)random.Next(64))];
            pmp.WriteConfiguration(0, cfg);
            for (int i = 0; i < 8; i++)
            {
                pmp.WriteAddress(i, addresses[i]);
            }

            for (int probe = 0; probe < 40; probe++)
            {
                int size = 1 << random.Next(4);
                ulong address = 0x4000UL + (ulong)random.Next(64 * 4);
                AccessType access = Accesses[random.Next(3)];
                Assert.Equal(Model(cfg, addresses, address, size, access), pmp.Check(address, (ulong)size, access, PrivilegeMode.User));
            }
        }

        static bool Model(ulong cfg, ulong[] addresses, ulong address, int size, AccessType access)
        {
            for (int i = 0; i < 8; i++)
            {
                byte c = (byte)(cfg >> (8 * i));
                int matched = Enumerable.Range(0, size).Count(n => Matches(c, i, address + (ulong)n));
                if (matched != 0)
                {
                    return matched == size && (c & (1 << (int)access)) != 0;
                }
            }

            return false;

            bool Matches(byte c, int i, ulong at) => ((c >> 3) & 3) switch
            {
                1 => at >> 2 >= (i == 0 ? 0 : addresses[i - 1]) && at >> 2 < addresses[i],
                2 => at >> 2 == addresses[i],
                3 => at >> (3 + System.Numerics.BitOperations.TrailingZeroCount(~addresses[i])) == addresses[i] >> (1 + System.Numerics.BitOperations.TrailingZeroCount(~addresses[i])),
                _ => false,
            };
        }
    }

    private static bool Reads(PmpUnit pmp, ulong address, ulong size) => pmp.Check(address, size, AccessType.Read, PrivilegeMode.User);

    private static PmpUnit Single(byte rights)
    {
        PmpUnit pmp = new(16);
        pmp.WriteAddress(0, ulong.MaxValue);
        pmp.WriteConfiguration(0, (ulong)(rights | Napot));
        return pmp;
    }

    private static void AssertRights(PmpUnit pmp, PrivilegeMode mode, int rights)
    {
        foreach (AccessType access in Accesses)
        {
            bool expected = (rights & (1 << (int)access)) != 0;
            Assert.True(expected == pmp.Check(0x8000_0000, 8, access, mode), $"{mode} {access}: expected {expected}");
            Assert.Equal(expected ? PmpVerdict.Allow : PmpVerdict.Deny, pmp.CheckPage(0x8000_0000, access, mode));
        }
    }
}
