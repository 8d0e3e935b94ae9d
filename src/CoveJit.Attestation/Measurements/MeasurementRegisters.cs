using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CoveJit.Attestation.Measurements;

/// <summary>
/// The measurement registers of one TVM, kept by the TSM: initial ones are extended while the TVM is built and frozen by
/// <see cref="Freeze"/>; runtime ones belong to the TVM from then on. Extending is <c>M' = SHA-384(M || data)</c> (CoVE,
/// Measurements). Not thread-safe: the TSM calls it under the TVM's lock.
/// </summary>
public sealed class MeasurementRegisters
{
    /// <summary>Bytes of memory that one extension of the page register covers, whatever the size of the mapping.</summary>
    public const int PageSize = 4096;

    private readonly Digest[] _values = new Digest[RegisterLayout.Count];

    // The pre-image of a page: old value, guest address, bytes. One buffer, since a TVM has hundreds of thousands of pages.
    private readonly byte[] _preimage = new byte[Digest.Size + sizeof(ulong) + PageSize];

    /// <summary>Whether the initial registers can still be extended.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>The value of a register.</summary>
    public Digest this[int index] => _values[index];

    /// <summary>Measures pages that are added to the TVM before it runs: one extension for each 4 KiB, with its own address.</summary>
    /// <param name="guestPhysicalAddress">Where the first byte will be seen, a multiple of 4096.</param>
    /// <param name="pages">The bytes, a multiple of 4096 of them.</param>
    public void MeasurePages(ulong guestPhysicalAddress, ReadOnlySpan<byte> pages)
    {
        if ((guestPhysicalAddress | (uint)pages.Length) % PageSize != 0)
        {
            throw new ArgumentException("Pages are measured whole.", nameof(pages));
        }

        RequireBuilding();
        for (; !pages.IsEmpty; pages = pages[PageSize..], guestPhysicalAddress += PageSize)
        {
            ref Digest register = ref _values[RegisterLayout.TvmPages];
            register.Bytes.CopyTo(_preimage);
            BinaryPrimitives.WriteUInt64LittleEndian(_preimage.AsSpan(Digest.Size), guestPhysicalAddress);
            pages[..PageSize].CopyTo(_preimage.AsSpan(Digest.Size + sizeof(ulong)));
            register = Digest.Of(_preimage);
        }
    }

    /// <summary>Measures what <c>sbi_covh_finalize_tvm</c> fixes, and freezes the initial registers.</summary>
    /// <param name="entryPc">Where the boot vCPU starts (entry_sepc).</param>
    /// <param name="entryArgument">What it finds in a1 (entry_arg).</param>
    /// <param name="vcpuIds">The TVM's vCPUs, in any order.</param>
    /// <param name="bootState">What the boot vCPU has in its registers, where it does not start from reset (<see cref="Launch.LaunchPlan.BootState"/>).</param>
    public void MeasureConfiguration(ulong entryPc, ulong entryArgument, IEnumerable<ulong> vcpuIds, IEnumerable<ulong>? bootState = null)
    {
        ExtendInitial(RegisterLayout.TvmConfiguration, entryPc);
        ExtendInitial(RegisterLayout.TvmConfiguration, entryArgument);
        foreach (ulong id in vcpuIds.Order())
        {
            ExtendInitial(RegisterLayout.TvmConfiguration, id);
        }

        foreach (ulong value in bootState ?? [])
        {
            ExtendInitial(RegisterLayout.TvmConfiguration, value);
        }

        Freeze();
    }

    /// <summary>From now on only runtime registers can be extended.</summary>
    public void Freeze() => IsFrozen = true;

    /// <summary>Extends a runtime register on behalf of the TVM (<c>sbi_covg_extend_measurement</c>).</summary>
    /// <param name="index">The register, as the TVM gave it.</param>
    /// <param name="digest">What to extend with: <see cref="Digest.Size"/> bytes.</param>
    /// <returns>False if there is no such runtime register, the length is wrong or the TVM is not finalized.</returns>
    public bool TryExtendRuntime(ulong index, ReadOnlySpan<byte> digest)
    {
        if (!IsFrozen || index is < RegisterLayout.FirstRuntime or >= RegisterLayout.Count || digest.Length != Digest.Size)
        {
            return false;
        }

        Extend((int)index, digest);
        return true;
    }

    /// <summary>Reads a register on behalf of the TVM (<c>sbi_covg_read_measurement</c>).</summary>
    /// <param name="index">The register, as the TVM gave it.</param>
    /// <param name="value">Its value.</param>
    /// <returns>False if there is no such register.</returns>
    public bool TryRead(ulong index, out Digest value)
    {
        value = index < RegisterLayout.Count ? _values[index] : default;
        return index < RegisterLayout.Count;
    }

    /// <summary>The initial registers as one digest: what a TVM's own CDI depends on.</summary>
    public Digest InitialDigest()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
        foreach (Digest value in _values.AsSpan(0, RegisterLayout.InitialCount))
        {
            hash.AppendData(value.Bytes);
        }

        return new Digest(hash.GetHashAndReset());
    }

    /// <summary>Extends an initial register.</summary>
    internal void ExtendInitial(int index, ReadOnlySpan<byte> data)
    {
        RequireBuilding();
        Extend(index, data);
    }

    /// <summary>Extends an initial register with a number: eight bytes, little-endian.</summary>
    internal void ExtendInitial(int index, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        ExtendInitial(index, bytes);
    }

    private void Extend(int index, ReadOnlySpan<byte> data) => _values[index] = Digest.Of([.. _values[index].Bytes, .. data]);

    private void RequireBuilding()
    {
        if (IsFrozen)
        {
            throw new InvalidOperationException("The initial registers are frozen.");
        }
    }
}
