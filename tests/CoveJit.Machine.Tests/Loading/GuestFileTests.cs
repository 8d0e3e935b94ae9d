using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Tests.Loading;

public sealed class GuestFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("covejit-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Content_is_read_whole()
    {
        string path = Path.Combine(_directory.FullName, "file");
        byte[] content = [1, 2, 3, 4];
        File.WriteAllBytes(path, content);
        Assert.Equal(content, GuestFile.Read("--kernel", path, 4).Content.ToArray());
        Assert.Contains("larger than the guest's memory (3 bytes)", Refusal(path, 3), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_readable_file_is_named()
    {
        string empty = Path.Combine(_directory.FullName, "empty");
        File.WriteAllBytes(empty, []);
        Assert.Contains("does not exist", Refusal(Path.Combine(_directory.FullName, "none"), 100), StringComparison.Ordinal);
        Assert.Contains("does not exist", Refusal(Path.Combine(_directory.FullName, "none", "none"), 100), StringComparison.Ordinal);
        Assert.Contains("is a directory", Refusal(_directory.FullName, 100), StringComparison.Ordinal);
        Assert.Contains("is empty", Refusal(empty, 100), StringComparison.Ordinal);
        Assert.Throws<LoadException>(() => GuestFile.Read("--kernel", "", 100));
        Assert.Throws<LoadException>(() => GuestFile.Read("--kernel", "a\0b", 100));
    }

    [Fact]
    public void An_endless_file_ends_at_the_limit() =>
        Assert.Contains("larger than the guest's memory (3 MiB)", Refusal("/dev/zero", 3 << 20), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_too_large_for_any_machine_is_not_said_to_be_larger_than_its_memory()
    {
        string path = Path.Combine(_directory.FullName, "sparse");
        using (FileStream file = File.Create(path))
        {
            file.SetLength(3L << 30);
        }

        Assert.Contains("larger than 2 GiB", Refusal(path, 1UL << 40), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1G", 1UL << 30)]
    [InlineData("512M", 512UL << 20)]
    [InlineData("1.5g", 1536UL << 20)]
    [InlineData("2GiB", 2UL << 30)]
    [InlineData("64kB", 64UL << 10)]
    [InlineData("4096B", 4096UL)]
    [InlineData("256", 256UL << 20)]
    public void Sizes_are_read_as_people_write_them(string text, ulong expected)
    {
        Assert.True(ByteSize.TryParse(text, 1 << 20, out ulong bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("-1G")]
    [InlineData("1X")]
    [InlineData("1GG")]
    [InlineData("1..5G")]
    [InlineData("0.3B")]
    [InlineData("99999999999999999999999999999999999G")]
    [InlineData("9223372036854775807T")]
    public void What_is_no_size_is_refused(string text) => Assert.False(ByteSize.TryParse(text, 1 << 20, out _));

    private static string Refusal(string path, ulong limit) => Assert.Throws<LoadException>(() => GuestFile.Read("--kernel", path, limit)).Message;
}
