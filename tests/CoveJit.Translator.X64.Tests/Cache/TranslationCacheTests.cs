using CoveJit.Isa;
using CoveJit.Translator.X64.Cache;

namespace CoveJit.Translator.X64.Tests.Cache;

/// <summary>The file: what is stored is found, and what is damaged, foreign or unsafe is not.</summary>
public sealed class TranslationCacheTests : IDisposable
{
    private static readonly TranslatorVersion Version = new(1, 2, 3, 4);
    private static readonly byte[] Page = new byte[0x1000];

    private readonly TemporaryCache _cache = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public void What_was_saved_is_found_with_its_neighbours()
    {
        Sample[] samples = [.. Enumerable.Range(0, 1000).Select(Sample.Make)];
        Save(samples);
        using TranslationCache cache = new(_cache.Directory, Version);
        Assert.Null(cache.WhyEmpty);
        foreach (Sample sample in samples)
        {
            Assert.True(sample.IsIn(cache, out int neighbours));
            Assert.Equal(samples.Count(other => other.Table == sample.Table), neighbours);
        }

        Assert.False(Sample.Make(1001).IsIn(cache, out _));
    }

    [Fact]
    public void A_second_run_adds_to_the_first_and_changes_nothing()
    {
        Save([.. Enumerable.Range(0, 100).Select(Sample.Make)]);
        Save([.. Enumerable.Range(50, 100).Select(Sample.Make)]);
        using TranslationCache cache = new(_cache.Directory, Version);
        Assert.All(Enumerable.Range(0, 150), number => Assert.True(Sample.Make(number).IsIn(cache, out _)));
    }

    [Fact]
    public void Little_news_does_not_write_the_file_anew()
    {
        using TranslationCache cache = new(_cache.Directory, Version);
        Sample.Make(1).AddTo(cache);
        Assert.Null(cache.Save());
        Assert.Empty(Directory.GetFiles(_cache.Path));
    }

    // Wherever a bit is flipped: a block is found as it was, or not at all.
    [Fact]
    public void Damage_anywhere_loses_blocks_and_makes_none()
    {
        Sample[] samples = [.. Enumerable.Range(0, 600).Select(Sample.Make)];
        Save(samples);
        byte[] good = File.ReadAllBytes(_cache.File);
        Random random = new(2026);
        int lost = 0;
        for (int round = 0; round < 300; round++)
        {
            // Header, chunks and index alike; now and then several.
            byte[] bad = [.. good];
            int position = (round % 3) switch
            {
                0 => random.Next(CacheHeader.Size),
                1 => random.Next(good.Length),
                _ => good.Length - 1 - random.Next(4000),
            };
            for (int i = 0; i < 1 + (round % 5); i++)
            {
                bad[Math.Min(position + i, bad.Length - 1)] ^= (byte)(1 << random.Next(8));
            }

            lost += LostBy(bad, samples);
        }

        Assert.InRange(lost, 1, int.MaxValue);
    }

    [Fact]
    public void A_file_of_any_other_length_is_not_used()
    {
        Sample[] samples = [.. Enumerable.Range(0, 200).Select(Sample.Make)];
        Save(samples);
        byte[] good = File.ReadAllBytes(_cache.File);
        Random random = new(2027);
        int[] lengths = [0, 1, CacheHeader.Size - 1, CacheHeader.Size, good.Length - 1, good.Length + 1, .. Enumerable.Range(0, 50).Select(_ => random.Next(good.Length))];
        foreach (int length in lengths)
        {
            byte[] bad = new byte[length];
            good.AsSpan(0, Math.Min(length, good.Length)).CopyTo(bad);
            Assert.Equal(samples.Length, LostBy(bad, samples));
        }
    }

    [Fact]
    public void A_damaged_file_is_replaced()
    {
        Save([.. Enumerable.Range(0, 100).Select(Sample.Make)]);
        File.WriteAllBytes(_cache.File, new byte[5000]);
        using (TranslationCache damaged = new(_cache.Directory, Version))
        {
            Assert.Equal("it is damaged", damaged.WhyEmpty);
        }

        Save([Sample.Make(7)]);
        using TranslationCache cache = new(_cache.Directory, Version);
        Assert.Null(cache.WhyEmpty);
        Assert.True(Sample.Make(7).IsIn(cache, out _));
    }

    [Fact]
    public void Another_version_has_a_file_of_its_own_and_believes_no_other()
    {
        Save([Sample.Make(1)]);
        TranslatorVersion other = new(5, 6, 7, 8);
        using (TranslationCache cache = new(_cache.Directory, other))
        {
            Assert.Null(cache.WhyEmpty);
            Assert.False(Sample.Make(1).IsIn(cache, out _));
        }

        File.Copy(_cache.File, Path.Combine(_cache.Path, other.FileName));
        using TranslationCache renamed = new(_cache.Directory, other);
        Assert.Equal("another version wrote it", renamed.WhyEmpty);
        Assert.False(Sample.Make(1).IsIn(renamed, out _));
    }

    [Fact]
    public void Files_of_others_and_files_that_others_may_write_are_not_used()
    {
        Save([Sample.Make(1)]);
        File.SetUnixFileMode(_cache.File, File.GetUnixFileMode(_cache.File) | UnixFileMode.GroupWrite);
        using TranslationCache cache = new(_cache.Directory, Version);
        Assert.Equal("others may write to it", cache.WhyEmpty);
        Assert.False(Sample.Make(1).IsIn(cache, out _));
    }

