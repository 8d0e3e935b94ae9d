using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CoveJit.Devices.Virtio.Block;

/// <summary>A raw disk image: byte n of the disk is byte n of the file.</summary>
public sealed partial class RawImage : IBlockBackend
{
    private const int SectorSize = 512;
    private const int KeepSize = 1; // FALLOC_FL_KEEP_SIZE
    private const int PunchHole = 2; // FALLOC_FL_PUNCH_HOLE
    private const int ZeroRange = 16; // FALLOC_FL_ZERO_RANGE

    private static readonly byte[] Zeroes = new byte[64 * 1024];

    private readonly SafeFileHandle _file;

    private readonly bool _guardFormat;

    private RawImage(SafeFileHandle file, long size, bool readOnly, bool guardFormat)
    {
        _file = file;
        _guardFormat = guardFormat;
        Size = size;
        IsReadOnly = readOnly;
    }

    /// <inheritdoc/>
    public long Size { get; }

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <summary>Opens an image.</summary>
    /// <param name="path">The file.</param>
    /// <param name="readOnly">Whether the guest may not write.</param>
    /// <param name="guardFormat">
    /// Refuses writes that would make the image look like qcow2 when its format is guessed next time: a guest could name any file
    /// of the host as its backing file that way.
    /// </param>
    /// <exception cref="IOException">The file cannot be opened, or its size is not a multiple of 512 bytes; the message is one line with the mend.</exception>
    public static RawImage Open(string path, bool readOnly, bool guardFormat = false)
    {
        SafeFileHandle file;
        try
        {
            file = File.OpenHandle(
                path, FileMode.Open, readOnly ? FileAccess.Read : FileAccess.ReadWrite, readOnly ? FileShare.Read : FileShare.None, FileOptions.RandomAccess);
        }
        catch (UnauthorizedAccessException)
        {
            throw new IOException($"disk image {path}: permission denied{(readOnly ? "" : "; open it read-only with ,ro if it must not change")}");
        }

        long size = RandomAccess.GetLength(file);
        if (size == 0 || size % SectorSize != 0)
        {
            file.Dispose();
            throw new IOException(size == 0
                ? $"disk image {path} is empty; give it a size first, for example: truncate -s 4G {path}"
                : $"disk image {path} has {size} bytes, not a multiple of {SectorSize}; pad it first: truncate -s %{SectorSize} {path}");
        }

        return new RawImage(file, size, readOnly, guardFormat);
    }

    /// <inheritdoc/>
    public bool TryRead(long offset, Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(_file, destination, offset);
                if (read == 0)
                {
                    return false; // Truncated behind our back.
                }

                destination = destination[read..];
                offset += read;
            }

            return true;
        }
        catch (Exception e) when (IsHostFailure(e))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public bool TryWrite(long offset, ReadOnlySpan<byte> source)
    {
        if (IsReadOnly || (_guardFormat && offset == 0 && source.StartsWith(QcowImage.Magic)))
        {
            return false;
        }

        try
        {
            RandomAccess.Write(_file, source, offset);
            return true;
        }
        catch (Exception e) when (IsHostFailure(e))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public bool TryFlush()
    {
        if (IsReadOnly)
        {
            return true;
        }

        try
        {
            RandomAccess.FlushToDisk(_file);
            return true;
        }
        catch (Exception e) when (IsHostFailure(e))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public bool TryDiscard(long offset, long length)
    {
        if (!IsReadOnly)
        {
            // A hint: a file system that cannot punch holes just keeps the blocks.
            _ = Allocate(PunchHole | KeepSize, offset, length);
        }

        return !IsReadOnly;
    }

    /// <inheritdoc/>
    public bool TryWriteZeroes(long offset, long length, bool mayUnmap)
    {
        if (IsReadOnly)
        {
            return false;
        }

        if (Allocate(mayUnmap ? PunchHole | KeepSize : ZeroRange, offset, length))
        {
            return true;
        }

        while (length > 0)
        {
            int part = (int)Math.Min(length, Zeroes.Length);
            if (!TryWrite(offset, Zeroes.AsSpan(0, part)))
            {
                return false;
            }

            offset += part;
            length -= part;
        }

        return true;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private bool Allocate(int mode, long offset, long length) =>
        OperatingSystem.IsLinux() && NativeAllocate(_file, mode, offset, length) == 0;

    private static bool IsHostFailure(Exception e) => e is IOException or UnauthorizedAccessException or ObjectDisposedException;

    [LibraryImport("libc", EntryPoint = "fallocate")]
    private static partial int NativeAllocate(SafeFileHandle file, int mode, long offset, long length);
}
