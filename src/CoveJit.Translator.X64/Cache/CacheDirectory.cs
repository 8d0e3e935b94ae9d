using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CoveJit.Translator.X64.Cache;

/// <summary>
/// The directory of the persistent translations. It holds machine code that runs in this process, so nobody but the user may be able to write it: a
/// directory or file that others own or may write is refused.
/// </summary>
public sealed partial class CacheDirectory
{
    private const string LockName = "lock";
    private const string TemporaryExtension = ".tmp";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OtherWriters = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    // What a process that did not end as it should has left behind is in nobody's way before that.
    private static readonly TimeSpan TemporaryLife = TimeSpan.FromHours(1);

    private readonly string _path;

    /// <summary>Opens a directory, making it if need be.</summary>
    /// <exception cref="IOException">It cannot be used. The message is one line, without an end, for the user.</exception>
    public CacheDirectory(string path)
    {
        _path = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(_path, OwnerOnly | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} cannot be made a directory: {e.Message.TrimEnd('.')}", e);
        }

        if (Distrust(_path, directory: true) is string reason)
        {
            throw new IOException($"{path} cannot hold translations, since {reason}");
        }

        if (!CanWrite(_path))
        {
            throw new IOException($"{path} cannot be written");
        }
    }

    /// <summary>Opens a file for reading; null if it is absent, or, with a reason, if it must not be used.</summary>
    /// <exception cref="IOException">The host refuses.</exception>
    internal SafeFileHandle? OpenFile(string name, out string? why)
    {
        string path = Path.Combine(_path, name);
        why = null;
        if (!File.Exists(path))
        {
            return null;
        }

        why = Distrust(path, directory: false);
        return why is null ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete) : null;
    }

    /// <summary>Starts a temporary file that only the user may read and write.</summary>
    /// <exception cref="IOException">The host refuses.</exception>
    internal FileStream CreateTemporary(out string path)
    {
        path = Path.Combine(_path, Guid.NewGuid().ToString("N") + TemporaryExtension);
        return new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read, UnixCreateMode = OwnerOnly });
    }

    /// <summary>Gives a temporary file its name, in place of what had it, and keeps the directory within its bounds.</summary>
    /// <exception cref="IOException">The host refuses.</exception>
    internal void Publish(string temporary, string name)
    {
        string path = Path.Combine(_path, name);
        File.Move(temporary, path, overwrite: true);
        long room = CacheFormat.MaximumSize - new FileInfo(path).Length;
        foreach (FileInfo other in new DirectoryInfo(_path).EnumerateFiles('*' + CacheFormat.Extension).Where(file => file.Name != name).OrderByDescending(file => file.LastWriteTimeUtc))
        {
            room -= other.Length;
            if (room < 0)
            {
                Remove(other.FullName);
            }
        }

        foreach (FileInfo left in new DirectoryInfo(_path).EnumerateFiles('*' + TemporaryExtension).Where(file => DateTime.UtcNow - file.LastWriteTimeUtc > TemporaryLife))
        {
            Remove(left.FullName);
        }
    }

    /// <summary>Keeps other processes from writing until the result is disposed of; null if one of them is just writing.</summary>
    internal IDisposable? TryLock()
    {
        try
        {
            return new FileStream(
                Path.Combine(_path, LockName),
                new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Removes a file. What the host answers does not matter.</summary>
    internal static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is tried again at another time.
        }
    }

    // Why something must not be trusted, or null.
    private static unsafe string? Distrust(string path, bool directory)
    {
        const int CurrentDirectory = -100;
        const uint BasicStatistics = 0x7FF;
        const int BufferSize = 256;
        const int UserOffset = 20; // of stx_uid in struct statx; stx_mode follows 8 bytes later
        const int ModeOffset = 28;
        const int TypeMask = 0xF000;
        const int DirectoryType = 0x4000;
        const int RegularType = 0x8000;
        byte* buffer = stackalloc byte[BufferSize];
        if (ExtendedStatus(CurrentDirectory, path, 0, BasicStatistics, buffer) != 0)
        {
            return new Win32Exception(Marshal.GetLastPInvokeError()).Message;
        }

        int mode = *(ushort*)(buffer + ModeOffset);
        return (mode & TypeMask) != (directory ? DirectoryType : RegularType) ? $"it is not a {(directory ? "directory" : "file")}"
            : *(uint*)(buffer + UserOffset) != EffectiveUser() ? "it belongs to another user"
            : ((UnixFileMode)mode & OtherWriters) != 0 ? "others may write to it"
            : null;
    }

    private static bool CanWrite(string path)
    {
        const int WriteAndSearch = 3;
        return Access(path, WriteAndSearch) == 0;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int ExtendedStatus(int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);
}
