using System.Globalization;
using System.Text;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Machines.Tracing;

/// <summary>Writes each SBI call of the managed firmware as one line (<c>--trace sbi</c>).</summary>
/// <param name="report">Takes one line; called on any hart's thread.</param>
internal sealed class SbiTrace(Action<string> report)
{
    /// <summary>Reports a call. A call that does not return has no result.</summary>
    public void Write(SbiFunction function, SbiCall call, SbiResult? result)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"sbi hart {call.Hart.Id} {function.Name}(");
        for (int i = 0; i < function.Arguments.Length; i++)
        {
            line.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ", ")}{function.Arguments[i]}=0x{call[i]:x}");
        }

        line.Append(')');
        if (result is SbiResult r)
        {
            line.Append(CultureInfo.InvariantCulture, $" = {r.Error}, 0x{r.Value:x}");
        }

        report(line.ToString());
    }
}
