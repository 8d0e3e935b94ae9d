using System.Buffers.Binary;
using System.Security.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;
using CoveJit.Attestation.Verification;

namespace CoveJit.Attestation.Launch;

/// <summary>
/// Computes offline what evidence has to say. It shares no code with the registers that a TSM keeps but the hash function and the
/// numbers of the registers: each agrees with the specification by itself, and tests compare them.
/// </summary>
public static class ReferenceCalculator
{
    private const int PageSize = 4096;

    /// <summary>The reference values of a TVM.</summary>
    /// <param name="plan">What is launched.</param>
    /// <param name="tcb">On what; null if that is not known, and is then not checked.</param>
    /// <param name="roots">Roots to trust.</param>
    public static ReferenceValues Compute(LaunchPlan plan, TcbDescription? tcb = null, params IReadOnlyList<Cryptography.P384PublicKey> roots)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(roots);
        List<RegisterReference> registers = [];
        if (tcb is not null)
        {
            registers.Add(Register(RegisterLayout.PlatformFirmware, [.. tcb.PlatformComponents.Select(component => component.Measurement.Bytes.ToArray())]));
            registers.Add(Register(RegisterLayout.PlatformConfiguration, tcb.PlatformConfiguration.Bytes.ToArray(), Number((ulong)tcb.State)));
            registers.Add(Register(RegisterLayout.TsmSoftware, tcb.TsmDriver.Measurement.Bytes.ToArray(), tcb.Tsm.Measurement.Bytes.ToArray()));
            registers.Add(Register(RegisterLayout.TsmConfiguration, tcb.TsmConfiguration.Bytes.ToArray()));
        }

        registers.Add(new RegisterReference(RegisterLayout.TvmPages, Pages(plan), RegisterLayout.NameOf(RegisterLayout.TvmPages)));
        registers.Add(Register(RegisterLayout.TvmConfiguration, [Number(plan.EntryPc), Number(plan.EntryArgument), .. plan.VcpuIds.Order().Select(Number), .. (plan.BootState ?? []).Select(Number)]));
        return new ReferenceValues(
            ReferenceValues.CurrentSchema,
            new TvmReference(registers),
            roots.Count == 0 ? null : [.. roots.Select(root => root.ToSubjectPublicKeyInfo())],
            tcb is null ? null : new PlatformReference(tcb.Manufacturer, [tcb.State], [.. tcb.PlatformComponents.Select(Component)]),
            tcb is null ? null : new TsmReference([Component(tcb.TsmDriver), Component(tcb.Tsm)]));
    }

    // A hash fed piece by piece; zero pages of a region's tail come from one buffer.
    private static Digest Pages(LaunchPlan plan)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
        byte[] value = new byte[SHA384.HashSizeInBytes];
        byte[] padding = new byte[PageSize];
        foreach (LaunchRegion region in plan.Regions)
        {
            for (ulong offset = 0; offset < region.Size; offset += PageSize)
            {
                int start = (int)Math.Min(offset, (ulong)region.Content.Length);
                int present = Math.Min(PageSize, region.Content.Length - start);
                hash.AppendData(value);
                hash.AppendData(Number(region.Gpa + offset));
                hash.AppendData(region.Content.Span.Slice(start, present));
                hash.AppendData(padding.AsSpan(present));
                hash.TryGetHashAndReset(value, out _);
            }
        }

        return new Digest(value);
    }

    private static RegisterReference Register(int index, params ReadOnlySpan<byte[]> extensions)
    {
        byte[] value = new byte[SHA384.HashSizeInBytes];
        foreach (byte[] extension in extensions)
        {
            value = SHA384.HashData((byte[])[.. value, .. extension]);
        }

        return new RegisterReference(index, new Digest(value), RegisterLayout.NameOf(index));
    }

    private static byte[] Number(ulong value)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    private static ComponentReference Component(SoftwareComponent component) =>
        new(component.Type, component.Measurement, component.SecurityVersion, component.Signer);
}
