using System.Globalization;
using CoveJit.Cli.Parsing;
using CoveJit.Machines.Loading;

namespace CoveJit.Cli.Comparison;

/// <summary>What the guest is told to do with the matrix engine, or with its own processor, and what has to come out.</summary>
internal static class MatrixWorkload
{
    /// <summary>The only pattern; its size is that of each of the three matrices, which are square and of 32-bit integers.</summary>
    public const string Multiply = "multiply";

    /// <summary>Largest size in bytes: a matrix lies in one huge page of the guest.</summary>
    public const long MostSize = 2 << 20;

    /// <summary>Says that the guest is too old.</summary>
    public const string Missing = "covejit: no /bench/matrix";

    private const int Matrices = 3;

    /// <summary>Reads lists of sizes and of patterns.</summary>
    /// <param name="sizes">The sizes.</param>
    /// <param name="patterns">The patterns; null for all, which is one.</param>
    /// <exception cref="UsageException">One is not known, or is no size of a matrix.</exception>
    public static IReadOnlyList<IoPhase> Parse(string sizes, string? patterns) =>
        patterns is not null and not Multiply
            ? throw new UsageException($"--pattern {patterns}: an accelerator knows '{Multiply}' alone", "leave --pattern out")
            : [.. sizes.Split(',').Select(text => new IoPhase(Multiply, ParseSize(text)))];

    /// <summary>Bytes of the three matrices of a product: less than three times the size where no square matrix has that.</summary>
    public static long BytesOfProduct(long size) => Matrices * sizeof(uint) * (long)Rows(size) * Rows(size);

    /// <summary>The commands for <c>covejit.run</c>.</summary>
    /// <param name="phases">What is measured.</param>
    /// <param name="usesEngine">Whether the engine multiplies, and not the guest's processor.</param>
    /// <param name="seed">What the numbers are functions of.</param>
    /// <param name="seconds">Seconds of each phase, by the guest's clock.</param>
    public static string CommandsFor(IReadOnlyList<IoPhase> phases, bool usesEngine, ulong seed, double seconds) =>
        $"[ -x /bench/matrix ] || {{ echo {Missing}; exit 0; }}; "
        + string.Create(CultureInfo.InvariantCulture, $"/bench/matrix {(usesEngine ? "engine" : "processor")} {seed} {seconds} ")
        + string.Join(' ', phases.Select(phase => phase.Size.ToString(CultureInfo.InvariantCulture)));

    /// <summary>What the guest prints of a phase's product.</summary>
    public static string ProductLine(IoPhase phase, ulong seed) => $$"""{"product":"{{phase.Name}}","digest":"{{Digest(phase.Size, seed)}}"}""";

    // Of the product that guest/io/matrix.c computes.
    private static string Digest(long size, ulong seed)
    {
        int n = Rows(size);
        uint[] a = new uint[n * n];
        uint[] b = new uint[n * n];
        for (int i = 0; i < a.Length; i++)
        {
            ulong word = IoWorkload.WordAt(seed, (long)i * sizeof(ulong));
            (a[i], b[i]) = ((uint)word, (uint)(word >> 32));
        }

        Fnv digest = new();
        uint[] row = new uint[n];
        for (int i = 0; i < n; i++)
        {
            row.AsSpan().Clear();
            for (int k = 0; k < n; k++)
            {
                uint factor = a[(i * n) + k];
                ReadOnlySpan<uint> terms = b.AsSpan(k * n, n);
                for (int j = 0; j < terms.Length; j++)
                {
                    row[j] = unchecked(row[j] + (factor * terms[j]));
                }
            }

            foreach (uint number in row)
            {
                digest.Add(number);
            }
        }

        return digest.ToString();
    }

    private static int Rows(long size) => (int)Math.Sqrt(size / sizeof(uint));

    private static long ParseSize(string text) =>
        ByteSize.TryParse(text, 1, out ulong size) && size is >= sizeof(uint) and <= (ulong)MostSize
            ? (long)size
            : throw new UsageException($"--sizes: '{text}' is no size of a matrix", "give 4 bytes to 2m, for example 4k,64k,1m");
}
