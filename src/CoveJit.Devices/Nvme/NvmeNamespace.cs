using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CoveJit.Devices.Virtio.Block;

namespace CoveJit.Devices.Nvme;

/// <summary>A namespace: an image, in blocks of 512 bytes.</summary>
internal sealed class NvmeNamespace
{
    public const int BlockShift = 9;
    public const int BlockSize = 1 << BlockShift;

    /// <summary>Size of the Identify Namespace data structure.</summary>
    public const int IdentifySize = 4096;

    private readonly byte[] _uuid;

    /// <param name="id">NSID.</param>
    /// <param name="backend">The image, which stays its owner's to dispose.</param>
    /// <param name="serial">The controller's serial number, which with the NSID makes the namespace's name.</param>
    public NvmeNamespace(uint id, IBlockBackend backend, string serial)
    {
        Id = id;
        Backend = backend;
        Blocks = (ulong)backend.Size >> BlockShift;
        _uuid = SHA256.HashData(Encoding.UTF8.GetBytes($"covejit nvme {serial} {id}"))[..16];
        _uuid[6] = (byte)((_uuid[6] & 0x0F) | 0x80); // RFC 9562 version 8: made our own way
        _uuid[8] = (byte)((_uuid[8] & 0x3F) | 0x80);
    }

    public uint Id { get; }

    public IBlockBackend Backend { get; }

    public ulong Blocks { get; }

    /// <summary>Whether a range is in the namespace.</summary>
    public bool Contains(ulong start, ulong blocks) => start <= Blocks && blocks <= Blocks - start;

    /// <summary>Identify Namespace (NVMe 1.4, figure 245).</summary>
    public void Identify(Span<byte> data)
    {
        const byte DeallocateReadsZeroes = 0x09; // deallocated blocks read as zeroes; Write Zeroes may deallocate
        BinaryPrimitives.WriteUInt64LittleEndian(data, Blocks); // NSZE
        BinaryPrimitives.WriteUInt64LittleEndian(data[8..], Blocks); // NCAP
        BinaryPrimitives.WriteUInt64LittleEndian(data[16..], Blocks); // NUSE
        data[33] = DeallocateReadsZeroes; // DLFEAT
        data[99] = Backend.IsReadOnly ? (byte)1 : (byte)0; // NSATTR: write protected
        BinaryPrimitives.WriteUInt32LittleEndian(data[128..], BlockShift << 16); // LBAF0: no metadata
    }

    /// <summary>The list of Namespace Identification Descriptors (NVMe 1.4, figure 249): a UUID.</summary>
    public void IdentifyDescriptors(Span<byte> data)
    {
        const byte Uuid = 3;
        data[0] = Uuid;
        data[1] = (byte)_uuid.Length;
        _uuid.CopyTo(data[4..]);
    }
}
