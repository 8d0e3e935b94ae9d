using CoveJit.Guests.Apt;

namespace CoveJit.Guests.Tests;

public sealed class AptConfigurationTests
{
    [Fact]
    public void One_line_sources()
    {
        const string Text = """
            # deb http://commented.test/debian trixie main
            deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.test/debian bookworm main contrib # why
            deb-src http://mirror.test/debian bookworm main
            deb http://flat.test/repo ./
            deb broken
            """;

        IReadOnlyList<AptSource> sources = AptSourceParser.ParseOneLine(Text, "sources.list");

        Assert.Equal(2, sources.Count);
        Assert.Equal("http://mirror.test/debian", sources[0].Uri);
        Assert.Equal(["bookworm"], sources[0].Suites);
        Assert.Equal(["main", "contrib"], sources[0].Components);
        Assert.Equal(["/usr/share/keyrings/debian-archive-keyring.gpg"], sources[0].KeyringFiles);
        Assert.Equal(("http://flat.test/repo", 0), (sources[1].Uri, sources[1].Components.Count));
    }

    [Fact]
    public void Deb822_sources()
    {
        const string Text = """
            # comment before
            Types: deb deb-src
            URIs: http://one.test/debian
              http://two.test/debian
            # comment inside
            suites: bookworm bookworm-updates
            Components: main
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----
             .
             mDMEY
             -----END PGP PUBLIC KEY BLOCK-----

            Types: deb
            Enabled: no
            URIs: http://off.test/debian
            Suites: bookworm
            Components: main

            Types: deb-src
            URIs: http://src.test/debian
            Suites: bookworm
            Components: main
            """;

        IReadOnlyList<AptSource> sources = AptSourceParser.ParseDeb822(Text, "debian.sources");

        Assert.Equal(["http://one.test/debian", "http://two.test/debian"], sources.Select(s => s.Uri));
        Assert.Equal(["bookworm", "bookworm-updates"], sources[0].Suites);
        Assert.StartsWith("-----BEGIN", sources[0].SignedBy, StringComparison.Ordinal);
        Assert.Empty(sources[0].KeyringFiles);
    }

    [Fact]
    public void The_main_archive_is_preferred_to_security_and_third_parties()
    {
        const string Keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
        HostAptConfiguration host = new(
            [
                new("https://packages.test/apt", ["stable"], ["main"], "/usr/share/keyrings/other.gpg", "a"),
                new("http://mirror.test/debian-security", ["bookworm-security"], ["main"], Keyring, "b"),
                new("http://nearby.test/pool/mirror", ["bookworm"], ["main"], Keyring, "c"),
            ],
            [],
            null,
            null);

        Assert.Equal("http://nearby.test/pool/mirror", host.FindDebianArchive()!.Uri);
    }

    [Fact]
    public void An_archive_without_its_key_named_is_found_by_its_path()
    {
        HostAptConfiguration host = new(
            [
                new("http://packages.test/ubuntu", ["noble"], ["main"], null, "a"),
                new("http://mirror.test/debian/", ["bookworm"], ["main"], null, "b"),
            ],
            [],
            null,
            null);

        Assert.Equal("http://mirror.test/debian/", host.FindDebianArchive()!.Uri);
    }

    [Fact]
    public void A_host_without_Debian_has_no_archive()
    {
        HostAptConfiguration host = new([new("http://packages.test/ubuntu", ["noble"], ["main"], null, "a")], [], null, null);

        Assert.Null(host.FindDebianArchive());
    }

    [Fact]
    public void Network_and_clock_settings_are_passed_on_and_nothing_else()
    {
        const string Dump = """
            APT::Architecture "amd64";
            APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb || true";
            Acquire "";
            Acquire::AllowInsecureRepositories "1";
            Acquire::Check-Valid-Until "false";
            Acquire::http "";
            Acquire::http::Proxy "http://proxy.test:3128/";
            Acquire::https::Verify-Peer "true";
            Acquire::httpfoo "x";
            Acquire::IndexTargets::deb::Packages::Optional "0";
            Dir::State "var/lib/apt";
            """;

        Assert.Equal(
            [
                "Acquire::Check-Valid-Until \"false\";",
                "Acquire::http::Proxy \"http://proxy.test:3128/\";",
                "Acquire::https::Verify-Peer \"true\";",
            ],
            HostAptConfiguration.SelectSettings(Dump));
    }

    [Fact]
    public void The_private_root_keeps_verification_on_whatever_the_host_says()
    {
        HostAptConfiguration host = new([], ["Acquire::Check-Valid-Until \"false\";"], "/etc/apt/auth.conf", null);

        string[] lines = AptRoot.Configuration("/cache/apt-x", host).Split('\n');

        Assert.Equal("Acquire::Check-Valid-Until \"false\";", lines[0]);
        Assert.Contains("Acquire::AllowInsecureRepositories \"0\";", lines);
        Assert.Contains("Acquire::AllowWeakRepositories \"0\";", lines);
        Assert.Contains("APT::Get::AllowUnauthenticated \"0\";", lines);
        Assert.Contains("Dir::Etc::sourceparts \"/cache/apt-x/sources.list.d\";", lines);
        Assert.Contains("Dir::Etc::netrc \"/etc/apt/auth.conf\";", lines);
    }

    [Theory]
    [InlineData("'http://m.test/pool/b/busybox-static_1.38.0-3%2bb1_riscv64.deb' busybox-static_1%3a1.38.0-3+b1_riscv64.deb 953700 SHA256:F71E", "busybox-static", "1:1.38.0-3+b1", "riscv64", 953700, "f71e")]
    [InlineData("'http://m.test/x.deb' linux-base_4.17_all.deb 26028 MD5Sum:82ff", "linux-base", "4.17", "all", 26028, "")]
    public void Uri_lines(string line, string name, string version, string architecture, long size, string sha256)
    {
        AptPackage package = AptPackage.ParseUriLine(line)!;

        Assert.Equal((name, version, architecture, size, sha256), (package.Name, package.Version, package.Architecture, package.SizeBytes, package.Sha256));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Reading package lists...")]
    [InlineData("'http://m.test/x.deb")]
    [InlineData("'http://m.test/x.deb' ../../etc/x_1_all.deb 12 SHA256:00")]
    [InlineData("'http://m.test/x.deb' x_1_all.deb many SHA256:00")]
    [InlineData("'http://m.test/x.deb' x.deb 12 SHA256:00")]
    public void Lines_that_are_no_uri_lines(string line)
    {
        Assert.Null(AptPackage.ParseUriLine(line));
    }

    [Theory]
    [InlineData("dlstatus:3:10.9176:Retrieving file 3 of 4", true, 10.9176)]
    [InlineData("dlstatus:3:-1:x", false, -1)]
    [InlineData("pmstatus:x:50:y", false, 0)]
    public void Status_lines(string line, bool ok, double percent)
    {
        Assert.Equal(ok, AptRoot.TryParsePercent(line, out double read));
        Assert.Equal(percent, read);
    }
}
