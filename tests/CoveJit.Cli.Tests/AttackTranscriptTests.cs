using CoveJit.Cli.Attacks;
using CoveJit.Machines.Loading;

namespace CoveJit.Cli.Tests;

/// <summary>What <c>guest/attack</c> writes, read; and when a row is as expected.</summary>
public sealed class AttackTranscriptTests
{
    private const string Row =
        """{"attack":"host-reads","description":"The host loads","expected":"load access fault","observed":"load access fault","confidential":"stopped","plain":"succeeded","attempts":2}""";

    [Fact]
    public void Rows_and_evidence_are_told_apart()
    {
        (IReadOnlyList<AttackResult> attacks, IReadOnlyList<AttackEvidence> evidence) =
            AttackTranscript.Parse($"{{\"evidence\":\"genuine\",\"certificate\":\"d284\"}}\n{Row}\n\r\n");
        Assert.Equal(new AttackEvidence("genuine", "d284"), Assert.Single(evidence));
        Assert.Equal(
            new AttackResult("host-reads", "The host loads", "load access fault", "load access fault", AttackOutcome.Stopped, AttackOutcome.Succeeded, 2),
            Assert.Single(attacks));
    }

    [Fact]
    public void A_row_of_the_list_has_no_results()
    {
        AttackResult row = Assert.Single(AttackTranscript.Parse("""{"attack":"a","description":"b","expected":"c"}""").Attacks);
        Assert.Equal((AttackOutcome.None, null, false), (row.Confidential, row.Observed, row.IsAsExpected));
    }

    [Theory]
    [InlineData("stopped", "load access fault", "succeeded", true)]
    [InlineData("stopped", "load access fault", "none", true)]
    [InlineData("stopped", "load access fault", "stopped", false)] // it shows nothing
    [InlineData("stopped", "ignored", "succeeded", false)] // by another mechanism
    [InlineData("stopped", "load access fault, ignored", "succeeded", false)]
    [InlineData("succeeded", "load access fault", "succeeded", false)]
    [InlineData("none", "load access fault", "succeeded", false)] // nothing was tried
    public void Everything_has_to_be_stopped_by_what_is_expected(string confidential, string observed, string plain, bool expected)
    {
        string line = Row.Replace("\"observed\":\"load access fault\"", $"\"observed\":\"{observed}\"", StringComparison.Ordinal)
            .Replace("\"stopped\"", $"\"{confidential}\"", StringComparison.Ordinal)
            .Replace("\"succeeded\",\"attempts\"", $"\"{plain}\",\"attempts\"", StringComparison.Ordinal);
        if (confidential == "succeeded")
        {
            line = Row.Replace("\"stopped\"", "\"succeeded\"", StringComparison.Ordinal);
        }

        Assert.Equal(expected, Assert.Single(AttackTranscript.Parse(line).Attacks).IsAsExpected);
    }

    [Theory]
    [InlineData("""{"failure":"the host itself trapped"}""", "could not go on: the host itself trapped")]
    [InlineData("trap 5 at 2149580800 value 0", "went astray: trap 5 at")]
    [InlineData("""{"attack":"a","description":"b","expected":"c","confidential":"perhaps"}""", "went astray")]
    [InlineData("""{"attack":"a"}""", "went astray")]
    [InlineData("""{"attack":1,"description":"b","expected":"c"}""", "went astray")]
    [InlineData("[]", "went astray")]
    public void What_the_program_never_says_is_refused(string text, string cause) =>
        Assert.Contains(cause, Assert.Throws<LoadException>(() => AttackTranscript.Parse($"{Row}\n{text}\n")).Message, StringComparison.Ordinal);
}
