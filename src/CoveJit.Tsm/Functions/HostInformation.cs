using System.Buffers.Binary;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Functions;

/// <summary>COVH: what the TSM is.</summary>
internal static class HostInformation
{
    private const int Size = 48;
    private const int SalusSize = 32;
    private const uint Ready = 2; // TSM_READY
    private const uint Implementation = 0x4376_4A54; // "CvJT"; 1 and 2 are taken
    private const uint Version = 1;

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Host, 0, 0, "get_tsm_info",
            [new("tsm_info_address", ArgumentKind.Structure), new("tsm_info_len", ArgumentKind.Length)],
            "Writes `tsm_info`: state, implementation, version, capabilities, and how many pages TVMs and vCPUs take.",
            "bytes written",
            [
                new(SbiError.InvalidAddress, "the structure is not in the host's memory"),
                new(SbiError.InvalidParam, "it is shorter than 48 bytes (Salus: 32)"),
            ],
            GetTsmInfo),
    ];

    private static SbiResult? GetTsmInfo(CoveCall call)
    {
        bool salus = call.Tsm.Abi.Profile == CoveProfile.Salus;
        int size = salus ? SalusSize : Size;
        if (call[1] < (ulong)size)
        {
            return SbiError.InvalidParam;
        }

        Span<byte> info = stackalloc byte[size];
        info.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(info, Ready);
        Span<byte> version = salus ? info[4..] : info[8..];
        if (!salus)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(info[4..], Implementation);
            BinaryPrimitives.WriteUInt64LittleEndian(info[16..], (ulong)call.Tsm.Capabilities);
        }

        Span<byte> counts = salus ? info[8..] : info[24..];
        BinaryPrimitives.WriteUInt32LittleEndian(version, Version);
        bool dynamic = call.Tsm.Model != TsmModel.Static; // otherwise the host gives no pages
        BinaryPrimitives.WriteUInt64LittleEndian(counts, dynamic ? SecurityManager.TvmStatePages : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(counts[8..], Tvm.MaximumVcpus);
        BinaryPrimitives.WriteUInt64LittleEndian(counts[16..], dynamic ? SecurityManager.VcpuStatePages : 0);
        return call.Tsm.TryWriteHost(call[0], info) ? SbiResult.Of((ulong)size) : SbiError.InvalidAddress;
    }
}
