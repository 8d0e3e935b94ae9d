using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using CoveJit.Benchmarks;

// Short jobs in this process: the whole set takes about a minute. Arguments are BenchmarkDotNet's own, for example --filter '*Tlb*'.
ManualConfig config = DefaultConfig.Instance
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .AddColumn(new MipsColumn())
    .WithOptions(ConfigOptions.DisableLogFile)
    .HideColumns(Column.Error, Column.StdDev);
BenchmarkSwitcher.FromAssembly(typeof(BareHart).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, config);
