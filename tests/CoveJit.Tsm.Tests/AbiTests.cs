using System.Globalization;
using System.Text;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;

namespace CoveJit.Tsm.Tests;

/// <summary>The declarations by themselves, and the page made from them.</summary>
public sealed class AbiTests
{
    [Fact]
    public void The_current_profile_has_the_numbers_of_the_specification()
    {
        Assert.Equal([.. Enumerable.Range(0, 20).Select(n => (uint)n), .. Enumerable.Range(1024, 11).Where(n => n != 1029).Select(n => (uint)n)], Numbers(CoveExtension.Host, CoveProfile.Current));
        Assert.Equal(Enumerable.Range(0, 11).Select(n => (uint)n), Numbers(CoveExtension.Interrupts, CoveProfile.Current));
        Assert.Equal(Enumerable.Range(0, 11).Concat(Enumerable.Range(1024, 8)).Select(n => (uint)n), Numbers(CoveExtension.Guest, CoveProfile.Current));
        Assert.Equal([0u, 1u], Numbers(CoveExtension.SharedMemory, CoveProfile.Current));
    }

    [Fact]
    public void The_Salus_profile_has_the_older_numbers()
    {
        // Without promotion, and 18 and 19 promote and demote pages, which we cannot.
        Assert.Equal(Enumerable.Range(0, 21).Where(n => n is not (18 or 19)).Select(n => (uint)n), Numbers(CoveExtension.Host, CoveProfile.Salus));
        Assert.Equal(Enumerable.Range(0, 6).Select(n => (uint)n), Numbers(CoveExtension.Guest, CoveProfile.Salus));
        Assert.Equal(14u, TestMachine.Find("run_tvm_vcpu").Salus);
    }

    [Fact]
    public void Declarations_are_complete()
    {
        foreach (CoveFunction function in CoveAbi.Functions)
        {
            Assert.True(function.Arguments.Length <= 6);
            Assert.EndsWith(".", function.Effect, StringComparison.Ordinal);
            Assert.All(function.AllErrors, error => Assert.NotEqual(error.ToString(), CoveError.NameOf(error)));
            Assert.Equal(function.Errors.Length, function.Errors.Select(e => e.Error).Distinct().Count());
        }
    }

    [Fact]
    public void An_older_host_finds_an_older_TSM()
    {
        using TestMachine machine = new(profile: CoveProfile.Salus);
        Assert.Equal(32UL, machine.Succeed("get_tsm_info", TestMachine.Parameters, 32));
        Assert.Equal((2UL | (1UL << 32), 1UL, 64UL, 1UL), (machine.Read64(TestMachine.Parameters), machine.Read64(TestMachine.Parameters + 8), machine.Read64(TestMachine.Parameters + 16), machine.Read64(TestMachine.Parameters + 24)));
        machine.Convert();
        ulong id = machine.Build(TestMachine.CallProgram);
        machine.Succeed("finalize_tvm", id, TestMachine.GuestMemory, 0); // a3 is no argument there
        machine.Succeed("set_shmem", TestMachine.Nacl, 0, 0);
        machine.Enter(id);
        Assert.Equal(22UL, machine.Continue().Cause);
        Assert.Equal(new SbiResult(SbiError.NotSupported), TestMachine.CallOn(machine.Hart0, (ulong)CoveExtension.Host, 18, id, 0, 0));
    }

