using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Tests.Translation;

/// <summary>The walker against a model written from the specification's text on bit strings, on random tables.</summary>
public sealed class PageTableWalkerModelTests
{
    private const int Cases = 100_000;

    [Fact]
    public void Random_walks_agree_with_the_model()
    {
        Random random = new(20240611);
        int translated = 0;
        for (int n = 0; n < Cases; n++)
        {
            TranslationStage stage = new()
            {
                Levels = random.Next(3, 6),
                RootPage = (ulong)random.NextInt64(1L << 30),
                User = random.Next(2) == 0,
                PermitSupervisorUserAccess = random.Next(2) == 0,
                MakeExecutableReadable = random.Next(2) == 0,
                HardwareUpdate = random.Next(2) == 0,
                MemoryTypes = random.Next(2) == 0,
            };
            AccessType access = (AccessType)random.Next(3);
            int bits = 12 + (9 * stage.Levels);
            ulong address = (ulong)(random.NextInt64() << (64 - bits) >> (64 - bits));
            if (random.Next(16) == 0)
            {
                address ^= 1UL << random.Next(bits - 1, 64);
            }

            SparseTables tables = RandomTables(random, stage, address);
            SparseTables copy = new();
            foreach ((ulong at, ulong value) in tables.Entries)
            {
                copy.Entries[at] = value;
            }

            copy.Unreadable.UnionWith(tables.Unreadable);
            copy.Unwritable.UnionWith(tables.Unwritable);

            (WalkStatus expected, ulong physical, int size) = Model(copy, stage, address, access);
            WalkStatus actual = tables.Walk(stage, address, access, out WalkResult result);
            string what = $"case {n}: {stage}, address {address:x}, {access}";
            Assert.True(expected == actual, $"{what}: model {expected}, walker {actual}");
            if (expected == WalkStatus.Ok)
            {
                translated++;
                Assert.True(physical == result.Address && size == result.PageShift, $"{what}: model {physical:x}/{size}, walker {result.Address:x}/{result.PageShift}");
            }

            Assert.True(copy.Entries.OrderBy(e => e.Key).SequenceEqual(tables.Entries.OrderBy(e => e.Key)), $"{what}: memory differs");
        }

        Assert.InRange(translated, Cases / 20, Cases); // the generator is worth something
    }

    private static SparseTables RandomTables(Random random, in TranslationStage stage, ulong address)
    {
        SparseTables tables = new();
        ulong table = stage.RootPage;
        for (int level = stage.Levels - 1; level >= 0; level--)
        {
            bool leaf = level == 0 ? random.Next(40) != 0 : random.Next(6) == 0;
            ulong page = (ulong)random.NextInt64(1L << 44);
            ulong entry = PageTableEntry.Valid;
            if (leaf)
            {
                entry |= (uint)random.Next(256);
                entry |= random.Next(8) != 0 ? PageTableEntry.Valid | PageTableEntry.Accessed : 0;
                entry |= random.Next(3) != 0 ? PageTableEntry.Read : 0;
                if (random.Next(4) != 0)
                {
                    page &= ~0UL << (9 * level);
                }

                if (random.Next(8) == 0)
                {
                    entry |= PageTableEntry.Napot;
                    page = random.Next(3) != 0 ? (page & ~0xFUL) | 8 : page;
                }

                entry |= random.Next(6) == 0 ? (ulong)random.Next(4) << 61 : 0;
            }

            entry |= random.Next(24) == 0 ? 1UL << random.Next(64) : 0;
            if (random.Next(60) == 0)
            {
                entry &= ~PageTableEntry.Valid;
            }

            entry = (entry & ~(((1UL << 44) - 1) << 10)) | (page << 10);
            ulong at = SparseTables.EntryAddress(table, address, level);
            tables.Entries[at] = entry;
            if (random.Next(80) == 0)
            {
                tables.Unreadable.Add(at);
            }

            if (random.Next(20) == 0)
            {
                tables.Unwritable.Add(at);
            }

            if (leaf)
            {
                break;
            }

            table = page;
        }

        return tables;
    }

    // Privileged, "Virtual Address Translation Process", steps 1 to 10, on named single bits.
    private static (WalkStatus Status, ulong Physical, int Size) Model(SparseTables tables, TranslationStage stage, ulong va, AccessType access)
    {
        int top = (stage.Levels * 9) + 11;
        for (int bit = top + 1; bit < 64; bit++)
        {
            if (Bit(va, bit) != Bit(va, top))
            {
                return (WalkStatus.PageFault, 0, 0);
            }
        }

        ulong a = stage.RootPage * 4096; // step 1
        for (int i = stage.Levels - 1; ; i--)
        {
            ulong vpn = va / (ulong)Math.Pow(2, 12 + (9 * i)) % 512;
            ulong at = a + (vpn * 8);
            if (tables.Unreadable.Contains(at))
            {
                return (WalkStatus.AccessFault, 0, 0); // step 2
            }

            ulong pte = tables.Entries.GetValueOrDefault(at);
            bool v = Bit(pte, 0), r = Bit(pte, 1), w = Bit(pte, 2), x = Bit(pte, 3), u = Bit(pte, 4), accessed = Bit(pte, 6), dirty = Bit(pte, 7);
            bool n = Bit(pte, 63);
            int pbmt = (Bit(pte, 62) ? 2 : 0) + (Bit(pte, 61) ? 1 : 0);
            ulong ppn = (pte >> 10) % (1UL << 44);
            bool reserved = (pte >> 54) % 128 != 0 || (stage.MemoryTypes ? pbmt == 3 : pbmt != 0);
            if (!v || (!r && w) || reserved)
            {
                return (WalkStatus.PageFault, 0, 0); // step 3
            }

            if (!r && !x)
            {
                // step 4: a pointer; D, A, U, PBMT and N are reserved in it
                if (i == 0 || accessed || dirty || u || n || pbmt != 0)
                {
                    return (WalkStatus.PageFault, 0, 0);
                }

                a = ppn * 4096;
                continue;
            }

            int size = 12 + (9 * i);
            bool napot = n && i == 0 && ppn % 16 == 8;
            bool misaligned = ppn % (1UL << (9 * i)) != 0;
            bool mine = u ? stage.User || (stage.PermitSupervisorUserAccess && access != AccessType.Execute) : !stage.User;
            bool right = access switch
            {
                AccessType.Read => r || (x && stage.MakeExecutableReadable),
                AccessType.Write => w,
                _ => x,
            };
            if ((n && !napot) || misaligned || !mine || !right)
            {
                return (WalkStatus.PageFault, 0, 0); // steps 5 to 8
            }

            bool store = access == AccessType.Write;
            if (!accessed || (store && !dirty))
            {
                if (!stage.HardwareUpdate)
                {
                    return (WalkStatus.PageFault, 0, 0); // step 9
                }

                if (tables.Unwritable.Contains(at))
                {
                    return (WalkStatus.AccessFault, 0, 0);
                }

                tables.Entries[at] = pte + (accessed ? 0UL : 64) + (store && !dirty ? 128UL : 0);
            }

            if (napot)
            {
                ppn -= 8;
                size = 16;
            }

            return (WalkStatus.Ok, (ppn >> (size - 12) << size) + (va % (1UL << size)), size); // step 10
        }
    }

    private static bool Bit(ulong value, int bit) => ((value >> bit) & 1) == 1;
}
