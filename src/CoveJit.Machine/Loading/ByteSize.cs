using System.Globalization;

namespace CoveJit.Machines.Loading;

/// <summary>Sizes in bytes as people write and read them: binary units, K = 1024.</summary>
public static class ByteSize
{
    private const string Units = "KMGT";

    /// <summary>Parses <c>1G</c>, <c>512M</c>, <c>1.5GiB</c>, <c>64k</c> or a plain number.</summary>
    /// <param name="text">The text; case does not matter.</param>
    /// <param name="plainUnit">Bytes that one unit of a plain number stands for (QEMU's <c>-m</c>: one MiB).</param>
    /// <param name="bytes">The size.</param>
    /// <returns>False if the text is no size, is negative, or exceeds 2^63.</returns>
    public static bool TryParse(string text, ulong plainUnit, out ulong bytes)
    {
        bytes = 0;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        int end = 0;
        while (end < rest.Length && (char.IsAsciiDigit(rest[end]) || rest[end] == '.'))
        {
            end++;
        }

        if (end == 0 || !decimal.TryParse(rest[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
        {
            return false;
        }

        ReadOnlySpan<char> suffix = rest[end..];
        decimal unit;
        if (suffix.IsEmpty)
        {
            unit = plainUnit;
        }
        else if (suffix.Equals("B", StringComparison.OrdinalIgnoreCase))
        {
            unit = 1;
        }
        else
        {
            int index = Units.IndexOf(char.ToUpperInvariant(suffix[0]), StringComparison.Ordinal);
            ReadOnlySpan<char> tail = suffix[1..];
            if (index < 0 || !(tail.IsEmpty || tail.Equals("B", StringComparison.OrdinalIgnoreCase) || tail.Equals("iB", StringComparison.OrdinalIgnoreCase)))
            {
                return false;
            }

            unit = 1UL << (10 * (index + 1));
        }

        // Bounded before the product, so that decimal itself cannot overflow.
        if (number > long.MaxValue / unit)
        {
            return false;
        }

        decimal product = number * unit;
        bytes = (ulong)product;
        return bytes == product;
    }

    /// <summary>The size in the largest unit that keeps it short: <c>512 MiB</c>, <c>1.5 GiB</c>, <c>37 bytes</c>.</summary>
    public static string Format(ulong bytes)
    {
        if (bytes < 1024)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes");
        }

        int index = 0;
        double value = bytes / 1024.0;
        while (value >= 1024 && index < Units.Length - 1)
        {
            value /= 1024;
            index++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[index]}iB");
    }
}
