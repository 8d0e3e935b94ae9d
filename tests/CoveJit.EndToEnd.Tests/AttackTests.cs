using System.Text.Json;

namespace CoveJit.EndToEnd.Tests;

/// <summary><c>covejit attack</c>: the guest attacks, and tells what stopped it; here that it tried everything, and that the plain column shows that it can succeed.</summary>
public sealed class AttackTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [FileFact(Hypervisor.Compiler)]
    public void Every_attack_is_stopped_as_expected_and_succeeds_on_a_plain_virtual_machine()
    {
        string json = _directory.File("attacks.json");
        (int code, string output, string error) = CoveJitProcess.Run(600, "attack", "--json", json);
        Assert.True(code == 0, output + error);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        JsonElement[] attacks = [.. document.RootElement.GetProperty("attacks").EnumerateArray()];
        Assert.Equal(36, attacks.Length);
        foreach (JsonElement attack in attacks)
        {
            Assert.Equal("stopped", attack.GetProperty("confidential").GetString());
            Assert.Equal(attack.GetProperty("expected").GetString(), attack.GetProperty("observed").GetString());
            Assert.True(attack.GetProperty("attempts").GetInt32() > 0);
        }

        // Those that have no counterpart are of what only the TSM has: calls, streams, connections with devices.
        Assert.Equal(
            ["call-as-guest", "malformed-calls", "wrong-stream", "tamper-spdm", "lying-responder"],
            attacks.Where(attack => attack.GetProperty("plain").GetString() == "none").Select(attack => attack.GetProperty("attack").GetString()!));
        Assert.All(
            attacks.Where(attack => attack.GetProperty("plain").GetString() != "none"),
            attack => Assert.Equal("succeeded", attack.GetProperty("plain").GetString()));
        Assert.InRange(attacks.Single(attack => attack.GetProperty("attack").GetString() == "malformed-calls").GetProperty("attempts").GetInt32(), 4000, 5000);
    }

    [FileFact(Hypervisor.Compiler)]
    public void One_attack_can_be_made_alone_and_an_unknown_one_is_a_mistake()
    {
        (int code, string output, string error) = CoveJitProcess.Run(120, "attack", "--only", "device-dma");
        Assert.True(code == 0, output + error);
        Assert.Contains("1 attacks, 4 attempts", output, StringComparison.Ordinal);
        Assert.DoesNotContain("host-reads", output, StringComparison.Ordinal);
        (code, output, error) = CoveJitProcess.Run(120, "attack", "--only", "host-read");
        Assert.Equal((2, string.Empty), (code, output));
        Assert.Contains("there is no attack 'host-read'; did you mean 'host-reads'?", error, StringComparison.Ordinal);
    }

    [FileFact(Hypervisor.Compiler)]
    public void Somebody_on_the_link_is_stopped_by_IDE_and_is_not_without_it()
    {
        (int code, string output, string error) = CoveJitProcess.Run(120, "attack", "--only", "flip-tlp");
        Assert.True(code == 0, output + error);
        Assert.Matches(@"flip-tlp\s+IDE\s+IDE\s+stopped\s+succeeded", output);
    }

    [FileFact(Hypervisor.Compiler)]
    public void The_list_and_the_documentation_have_the_same_attacks()
    {
        (int code, string output, string error) = CoveJitProcess.Run(120, "attack", "--list");
        Assert.True(code == 0, error);
        string[] listed = [.. output.Split('\n').Where(line => line.Length > 2 && line[..2] == "  " && line[2] != ' ').Select(line => line.TrimStart().Split(' ')[0]).Where(word => word.Contains('-', StringComparison.Ordinal))];
        Assert.Contains("host-reads", listed);
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "CoveJit.sln")))
        {
            root = root.Parent;
        }

        string[] documented = [.. File.ReadLines(Path.Combine(root!.FullName, "docs", "attacks.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1])];
        Assert.Equal(documented, listed);
    }
}
