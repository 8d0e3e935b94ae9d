using CoveJit.Fuzz;
using CoveJit.Fuzz.Comparison;
using CoveJit.Fuzz.Targets;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine(Options.Usage);
    return 0;
}

try
{
    Options options = Options.Parse(args);
    return new Campaign(options, Target(options.TargetA, options), Target(options.TargetB, options), Console.Out).Run() == 0 ? 0 : 1;
}
catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException or System.ComponentModel.Win32Exception)
{
    Console.Error.WriteLine($"covejit-fuzz: {e.Message}");
    return 2;
}

static ITarget Target(string name, Options options) => name switch
{
    "qemu" => new QemuTarget(options.Qemu),
    "covejit" => new CoveJitTarget(options.CoveJit, options.Loops > 1 ? ["--hot", "2", .. options.CoveJitArguments] : options.CoveJitArguments),
    _ => throw new ArgumentException($"A target is qemu or covejit, not '{name}'."),
};
