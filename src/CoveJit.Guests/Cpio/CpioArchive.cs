using System.Globalization;
using System.Text;

namespace CoveJit.Guests.Cpio;

/// <summary>
/// An initramfs under construction. Format: Linux Documentation/driver-api/early-userspace/buffer-format.rst
/// ("newc": magic 070701, thirteen fields of eight hexadecimal digits, name and data each padded to four bytes).
/// Entries are written sorted by path and parents are added by themselves, so the order of calls does not matter.
/// </summary>
public sealed class CpioArchive
{
    private const string Magic = "070701";
    private const string Trailer = "TRAILER!!!";
    private const int FieldCount = 13;
    private const int HeaderLength = 6 + (8 * FieldCount);
    private const uint DirectoryMode = CpioEntry.TypeDirectory | 0x1ED;

    private readonly SortedDictionary<string, CpioEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>Entries by path.</summary>
    public IReadOnlyCollection<CpioEntry> Entries => _entries.Values;

    /// <summary>Adds a directory with permissions 0755.</summary>
    public void AddDirectory(string path) => Add(new CpioEntry(path, DirectoryMode, default));

    /// <summary>Adds a regular file.</summary>
    /// <param name="path">Path inside the archive.</param>
    /// <param name="content">Its content.</param>
    /// <param name="executable">Permissions 0755 instead of 0644.</param>
    public void AddFile(string path, ReadOnlyMemory<byte> content, bool executable = false) =>
        Add(new CpioEntry(path, CpioEntry.TypeRegular | (executable ? 0x1EDu : 0x1A4u), content));

    /// <summary>Adds a symbolic link.</summary>
    public void AddSymbolicLink(string path, string target) =>
        Add(new CpioEntry(path, CpioEntry.TypeSymbolicLink | 0x1FF, Encoding.UTF8.GetBytes(target)));

    /// <summary>Adds a character device node.</summary>
    /// <param name="path">Path inside the archive.</param>
    /// <param name="major">Major number.</param>
    /// <param name="minor">Minor number.</param>
    /// <param name="permissions">Permission bits.</param>
    public void AddCharacterDevice(string path, uint major, uint minor, uint permissions) =>
        Add(new CpioEntry(path, CpioEntry.TypeCharacterDevice | permissions, default, major, minor));

    /// <summary>Adds an entry, replacing one of the same path, and the directories above it.</summary>
    /// <exception cref="ArgumentException">The path is empty, absolute, or has empty or dot components.</exception>
    public void Add(CpioEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        string[] parts = entry.Path.Split('/');
        if (parts.Any(part => part is "" or "." or "..") || entry.Path == Trailer)
        {
            throw new ArgumentException($"'{entry.Path}' is no path inside an archive", nameof(entry));
        }

        for (int depth = 1; depth < parts.Length; depth++)
        {
            string parent = string.Join('/', parts[..depth]);
            _entries.TryAdd(parent, new CpioEntry(parent, DirectoryMode, default));
        }

        _entries[entry.Path] = entry;
    }

    /// <summary>Writes the archive, uncompressed.</summary>
    public void WriteTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        uint inode = 1;
        foreach (CpioEntry entry in _entries.Values)
        {
            Write(stream, entry, inode++);
        }

        Write(stream, new CpioEntry(Trailer, 0, default), 0);
    }

    /// <summary>Reads an uncompressed archive.</summary>
    /// <exception cref="InvalidDataException">The data is not a complete newc archive.</exception>
    public static IReadOnlyList<CpioEntry> Read(ReadOnlyMemory<byte> archive)
    {
        List<CpioEntry> entries = [];
        long offset = 0;
        while (true)
        {
            ReadOnlySpan<byte> header = Slice(archive, offset, HeaderLength).Span;
            if (!header[..6].SequenceEqual(Encoding.ASCII.GetBytes(Magic)))
            {
                throw new InvalidDataException($"no newc header at offset {offset}");
            }

            uint size = Field(header, 6);
            uint nameSize = Field(header, 11);
            if (nameSize == 0)
            {
                throw new InvalidDataException($"empty name at offset {offset}");
            }

            string name = Encoding.UTF8.GetString(Slice(archive, offset + HeaderLength, nameSize - 1).Span);
            if (name == Trailer)
            {
                return entries;
            }

            long data = Align(offset + HeaderLength + nameSize);
            entries.Add(new CpioEntry(name, Field(header, 1), Slice(archive, data, size), Field(header, 9), Field(header, 10)));
            offset = Align(data + size);
        }
    }

    private static ReadOnlyMemory<byte> Slice(ReadOnlyMemory<byte> archive, long offset, long length) =>
        offset + length <= archive.Length
            ? archive.Slice((int)offset, (int)length)
            : throw new InvalidDataException("the archive is cut short");

    private static uint Field(ReadOnlySpan<byte> header, int index) =>
        uint.TryParse(header.Slice(6 + (8 * index), 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
            ? value
            : throw new InvalidDataException($"field {index} of a header is not hexadecimal");

    private static void Write(Stream stream, CpioEntry entry, uint inode)
    {
        byte[] name = Encoding.UTF8.GetBytes(entry.Path);
        uint links = (entry.Mode & CpioEntry.TypeMask) == CpioEntry.TypeDirectory ? 2u : 1u;
        ReadOnlySpan<uint> fields =
        [
            inode, entry.Mode, 0, 0, links, 0, (uint)entry.Content.Length,
            0, 0, entry.DeviceMajor, entry.DeviceMinor, (uint)name.Length + 1, 0,
        ];
        StringBuilder header = new(Magic, HeaderLength);
        foreach (uint field in fields)
        {
            header.Append(CultureInfo.InvariantCulture, $"{field:X8}");
        }

        stream.Write(Encoding.ASCII.GetBytes(header.ToString()));
        stream.Write(name);
        stream.WriteByte(0);
        Pad(stream, HeaderLength + name.Length + 1);
        stream.Write(entry.Content.Span);
        Pad(stream, entry.Content.Length);
    }

    private static void Pad(Stream stream, long length)
    {
        for (long at = length; at < Align(length); at++)
        {
            stream.WriteByte(0);
        }
    }

    private static long Align(long offset) => (offset + 3) & ~3L;
}