    [Fact]
    public void The_word_of_function_and_domain_is_checked()
    {
        using TestMachine machine = new();
        const ulong Host = (ulong)CoveExtension.Host;
        ulong domain = machine.Tsm.Domain.Sdid;
        Assert.Equal(48UL, TestMachine.CallOn(machine.Hart0, Host, domain << 26, TestMachine.Parameters, 48).Value);
        Assert.Equal(48UL, TestMachine.CallOn(machine.Hart0, Host, 0, TestMachine.Parameters, 48).Value);
        Assert.Equal(SbiError.InvalidParam, TestMachine.CallOn(machine.Hart0, Host, 2 << 26, TestMachine.Parameters, 48).Error);
        Assert.Equal(SbiError.NotSupported, TestMachine.CallOn(machine.Hart0, Host, 1 << 16, TestMachine.Parameters, 48).Error);
        Assert.Equal(SbiError.NotSupported, TestMachine.CallOn(machine.Hart0, Host, 1UL << 32, TestMachine.Parameters, 48).Error);
        Assert.Equal(SbiError.NotSupported, TestMachine.CallOn(machine.Hart0, Host, 20).Error);
        Assert.Equal(1UL, TestMachine.CallOn(machine.Hart0, 0x10, 3, Host).Value);
        Assert.Equal(0UL, TestMachine.CallOn(machine.Hart0, 0x10, 3, (ulong)CoveExtension.Guest).Value);
        Assert.Equal(3UL, TestMachine.CallOn(machine.Hart0, 0x53555044, 0).Value); // active domains
    }

    [Fact]
    public void The_TSM_tells_what_it_is()
    {
        using TestMachine machine = new();
        Assert.Equal(48UL, machine.Succeed("get_tsm_info", TestMachine.Parameters, 64));
        Assert.Equal(2UL | (0x43764A54UL << 32), machine.Read64(TestMachine.Parameters));
        Assert.Equal((1UL, 0b101111UL), (machine.Read64(TestMachine.Parameters + 8), machine.Read64(TestMachine.Parameters + 16)));
        Assert.Equal((1UL, 64UL, 1UL), (machine.Read64(TestMachine.Parameters + 24), machine.Read64(TestMachine.Parameters + 32), machine.Read64(TestMachine.Parameters + 40)));
    }

    [Fact]
    public void Calls_are_counted_and_traced()
    {
        using TestMachine machine = new();
        List<(string, ulong, SbiError?)> trace = [];
        machine.Tsm.Trace = (_, function, arguments, result) => trace.Add((function.FullName, arguments[0], result?.Error));
        machine.Call("convert_pages", 1, 1);
        machine.Call("convert_pages", TestMachine.Confidential, 1);
        Assert.Equal([("sbi_covh_convert_pages", 1, SbiError.InvalidAddress), ("sbi_covh_convert_pages", TestMachine.Confidential, SbiError.Success)], trace);
        CoveCount count = machine.Tsm.Abi.Counted.Single(f => f.Function.Name == "convert_pages").Count;
        Assert.Equal((2, 1, true), (count.Calls, count.Failures, count.HostTime > TimeSpan.Zero));
    }

