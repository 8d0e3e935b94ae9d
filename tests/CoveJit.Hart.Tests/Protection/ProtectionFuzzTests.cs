using System.Globalization;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Tests.Protection;

/// <summary>
/// Random accesses through random page tables of both stages, PMP and memory protection tables: the hart against the model, and what is in the TLB
/// against what the model permits. COVEJIT_PROTECTION_CASES and COVEJIT_PROTECTION_SEED make it longer, or another one.
/// </summary>
public sealed unsafe class ProtectionFuzzTests
{
    private const int AccessesInMode = 25;
    private const int ModesInWorld = 16;

    private static int Cases => Setting("COVEJIT_PROTECTION_CASES", 20_000);

    [Fact]
    public void Every_access_ends_as_the_model_says()
    {
        int seed = Setting("COVEJIT_PROTECTION_SEED", 1);
        Random random = new(seed);
        using TestMachine machine = new();
        ProtectionWorld world = new(machine, random);
        Dictionary<int, int> causes = [];
        int hits = 0;
        bool mprv = false;
        ulong[] seen = new ulong[AccessesInMode];
        for (int n = 0; n < Cases; n++)
        {
            if (n % AccessesInMode == 0)
            {
                machine.Hart.SetMode(PrivilegeMode.Machine, false);
                if (n % (AccessesInMode * ModesInWorld) == 0)
                {
                    world.Make();
                }

                world.ChangeMode();
                mprv = random.Next(5) == 0;
                world.SetStatus(mprv ? world.Status : world.StatusBits);
                machine.Hart.SetMode(mprv ? PrivilegeMode.Machine : (PrivilegeMode)world.Model.Privilege, !mprv && world.Model.Virtual);
            }

            int size = 1 << random.Next(4);
            char type = mprv ? "rw"[random.Next(2)] : "rwx"[random.Next(3)];
            size = type == 'x' ? 2 : size;
            ulong address = n % AccessesInMode != 0 && random.Next(3) == 0
                ? (seen[random.Next(n % AccessesInMode)] & ~0xFFFUL) | ((ulong)random.Next(0x1000) & ~(ulong)(size - 1)) // a page that was accessed before
                : world.RandomAddress(size);
            seen[n % AccessesInMode] = address;
            address = type == 'x' ? address & ~1UL : address;
            Outcome expected = world.Model.Access(address, size, type);
            causes[expected.Cause] = causes.GetValueOrDefault(expected.Cause) + 1;
            (Outcome actual, bool hit) = Access(machine.Hart, address, size, type);
            hits += hit ? 1 : 0;
            if (expected != actual)
            {
                AccessModel model = world.Model;
                Assert.Fail(string.Create(
                    CultureInfo.InvariantCulture,
                    $"seed {seed}, case {n}: '{type}' of {size} at {address:x}: model {expected}, hart {actual}{(hit ? " from the TLB" : "")}; privilege {model.Privilege}, virtual {model.Virtual}, satp {model.Satp:x}, vsatp {model.Vsatp:x}, hgatp {model.Hgatp:x}, mmpt {model.Mmpt:x}"));
            }

            world.Apply();
            if (n % (AccessesInMode * ModesInWorld) == (AccessesInMode * ModesInWorld) - 1)
            {
                world.AssertMemory();
            }
        }

        // The generator is worth something: every outcome is met.
        Assert.All<int>([0, 1, 5, 7, 12, 13, 15, 20, 21, 23], cause => Assert.True(causes.GetValueOrDefault(cause) > Cases / 200, $"cause {cause} {causes.GetValueOrDefault(cause)} times of {Cases}"));
        Assert.InRange(causes[0], Cases / 6, Cases);
        Assert.InRange(hits, Cases / 100, Cases);
    }

    private static (Outcome Outcome, bool Hit) Access(Hart hart, ulong address, int size, char type)
    {
        AccessType access = type switch { 'r' => AccessType.Read, 'w' => AccessType.Write, _ => AccessType.Execute };
        TlbBank* bank = access == AccessType.Execute ? hart.State->FetchBank : hart.State->DataBank;
        if (TlbBank.TryHit(bank, address, access, out byte* host))
        {
            return (new Outcome(0, (ulong)(host - hart.Map.Ram.Pointer) + hart.Map.Ram.Base, 0), true);
        }

        if (!hart.Resolve(address, size, access, out ulong physical))
        {
            return (OutcomeOf(hart.PendingTrap, address), false);
        }

        // The access itself: nothing there is an access fault as well.
        return (hart.Map.Ram.Contains(physical, (ulong)size) ? new Outcome(0, physical, 0) : new Outcome(type switch { 'r' => 5, 'w' => 7, _ => 1 }, 0, 0), false);
    }

    private static Outcome OutcomeOf(Trap trap, ulong address)
    {
        Assert.Equal(address, trap.Value);
        return new Outcome((int)trap.Cause, 0, trap.GuestPhysical);
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
