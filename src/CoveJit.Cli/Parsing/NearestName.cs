namespace CoveJit.Cli.Parsing;

/// <summary>Finds what the user probably meant to type.</summary>
internal static class NearestName
{
    /// <summary>The candidate with the fewest edits to the word, or null if none is near: at most a third of the word may differ.</summary>
    public static string? Find(string word, IEnumerable<string> candidates)
    {
        string bare = word.TrimStart('-');
        string? nearest = null;
        int fewest = Math.Max(1, bare.Length / 3) + 1;
        foreach (string candidate in candidates)
        {
            int edits = Distance(bare, candidate.TrimStart('-'));
            if (edits < fewest)
            {
                fewest = edits;
                nearest = candidate;
            }
        }

        return nearest;
    }

    // Levenshtein's distance, with a swap of neighbours counted once.
    private static int Distance(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                int change = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }
}
