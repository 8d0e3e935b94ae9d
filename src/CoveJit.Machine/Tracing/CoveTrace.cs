using System.Globalization;
using System.Text;
using CoveJit.Harts;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;

namespace CoveJit.Machines.Tracing;

/// <summary>Writes each call of the TEE security manager as one line (<c>--trace cove</c>).</summary>
/// <param name="report">Takes one line; called on any hart's thread.</param>
internal sealed class CoveTrace(Action<string> report)
{
    /// <summary>Reports a call. One that has entered a TVM has no result.</summary>
    public void Write(Hart hart, CoveFunction function, ulong[] arguments, SbiResult? result)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"cove hart {hart.Id} {function.FullName}(");
        for (int i = 0; i < arguments.Length; i++)
        {
            line.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ", ")}{function.Arguments[i].Name}=0x{arguments[i]:x}");
        }

        line.Append(')');
        if (result is SbiResult r)
        {
            line.Append(CultureInfo.InvariantCulture, $" = {CoveError.NameOf(r.Error)}, 0x{r.Value:x}");
        }

        report(line.ToString());
    }
}
