using System.Globalization;
using CoveJit.Cli.Parsing;

namespace CoveJit.Cli.Comparison;

/// <summary>Something that a guest does, and that is measured by itself.</summary>
/// <param name="Name">Its name on the console and in results.</param>
/// <param name="Unit">What is done once in one iteration.</param>
/// <param name="IsTransfer">Whether that is a MiB to or from a device.</param>
internal sealed record GuestPhase(string Name, string Unit, bool IsTransfer = false);

/// <summary>A workload of <c>covejit compare vm</c>.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Phases">What it consists of: programs of the guest's <c>/bench</c>, but for <see cref="Boot"/>, <see cref="Disk"/> and <see cref="Net"/>.</param>
internal sealed record GuestWorkload(string Name, IReadOnlyList<GuestPhase> Phases)
{
    /// <summary>From the machine's first instruction to the guest's first line of its own.</summary>
    public const string Boot = "boot";

    /// <summary>A drive is read, and what was read is written to it elsewhere.</summary>
    public const string Disk = "disk";

    /// <summary>A file is received from the host's loopback and sent back to it; then the gateway is asked for echoes.</summary>
    public const string Net = "net";

    /// <summary>EEMBC's CoreMark, where the guest was given it.</summary>
    public const string CoreMark = "coremark";

    /// <summary>MiB that <see cref="Disk"/> reads, and writes.</summary>
    public const int DiskMegabytes = 16;

    /// <summary>MiB that <see cref="Net"/> receives, and sends.</summary>
    public const int NetMegabytes = 16;

    private const int Echoes = 200;
    private const string Gateway = "10.0.2.2";
    private const string Address = "10.0.2.15/24";

    // For each second that a program is to run.
    private const int CoreMarkIterations = 4000;

    // A marker of the console, in octal because a quote would end covejit.run="...".
    private const string MarkFunction = @"m() { printf '{\042%s\042:\042%s\042%b}\n' $1 $2 $3; }; ";

    // A phase, its iterations, and the command that does all of them. Command lines have 1024 bytes at most.
    private const string TransferFunction = @"w() { m start $1; eval $3 || exit 1; m name $1 ,\\042iterations\\042:$2; }; ";

    /// <summary>All workloads.</summary>
    public static IReadOnlyList<GuestWorkload> All { get; } =
    [
        new(Boot, [new("boot", "boot")]),
        new(CoreMark, [new(CoreMark, "CoreMark iteration")]),
        new("syscall", [new("getppid", "system call")]),
        new("exit", [new("register", "read of a device register, with its system call")]),
        new("memory", [new("memcpy", "MiB copied"), new("chase", "1024 dependent loads, each from another page of 64 MiB")]),
        new("fault", [new("pagefault", "256 pages mapped, touched and unmapped")]),
        new("process", [new("fork", "fork, exit and wait"), new("exec", "fork, exec, exit and wait")]),
        new("ipc", [new("pipe", "byte to another process and back")]),
        new(Disk, [new("disk_read", "MiB read", true), new("disk_write", "MiB written and synchronised", true)]),
        new(Net, [new("net_receive", "MiB received by TCP", true), new("net_send", "MiB sent by TCP", true), new("net_echo", "ICMP echo by the gateway")]),
    ];

    /// <summary>Reads a list of names.</summary>
    /// <param name="text">The names; null for all that there can be.</param>
    /// <param name="instructionClock">Whether time is derived from instructions: then nothing can wait for the network, which has another time.</param>
    /// <exception cref="UsageException">One is not known, or cannot be.</exception>
    public static IReadOnlyList<GuestWorkload> Parse(string? text, bool instructionClock = false)
    {
        if (text is null)
        {
            return [.. All.Where(workload => workload.Name != Net || !instructionClock)];
        }

        string[] names = text.Split(',');
        if (names.FirstOrDefault(name => All.All(workload => workload.Name != name)) is { } unknown)
        {
            throw new UsageException($"--workloads {text}: '{unknown}' is no workload", $"give some of {string.Join(',', All.Select(workload => workload.Name))}");
        }

        return instructionClock && names.Contains(Net)
            ? throw new UsageException("--workloads net and --icount exclude each other: the time of a network is not derived from instructions", "leave one of them out")
            : [.. All.Where(workload => names.Contains(workload.Name))];
    }

    /// <summary>The commands with which a guest does the workloads, for <c>covejit.run</c>.</summary>
    /// <param name="workloads">The workloads.</param>
    /// <param name="seconds">Seconds that a program is to run, by the guest's clock.</param>
    /// <param name="sourcePort">For <see cref="Net"/>, the port of the host's loopback that sends.</param>
    /// <param name="sinkPort">The one that receives.</param>
    public static string CommandsFor(IEnumerable<GuestWorkload> workloads, double seconds, int sourcePort = 0, int sinkPort = 0)
    {
        string commands = MarkFunction;
        string[] programs = [.. workloads.Where(workload => workload.Name is not (Boot or CoreMark or Disk or Net)).SelectMany(workload => workload.Phases).Select(phase => phase.Name)];
        if (programs.Length > 0)
        {
            commands += $"for p in {string.Join(' ', programs)}; do if [ -x /bench/$p ]; then "
                + string.Create(CultureInfo.InvariantCulture, $"SECONDS_EACH={seconds} /bench/run $p || exit 1; else m {GuestWindows.Missing} $p; fi; done; ");
        }

        if (workloads.Any(workload => workload.Name == CoreMark))
        {
            // Seeds of its performance run, and a fixed number of iterations: it would look for one itself, for ten seconds and more.
            commands += $"if [ -x /bench/{CoreMark} ]; then m start {CoreMark}; "
                + string.Create(CultureInfo.InvariantCulture, $"/bench/{CoreMark} 0 0 102 {Math.Max(1, (int)(CoreMarkIterations * seconds))} || exit 1; ")
                + $"m end {CoreMark}; else m {GuestWindows.Missing} {CoreMark}; fi; ";
        }

        if (workloads.Any(workload => workload.Name is Disk or Net))
        {
            commands += TransferFunction;
        }

        if (workloads.Any(workload => workload.Name == Disk))
        {
            const int Blocks = DiskMegabytes * 16;
            commands += Transfer("disk_read", DiskMegabytes, $"dd if=/dev/vda of=/tmp/d bs=64k count={Blocks} 2>/dev/null")
                + Transfer("disk_write", DiskMegabytes, $"dd if=/tmp/d of=/dev/vda bs=64k seek={Blocks} conv=fsync 2>/dev/null")
                + "sha256sum /tmp/d; ";
        }

        if (workloads.Any(workload => workload.Name == Net))
        {
            commands += $"ip addr add {Address} dev eth0; ip link set eth0 up; "
                + Transfer("net_receive", NetMegabytes, $"nc {Gateway} {sourcePort} </dev/null >/tmp/n")
                + Transfer("net_send", NetMegabytes, $"nc {Gateway} {sinkPort} </tmp/n")
                + Transfer("net_echo", Echoes, $"ping -qAc {Echoes} {Gateway} | grep -q ,.0%")
                + "sha256sum /tmp/n; ";
        }

        return commands + "true";
    }

    private static string Transfer(string phase, int iterations, FormattableString command) =>
        string.Create(CultureInfo.InvariantCulture, $"w {phase} {iterations} '{FormattableString.Invariant(command)}'; ");
}
