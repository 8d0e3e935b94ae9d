using CoveJit.Harts;
using CoveJit.Harts.Tests;

namespace CoveJit.Translator.Tests.Support;

/// <summary>The architectural state of a hart, and the memory of its machine.</summary>
internal static unsafe class MachineState
{
    /// <summary>Fails, naming what differs, unless two harts are in the same state.</summary>
    public static void AssertEqual(Hart expected, Hart actual, string when)
    {
        List<string> differences = [];
        for (int i = 0; i < 32; i++)
        {
            Compare($"x{i}", expected.State->X[i], actual.State->X[i]);
        }

        for (int i = 0; i < 32; i++)
        {
            Compare($"f{i}", expected.State->F[i], actual.State->F[i]);
        }

        Compare("pc", expected.Pc, actual.Pc);
        Compare("instret", expected.State->InstructionsRetired, actual.State->InstructionsRetired);
        Compare("fflags", expected.State->Fflags, actual.State->Fflags);
        Compare("frm", expected.State->Frm, actual.State->Frm);
        Compare("mode", (ulong)expected.Privilege, (ulong)actual.Privilege);
        Compare("V", expected.IsVirtual ? 1UL : 0, actual.IsVirtual ? 1UL : 0);
        Compare("mstatus", expected.ReadMstatus(), actual.ReadMstatus());
        Compare("mepc", expected.Mepc, actual.Mepc);
        Compare("mcause", expected.Mcause, actual.Mcause);
        Compare("mtval", expected.Mtval, actual.Mtval);
        Compare("sepc", expected.Sepc, actual.Sepc);
        Compare("scause", expected.Scause, actual.Scause);
        Compare("stval", expected.Stval, actual.Stval);
        Compare("satp", expected.Satp, actual.Satp);
        Assert.True(differences.Count == 0, $"{when}: interpreter and translator differ: {string.Join(", ", differences)}");

        void Compare(string name, ulong a, ulong b)
        {
            if (a != b)
            {
                differences.Add($"{name} {a:x} / {b:x}");
            }
        }
    }

    /// <summary>Fails, naming the first byte that differs, unless two machines' RAM is the same.</summary>
    public static void AssertMemoryEqual(TestMachine expected, TestMachine actual, string when)
    {
        ReadOnlySpan<byte> a = new(expected.Ram.Pointer, (int)expected.Ram.Size);
        ReadOnlySpan<byte> b = new(actual.Ram.Pointer, (int)actual.Ram.Size);
        int same = a.CommonPrefixLength(b);
        Assert.True(same == a.Length, $"{when}: interpreter and translator differ in memory at {TestMachine.Base + (ulong)same:x}");
    }
}
