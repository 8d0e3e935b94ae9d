namespace CoveJit.Machines.Htif;

/// <summary>What a value written to tohost asks of the machine.</summary>
/// <param name="Exits">Whether the guest has finished.</param>
/// <param name="ExitCode">Its verdict if so: 0 is success; riscv-tests report the number of the failed test.</param>
public readonly record struct HtifAction(bool Exits, int ExitCode)
{
    /// <summary>The request was served, or there was none: the guest goes on.</summary>
    public static HtifAction Continue => default;

    /// <summary>The guest is done.</summary>
    public static HtifAction Exit(int code) => new(true, code);
}