    [Fact]
    public void Everything_is_for_the_user_alone()
    {
        Save([Sample.Make(1)]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_cache.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_cache.File));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_directory_that_others_may_write_is_refused(UnixFileMode more)
    {
        File.SetUnixFileMode(_cache.Path, File.GetUnixFileMode(_cache.Path) | more);
        Assert.Contains("others may write to it", Assert.Throws<IOException>(() => new CacheDirectory(_cache.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_no_directory()
    {
        string path = Path.Combine(_cache.Path, "file");
        File.WriteAllText(path, "");
        Assert.Contains("cannot be made a directory", Assert.Throws<IOException>(() => new CacheDirectory(path)).Message, StringComparison.Ordinal);
    }

    // Processes write as it comes. Some may find another one writing, and give up; what is there at the end is whole.
    [Fact]
    public async Task Writers_at_the_same_time_leave_a_whole_file()
    {
        const int Writers = 8;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            for (int round = 0; round < 10; round++)
            {
                Save([.. Enumerable.Range((writer * 1000) + (round * 20), 20).Select(Sample.Make)]);
            }
        })));
        Save([Sample.Make(99_999)]);
        using TranslationCache cache = new(_cache.Directory, Version);
        Assert.Null(cache.WhyEmpty);
        Assert.True(Sample.Make(99_999).IsIn(cache, out _));
        Assert.InRange(Enumerable.Range(0, Writers * 1000).Count(number => Sample.Make(number).IsIn(cache, out _)), 20, Writers * 200);
        Assert.Empty(Directory.GetFiles(_cache.Path, "*.tmp"));
    }

    // What was used last stays, in a directory that has room for so much only.
    [Fact]
    public void What_a_run_has_used_goes_to_the_front()
    {
        const int CodeLength = 12_000;
        int most = (int)(CacheFormat.MaximumSize / (CodeLength + 200));
        Sample[] samples = [.. Enumerable.Range(0, most + 200).Select(number => Sample.OfLength(number, CodeLength))];
        Save(samples[..^200]);
        using (TranslationCache cache = new(_cache.Directory, Version))
        {
            Assert.True(samples[most / 2].IsIn(cache, out _));
            Array.ForEach(samples[^200..], sample => sample.AddTo(cache));
            Assert.Null(cache.Save(least: 1));
        }

        Assert.InRange(new FileInfo(_cache.File).Length, CacheFormat.MaximumSize * 3 / 4, CacheFormat.MaximumSize);
        using TranslationCache after = new(_cache.Directory, Version);
        Assert.True(samples[^1].IsIn(after, out _));
        Assert.True(samples[most / 2].IsIn(after, out _));
        Assert.Contains(samples, sample => !sample.IsIn(after, out _));
    }

    private void Save(Sample[] samples)
    {
        using TranslationCache cache = new(_cache.Directory, Version);
        Array.ForEach(samples, sample => sample.AddTo(cache));
        Assert.Null(cache.Save(least: 1));
    }

    private int LostBy(byte[] content, Sample[] samples)
    {
        File.WriteAllBytes(_cache.File, content);
        using TranslationCache cache = new(_cache.Directory, Version);
        return samples.Count(sample => !sample.IsIn(cache, out _));
    }

    /// <summary>A block that is made up: any number gives one of its own.</summary>
    private sealed unsafe record Sample(int Table, int Offset, DecodedInstruction[] Instructions, byte[] Code, Relocation[] Relocations)
    {
        private const int BlocksInPage = 20;

        public static Sample Make(int number) => OfLength(number, 0);

        public static Sample OfLength(int number, int codeLength)
        {
            Random random = new(number);
            DecodedInstruction[] instructions = [.. Enumerable.Range(0, random.Next(4, 40)).Select(_ => new DecodedInstruction { Op = Op.Addi, Imm = random.Next(), Raw = (uint)random.Next(), Length = 4 })];
            byte[] code = new byte[codeLength == 0 ? random.Next(20, 2000) : codeLength];
            random.NextBytes(code.AsSpan(0, code.Length - 4)); // what is relocated is not kept
            return new Sample(number / BlocksInPage, number % BlocksInPage * 128, instructions, code, [.. Enumerable.Range(0, random.Next(8)).Select(i => Relocation.Of(code.Length - 4, RelocationKind.OwnBlock, i)!.Value)]);
        }

        public void AddTo(TranslationCache cache) => cache.Add(Table + 1, Offset, Instructions, Page, Code, Relocations);

        /// <summary>Whether it is there; if it is, it must be what it was.</summary>
        public bool IsIn(TranslationCache cache, out int neighbours)
        {
            BlockRecord* record = cache.Find(Offset, Instructions, Page, out RecordGroup group);
            neighbours = 0;
            foreach (nint _ in group)
            {
                neighbours++;
            }

            if (record == null)
            {
                return false;
            }

            Assert.Equal(Code, BlockRecord.CodeOf(record).ToArray());
            Assert.Equal(Relocations, BlockRecord.RelocationsOf(record).ToArray());
            return true;
        }
    }
}
