namespace CoveJit.Fuzz.Generation;

/// <summary>A whole program: which segments, under which machine profile. A pure function of seed, index and mix.</summary>
public sealed record GeneratedProgram(ulong Seed, int Index, MachineProfile Profile, IReadOnlyList<Segment> Segments)
{
    private const int SegmentInstructions = 60;
    private const int MaximumInstructions = 50_000;
    private const int AddressSpaces = 16;

    public int InstructionCount => Segments.Sum(s => s.InstructionCount);

    public static GeneratedProgram Generate(ulong seed, int index, Mix mix, int instructions)
    {
        Rng rng = new(new Rng(seed).Next() ^ ((ulong)index * 0xD6E8_FEB8_6659_FD93));
        MachineProfile profile = index % 2 == 0 ? MachineProfile.Plain : MachineProfile.Extended;
        List<AddressSpace> spaces = [];
        if (mix.HasFlag(Mix.Paging))
        {
            for (int i = 0; i < AddressSpaces; i++)
            {
                spaces.Add(new AddressSpace(rng, i, user: i % 2 == 0, profile));
            }
        }

        List<Segment> segments = [];
        for (int made = 0; made < Math.Min(instructions, MaximumInstructions);)
        {
            bool paged = spaces.Count > 0 && (rng.Chance(30) || mix == Mix.Paging);
            Segment segment = new SegmentGenerator(rng, mix, paged ? rng.Pick(spaces) : null).Generate(SegmentInstructions);
            made += segment.InstructionCount;
            segments.Add(segment);
        }

        return new GeneratedProgram(seed, index, profile, segments);
    }
}
