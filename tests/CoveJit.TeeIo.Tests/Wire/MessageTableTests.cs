using System.Globalization;
using System.Text;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tests.Wire;

/// <summary>The declarations against the page made from them.</summary>
public sealed class MessageTableTests
{
    [Fact]
    public void Every_message_has_its_own_code()
    {
        foreach (IReadOnlyList<MessageDeclaration> table in new[] { SpdmMessageTable.All, TdispMessage.All, IdeKmMessage.All })
        {
            Assert.Equal(table.Count, table.Select(static d => d.Code).Distinct().Count());
            Assert.Equal(table.Count, table.Select(static d => d.Name).Distinct().Count());
        }
    }

    [Fact]
    public void The_page_in_docs_is_up_to_date()
    {
        string path = Path.Combine(FindRoot(), "docs", "spdm-messages.md");
        string expected = Render();
        if (Environment.GetEnvironmentVariable("COVEJIT_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, expected);
        }

        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == expected,
            "docs/spdm-messages.md differs from the declarations; run the tests with COVEJIT_UPDATE_DOCS=1");
    }

    private static string Render()
    {
        StringBuilder page = new();
        page.Append(
            """
            # Messages of TEE-IO

            Made from the declarations in `src/CoveJit.TeeIo` by `MessageTableTests`; to bring it up to date, run
            `COVEJIT_UPDATE_DOCS=1 dotnet test tests/CoveJit.TeeIo.Tests`. After each field is its size in bytes; H is the size of a digest,
            S of a signature, D of exchange data. Numbers are little-endian. Fields in brackets are there under the condition in front.
            Reserved fields are written as zero and ignored when read. Everything else is checked: sizes exactly, and the rules in the last
            column.


            """);
        Append(page, "SPDM 1.2 (DSP0274)", SpdmMessageTable.All, headerFields: 2);
        page.Append(
            """
            Everything else is refused with UnsupportedRequest: CHUNK_SEND and CHUNK_GET, PSK_EXCHANGE and PSK_FINISH,
            GET_ENCAPSULATED_REQUEST and DELIVER_ENCAPSULATED_RESPONSE (mutual authentication), GET_CSR, SET_CERTIFICATE.


            """);
        Append(page, "TDISP 1.0 (PCIe)", TdispMessage.All, headerFields: 5);
        page.Append("The responder refuses BIND_P2P_STREAM, UNBIND_P2P_STREAM, SET_MMIO_ATTRIBUTE and VDM requests with UNSUPPORTED_REQUEST.\n\n");
        Append(page, "IDE_KM (PCIe)", IdeKmMessage.All, headerFields: 1);
        Append(
            page,
            "Structures",
            [
                new("DOE data object", 0, static () => new DataObject()),
                new("DOE discovery request", 0, static () => new DiscoveryRequest()),
                new("DOE discovery response", 0, static () => new DiscoveryResponse()),
                new("TDISP device interface report", 0, static () => new TdispReport()),
            ]);
        return page.ToString().ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
    }

    private static void Append(StringBuilder page, string title, IReadOnlyList<MessageDeclaration> table, int headerFields = 0)
    {
        bool coded = headerFields > 0;
        page.Append(CultureInfo.InvariantCulture, $"## {title}\n\n");
        if (coded)
        {
            page.Append(CultureInfo.InvariantCulture, $"Every message begins with: {string.Join(", ", table[0].Fields.Take(headerFields))}.\n\n");
        }

        page.Append(coded ? "| code | message | fields | rules |\n|---|---|---|---|\n" : "| structure | fields | rules |\n|---|---|---|\n");
        foreach (MessageDeclaration d in table)
        {
            string code = coded ? $"0x{d.Code:X2} | " : string.Empty;
            page.Append(CultureInfo.InvariantCulture, $"| {code}{d.Name} | {string.Join(", ", d.Fields.Skip(headerFields))} | {string.Join("; ", d.Rules)} |\n");
        }

        page.Append('\n');
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "CoveJit.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("the tests do not lie in the repository");
    }
}
