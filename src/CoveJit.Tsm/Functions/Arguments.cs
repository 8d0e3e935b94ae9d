using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;

namespace CoveJit.Tsm.Functions;

/// <summary>Arguments, and an error, that many functions have.</summary>
internal static class Arguments
{
    public static readonly CoveArgument Guest = new("tvm_guest_id", ArgumentKind.Guest);
    public static readonly CoveArgument Vcpu = new("tvm_vcpu_id", ArgumentKind.Vcpu);
    public static readonly CoveArgument PageAddress = new("base_page_address", ArgumentKind.Page);
    public static readonly CoveArgument PageCount = new("num_pages", ArgumentKind.PageCount);
    public static readonly CoveArgument PageType = new("tsm_page_type", ArgumentKind.PageType);
    public static readonly CoveArgument GuestPage = new("tvm_gpa", ArgumentKind.GuestPage);

    public static readonly CoveErrorCase NoSharedMemory = new(SbiError.NoShmem, "the hart has no NACL shared memory");
}
