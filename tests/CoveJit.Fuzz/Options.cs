using System.Globalization;
using CoveJit.Fuzz.Generation;

namespace CoveJit.Fuzz;

/// <summary>The command line.</summary>
public sealed record Options
{
    public ulong Seed { get; init; } = 1;

    public long Instructions { get; init; } = 1_000_000;

    public Mix Mix { get; init; } = Mix.All;

    public string TargetA { get; init; } = "qemu";

    public string TargetB { get; init; } = "covejit";

    public string Qemu { get; init; } = "qemu-system-riscv64";

    public string CoveJit { get; init; } = "src/CoveJit.Cli/bin/Release/net10.0/covejit";

    public IReadOnlyList<string> CoveJitArguments { get; init; } = [];

    public string Output { get; init; } = "fuzz-out";

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    public int MaximumReports { get; init; } = 10;

    /// <summary>How often a program's segments are run, one after the other each time: from the second time on their code is translated.</summary>
    public int Loops { get; init; } = 1;

    public bool Histogram { get; init; }

    /// <summary>Only this program of the run, for looking at a reported difference again.</summary>
    public int? Program { get; init; }

    public const string Usage = """
        covejit-fuzz: runs random RISC-V programs on two machines and compares their whole architectural state.

          --seed N               seed of the run (1)
          --instructions N       instructions to generate (1000000)
          --mix LIST             of int,fp,mem,csr,paging,smc (all)
          --program N            only program N of the run
          --target-a, --target-b qemu or covejit (qemu against covejit)
          --qemu PATH            qemu-system-riscv64
          --covejit PATH         the covejit command, or its .dll
          --loops N              run the segments N times over; above 1 covejit translates what it has met twice (1)
          --covejit-args LIST    more arguments for covejit run, separated by commas
          --out DIR              where differences go: report, ELF file (fuzz-out)
          --timeout SECONDS      for one program on one machine (60)
          --max-reports N        differences to reduce and report (10)
          --histogram            operations generated and traps taken
        """;

    public static Options Parse(string[] arguments)
    {
        Options o = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];
            if (name == "--histogram")
            {
                o = o with { Histogram = true };
                continue;
            }

            if (i + 1 == arguments.Length)
            {
                throw new ArgumentException($"{name} is unknown or lacks its value.");
            }

            string value = arguments[++i];
            o = name switch
            {
                "--seed" => o with { Seed = Number<ulong>(name, value) },
                "--instructions" => o with { Instructions = Number<long>(name, value) },
                "--mix" => o with { Mix = ParseMix(value) },
                "--program" => o with { Program = Number<int>(name, value) },
                "--target-a" => o with { TargetA = value },
                "--target-b" => o with { TargetB = value },
                "--qemu" => o with { Qemu = value },
                "--covejit" => o with { CoveJit = value },
                "--covejit-args" => o with { CoveJitArguments = value.Split(',') },
                "--loops" => o with { Loops = Number<int>(name, value) },
                "--out" => o with { Output = value },
                "--timeout" => o with { Timeout = TimeSpan.FromSeconds(Number<int>(name, value)) },
                "--max-reports" => o with { MaximumReports = Number<int>(name, value) },
                _ => throw new ArgumentException($"{name} is not an option."),
            };
        }

        return o;
    }

    private static T Number<T>(string name, string value)
        where T : struct, IParsable<T> =>
        T.TryParse(value, CultureInfo.InvariantCulture, out T number) ? number
            : throw new ArgumentException($"{name} wants a number, not '{value}'.");

    private static Mix ParseMix(string value)
    {
        Mix mix = Mix.None;
        foreach (string part in value.Split(','))
        {
            mix |= Enum.TryParse(part, ignoreCase: true, out Mix one) && !int.TryParse(part, out _) ? one
                : throw new ArgumentException($"--mix knows int, fp, mem, csr, paging, smc and all, not '{part}'.");
        }

        return mix;
    }
}
