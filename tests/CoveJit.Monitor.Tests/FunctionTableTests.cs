using System.Globalization;
using System.Text;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Tests;

/// <summary>The declarations against the specification's function listings (TestData) and against the page made from them.</summary>
public sealed class FunctionTableTests : IDisposable
{
    private readonly TestMachine _machine = new(1);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Every_function_has_its_own_number_and_the_name_that_the_specification_gives_it()
    {
        Dictionary<(uint, uint), string> specified = ReadSpecification();
        HashSet<(uint, uint)> seen = [];
        foreach (SbiFunction function in _machine.Monitor.Functions)
        {
            Assert.True(seen.Add((function.Extension, function.Function)));
            Assert.True(specified.TryGetValue((function.Extension, function.Function), out string? name), function.Name);
            Assert.Equal(name, "sbi_" + function.Name);
            Assert.True(function.Arguments.Length <= 6);
        }
    }

    [Fact]
    public void Every_function_of_the_offered_extensions_is_declared()
    {
        HashSet<(uint, uint)> declared = [.. _machine.Monitor.Functions.Select(f => (f.Extension, f.Function))];
        IEnumerable<string> missing = ReadSpecification().Where(f => !declared.Contains(f.Key)).Select(f => $"{f.Key.Item1:x}:{f.Value}");

        // The legacy calls that take a virtual pointer to a hart mask.
        Assert.Equal(["4:sbi_send_ipi", "5:sbi_remote_fence_i", "6:sbi_remote_sfence_vma", "7:sbi_remote_sfence_vma_asid"], missing.Order());
    }

    [Fact]
    public void The_page_in_docs_is_up_to_date()
    {
        string path = Path.Combine(FindRoot(), "docs", "sbi.md");
        string expected = Render(_machine.Monitor.Functions);
        if (Environment.GetEnvironmentVariable("COVEJIT_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, expected);
        }

        Assert.True(File.Exists(path) && File.ReadAllText(path) == expected, "docs/sbi.md differs from the declarations; run the tests with COVEJIT_UPDATE_DOCS=1");
    }

    private static string Render(IEnumerable<SbiFunction> functions)
    {
        StringBuilder page = new();
        page.Append(
            """
            # SBI functions of the managed firmware

            Made from the declarations in `src/CoveJit.Monitor/Extensions` by `FunctionTableTests`; to bring it up to date, run
            `COVEJIT_UPDATE_DOCS=1 dotnet test tests/CoveJit.Monitor.Tests`. The specification is SBI 3.0. The `remote_hfence` functions
            return `SBI_ERR_NOT_SUPPORTED` where the harts have no H extension (`--cpu rv64,h=off`).

            | extension | EID | FID | function | arguments (a0 on) |
            |---|---|---|---|---|

            """);
        foreach (SbiFunction f in functions)
        {
            string number = f.IsLegacy ? "-" : f.Function.ToString(CultureInfo.InvariantCulture);
            page.Append(CultureInfo.InvariantCulture, $"| {ExtensionName(f.Extension)} | 0x{f.Extension:X2} | {number} | `sbi_{f.Name}` | {string.Join(", ", f.Arguments)} |\n");
        }

        return page.ToString().ReplaceLineEndings("\n");
    }

    // Identifiers are names in ASCII, but for the oldest.
    private static string ExtensionName(uint extension) => extension switch
    {
        <= 0x0F => "legacy",
        0x10 => "Base",
        _ => string.Concat(Enumerable.Range(0, 4).Select(i => (char)((extension >> (24 - (8 * i))) & 0xFF)).Where(c => c != 0)),
    };

    private static Dictionary<(uint Extension, uint Function), string> ReadSpecification() =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "TestData", "sbi-functions.txt"))
            .Select(line => line.Split(' '))
            .ToDictionary(f => (Convert.ToUInt32(f[0], 16), uint.Parse(f[1], CultureInfo.InvariantCulture)), f => f[2]);

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
