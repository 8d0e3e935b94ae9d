using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using CoveJit.Harts;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Emission;
using AesInstructions = System.Runtime.Intrinsics.X86.Aes;

namespace CoveJit.Translator.X64.Cache;

/// <summary>
/// All that native code depends on beside the block it was made from, as a hash: the builds of everything that decides what is emitted and where
/// state lies, the host's instruction set, what is decoded, the fixed code that blocks call, and whether blocks count their runs. Code of another version is never used.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct TranslatorVersion(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>The version of this translator on this host.</summary>
    /// <param name="runtimeLayout">The places in the fixed code.</param>
    /// <param name="extensions">What the decoder accepts.</param>
    /// <param name="countsRuns">Whether blocks count their runs.</param>
    public static TranslatorVersion Of(ReadOnlySpan<int> runtimeLayout, ExtensionSet extensions, bool countsRuns)
    {
        // A build has an id of its own, which changes with anything in it.
        Type[] parts = [typeof(NativeTranslator), typeof(StateLayout), typeof(Hart), typeof(Tlb), typeof(DecodedInstruction)];
        bool[] host =
        [
            Sse41.IsSupported, Sse42.IsSupported, Avx.IsSupported, Avx2.IsSupported, Fma.IsSupported, Bmi1.IsSupported, Bmi2.IsSupported,
            Lzcnt.IsSupported, Popcnt.IsSupported, Avx512F.IsSupported, AesInstructions.IsSupported, Pclmulqdq.IsSupported, countsRuns,
        ];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Type part in parts)
        {
            hash.AppendData(part.Module.ModuleVersionId.ToByteArray());
        }

        hash.AppendData(MemoryMarshal.AsBytes(host.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(runtimeLayout));
        hash.AppendData(BitConverter.GetBytes(extensions.Bits));
        return MemoryMarshal.Read<TranslatorVersion>(hash.GetHashAndReset());
    }

    /// <summary>The name of this version's file.</summary>
    public string FileName => $"{A:x16}{B:x16}{CacheFormat.Extension}";
}
