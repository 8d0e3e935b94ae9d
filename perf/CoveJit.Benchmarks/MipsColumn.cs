using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace CoveJit.Benchmarks;

/// <summary>Million operations a second: guest instructions where an operation is one.</summary>
internal sealed class MipsColumn : IColumn
{
    private const double NanosecondsPerMicrosecond = 1000;

    public string Id => nameof(MipsColumn);

    public string ColumnName => "Mop/s";

    public string Legend => "Million operations (guest instructions, accesses, decodes) a second";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Statistics;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, SummaryStyle.Default);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
        summary[benchmarkCase]?.ResultStatistics is { } statistics
            ? (NanosecondsPerMicrosecond / statistics.Mean).ToString("F1", CultureInfo.InvariantCulture)
            : "-";
}
