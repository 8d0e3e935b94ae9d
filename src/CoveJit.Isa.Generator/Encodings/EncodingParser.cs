using System.Collections.Immutable;
using System.Globalization;

namespace CoveJit.Isa.Generator.Encodings;

/// <summary>Reads the encoding text of a declaration; the language is described at InstructionAttribute.</summary>
internal static class EncodingParser
{
    /// <summary>Parses <paramref name="text"/>; returns null and a message where it is not understood.</summary>
    public static Encoding? Parse(string text, out string error)
    {
        List<Token> tokens = [];
        foreach (string word in text.Split([' '], StringSplitOptions.RemoveEmptyEntries))
        {
            if (ParseToken(word, out error) is not Token token)
            {
                return null;
            }

            tokens.Add(token);
        }

        int width = tokens.Sum(token => token.Width);
        if (width > 32)
        {
            error = "";
            return new Encoding(width, 0, 0, default);
        }

        return Place(tokens, width, out error);
    }

    private static Encoding? Place(List<Token> tokens, int width, out string error)
    {
        uint mask = 0;
        uint match = 0;
        List<Field> fields = [];
        int position = width;
        foreach (Token token in tokens)
        {
            if (token.Kind is not FieldKind kind)
            {
                position -= token.Width;
                mask |= new Segment(position, token.Width, 0).InstructionMask;
                match |= token.Literal << position;
                continue;
            }

            List<Segment> segments = [];
            foreach ((int high, int low) in token.Ranges)
            {
                position -= high - low + 1;
                segments.Add(new Segment(position, high - low + 1, low));
            }

            int known = fields.FindIndex(field => field.Name == token.Name);
            if (known >= 0)
            {
                segments.InsertRange(0, fields[known].Segments);
            }

            if (segments.SelectMany(segment => Enumerable.Range(segment.ValueBit, segment.Width)).GroupBy(bit => bit).Any(bits => bits.Count() > 1))
            {
                error = $"field '{token.Name}' has a bit twice";
                return null;
            }

            Field field = new(token.Name, kind, token.Compact, new(segments.ToImmutableArray()), new(token.Excluded.ToImmutableArray()));
            if (known >= 0)
            {
                fields[known] = field;
            }
            else
            {
                fields.Add(field);
            }
        }

        IGrouping<(Slot, int), Field>? clash = fields.GroupBy(field => (field.Kind.Slot, field.Kind.Shift)).FirstOrDefault(group => group.Count() > 1);
        if (clash is not null)
        {
            error = $"fields '{string.Join("' and '", clash.Select(field => field.Name))}' would be decoded to the same place";
            return null;
        }

        error = "";
        return new Encoding(width, mask, match, new(fields.ToImmutableArray()));
    }

    private static Token? ParseToken(string word, out string error)
    {
        error = "";
        if (word.All(digit => digit is '0' or '1'))
        {
            return word.Length > 32 ? new Token("", null, false, word.Length, 0, [], []) : new Token("", null, false, word.Length, Convert.ToUInt32(word, 2), [], []);
        }

        string rest = word;
        List<int> excluded = [];
        int condition = rest.IndexOf("!=", StringComparison.Ordinal);
        if (condition >= 0)
        {
            foreach (string value in rest.Substring(condition + 2).Trim('{', '}').Split(','))
            {
                if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                {
                    error = $"condition of '{word}' is not a list of numbers";
                    return null;
                }

                excluded.Add(number);
            }

            rest = rest.Substring(0, condition);
        }

        List<(int High, int Low)> ranges = [];
        int bracket = rest.IndexOf('[');
        if (bracket >= 0)
        {
            foreach (string range in rest.Substring(bracket + 1).TrimEnd(']').Split('|'))
            {
                string[] ends = range.Split(':');
                if (!rest.EndsWith("]", StringComparison.Ordinal) || ends.Length > 2 || !TryBit(ends[0], out int high) || !TryBit(ends[ends.Length - 1], out int low) || high < low)
                {
                    error = $"bits of '{word}' are not of the form [7:4|3]";
                    return null;
                }

                ranges.Add((high, low));
            }

            rest = rest.Substring(0, bracket);
        }

        bool compact = rest.EndsWith("'", StringComparison.Ordinal);
        string name = compact ? rest.Substring(0, rest.Length - 1) : rest;
        if (FieldKind.Find(name) is not FieldKind kind)
        {
            error = $"'{name}' is neither a field name nor literal bits";
            return null;
        }

        if (compact && !(kind.Slot is Slot.Rd or Slot.Rs1 or Slot.Rs2 && kind.Width == 5 && ranges.Count == 0))
        {
            error = $"'{word}' cannot be a three-bit register";
            return null;
        }

        if (ranges.Count == 0)
        {
            if (kind.Width == 0)
            {
                error = $"'{word}' needs its bits in brackets";
                return null;
            }

            ranges.Add(((compact ? 3 : kind.Width) - 1, 0));
        }

        return new Token(name, kind, compact, ranges.Sum(range => range.High - range.Low + 1), 0, ranges, excluded);
    }

    private static bool TryBit(string text, out int bit) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bit) && bit < 32;

    private sealed record Token(string Name, FieldKind? Kind, bool Compact, int Width, uint Literal, List<(int High, int Low)> Ranges, List<int> Excluded);
}
