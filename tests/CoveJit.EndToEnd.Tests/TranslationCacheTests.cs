using System.Text.Json;

namespace CoveJit.EndToEnd.Tests;

/// <summary>A second boot starts with the native code of the first.</summary>
public sealed class TranslationCacheTests : IDisposable
{
    private const int BootSeconds = 240;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [GuestFact]
    public void A_second_boot_translates_next_to_nothing_and_is_the_same()
    {
        (string first, JsonElement cold) = Boot();
        (string second, JsonElement warm) = Boot();
        Assert.Equal(first, second);
        Assert.Equal(cold.GetProperty("harts")[0].GetProperty("instructions").GetInt64(), warm.GetProperty("harts")[0].GetProperty("instructions").GetInt64());
        long translated = cold.GetProperty("blocksTranslated").GetInt64();

        // A few are translated again, when a region that took their place is let go.
        Assert.InRange(cold.GetProperty("cacheAdditions").GetInt64(), translated - (translated / 100), translated);
        Assert.InRange(warm.GetProperty("blocksCached").GetInt64(), translated * 9 / 10, long.MaxValue);
        Assert.InRange(warm.GetProperty("blocksTranslated").GetInt64(), 0, translated / 20);
    }

    [GuestFact]
    public void A_cache_that_others_could_have_written_is_refused()
    {
        string cache = _directory.File("cache");
        Directory.CreateDirectory(cache, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.SetUnixFileMode(cache, File.GetUnixFileMode(cache) | UnixFileMode.OtherWrite);
        (int code, _, string error) = CoveJitProcess.Run(BootSeconds, "run", "--guest", DefaultGuest.DescriptionFile, "--cache", cache);
        Assert.Equal(1, code);
        Assert.Equal($"covejit: --cache {cache} cannot hold translations, since others may write to it; give a directory of your own, or --cache off\n", error);
    }

    // By instruction count, so that two runs are the same in all that they do.
    private (string Output, JsonElement Statistics) Boot()
    {
        string statistics = _directory.File("stats.json");
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, "run", "--guest", DefaultGuest.DescriptionFile, "--icount", "--append", "covejit.run=\"date; cat /proc/uptime\"", "--cache", _directory.File("own"), "--stats", statistics);
        Assert.Equal((0, string.Empty), (code, error));
        return (output, JsonDocument.Parse(File.ReadAllBytes(statistics)).RootElement);
    }
}