    [Fact]
    public void The_page_in_docs_is_up_to_date()
    {
        string path = Path.Combine(FindRoot(), "docs", "cove-abi.md");
        string expected = Render();
        if (Environment.GetEnvironmentVariable("COVEJIT_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, expected);
        }

        Assert.True(File.Exists(path) && File.ReadAllText(path) == expected, "docs/cove-abi.md differs from the declarations; run the tests with COVEJIT_UPDATE_DOCS=1");
    }

    private static IEnumerable<uint> Numbers(CoveExtension extension, CoveProfile profile) =>
        CoveAbi.Functions.Where(f => f.Extension == extension).Select(f => f.Number(profile)).OfType<uint>().Order();

    private static string Render()
    {
        StringBuilder page = new();
        page.Append(
            """
            # Functions of the TEE security manager

            Made from the declarations in `src/CoveJit.Tsm/Functions` by `AbiTests`; to bring it up to date, run
            `COVEJIT_UPDATE_DOCS=1 dotnet test tests/CoveJit.Tsm.Tests`. The specification is CoVE (riscv-ap-tee, commit c71310c, of 2025-12-17);
            the FIDs in brackets are those of `--cove-abi salus`. Numbers that the specification leaves open are ours: ERR_AUTH is -100,
            ERR_OUT_OF_MEMORY -101, ERR_OUT_OF_PTPAGES -102, ERR_BUSY -103, KEY_UPDATE_REQUIRED -104. FIDs from 1024 on are CoVE-IO's (riscv-ap-tee-io, commit
            a361d4a, of 2026-05-03): [tee-io.md](tee-io.md) has the host's part in them. The SDID of the TSM's domain is 1; 0 in a6 means it too.

            ## Exits of `run_tvm_vcpu`

            scause and stval are the host's CSRs; everything else is in NACL shared memory (general registers from offset 0, CSRs from 0x1000).

            | scause | when | htval and stval | htinst | general registers | at the next run |
            |---|---|---|---|---|---|
            | interrupt | a host interrupt came; it stays pending | 0 | 0 | - | - |
            | 10 | an SBI call of the TVM's that the host answers (SRST, DBCN) or is told of (COVG 0 to 5, HSM, IPI to a vCPU that does not run) | 0 | 0 | a0 to a7 | a0 and a1 are the answer; of a call that it is told of they are not read |
            | 10 | a call of COVG from 1024 on waits for a device, or for a transcript ([tee-io.md](tee-io.md)) | 0 | 0 | a0 to a7 | the response is read from offset 0x100; the call goes on, or is made again |
            | 20, 21, 23 | a page is missing, in confidential, shared or undeclared memory | address of the page | 0 | - | the access is repeated |
            | 21 | a load from MMIO | address | the load, to a0 | - | a0 is the value |
            | 23 | a store to MMIO | address | the store, from a0 | a0: the value | - |
            | 23 | a message to the interrupt file of a vCPU that is bound to none; the TSM has noted it | address of the page | 0 | - | - |
            | 22 | WFI or WRS.NTO with nothing pending, where the host's hstatus.VTW is set; otherwise the vCPU waits on the hart | the instruction in stval | the instruction | - | - |

            With an interrupt, 10 and 22 the CSRs htimedelta, vstimecmp and vsie are written too. hvip.VSEIP is read at each run if the vCPU allows external
            interrupts. Other accesses to MMIO (fetches, atomics, floating point, misaligned ones) are access faults of the TVM, and so are fetches from
            shared memory; virtual instructions but these two are illegal instructions there.

            """);
        foreach (IGrouping<CoveExtension, CoveFunction> extension in CoveAbi.Functions.GroupBy(f => f.Extension))
        {
            string name = string.Concat(Enumerable.Range(0, 4).Select(i => (char)(((uint)extension.Key >> (24 - (8 * i))) & 0xFF)));
            page.Append(CultureInfo.InvariantCulture, $"\n## {name}, EID 0x{(uint)extension.Key:X}\n");
            foreach (CoveFunction function in extension)
            {
                page.Append(CultureInfo.InvariantCulture, $"\n### {function.Function} [{function.Salus?.ToString(CultureInfo.InvariantCulture) ?? "none"}] `{function.FullName}`\n\n{function.Effect}\n");
                if (function.Value.Length != 0)
                {
                    page.Append(CultureInfo.InvariantCulture, $"a1: {function.Value}.\n");
                }

                if (function.IsDevice)
                {
                    page.Append("Without a device that has `tee`: NOT_SUPPORTED.\n");
                }

                if (function.IsDynamic)
                {
                    page.Append("With `--tsm static`: NOT_SUPPORTED.\n");
                }

                page.Append('\n');
                for (int i = 0; i < function.Arguments.Length; i++)
                {
                    CoveArgument argument = function.Arguments[i];
                    string rule = argument.HasRule && function.Handler is not null ? $"; otherwise {CoveError.NameOf(argument.ErrorOfRule)}" : string.Empty;
                    page.Append(CultureInfo.InvariantCulture, $"- a{i} `{argument.Name}`: {argument.Rule}{rule}\n");
                }

                foreach (CoveErrorCase error in function.Errors)
                {
                    page.Append(CultureInfo.InvariantCulture, $"- {CoveError.NameOf(error.Error)}: {error.When}\n");
                }
            }
        }

        return page.ToString().ReplaceLineEndings("\n");
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "CoveJit.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("the tests do not lie in the repository");
    }
}
