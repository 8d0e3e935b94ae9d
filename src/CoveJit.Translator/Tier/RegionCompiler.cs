using System.Globalization;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using CoveJit.Translator.Emission;
using CoveJit.Translator.Inspection;
using CoveJit.Translator.Planning;

namespace CoveJit.Translator.Tier;

/// <summary>From a plan to machine code: IL in a dynamic method, which RyuJIT compiles at once.</summary>
internal sealed class RegionCompiler
{
    private readonly Declarations _declarations = new();

    /// <summary>Compiles a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="code">The function pointer, of the type <see cref="Harts.Code.Block.Entry"/> has. Valid as long as the method object lives.</param>
    /// <param name="inspection">Counters of the blocks and the text of the IL, for an observer; null if there is none.</param>
    /// <returns>The method object.</returns>
    public DynamicMethod Compile(RegionPlan plan, out nint code, RegionInspection? inspection = null)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"region_{(plan.Pages[0].Index << 12) + (ulong)plan.Entry.Offset:x}");
        DynamicMethod method = new(name, typeof(int), [typeof(nint), typeof(nint)], typeof(RegionCompiler).Module, skipVisibility: true) { InitLocals = false };
        ILGenerator il = method.GetILGenerator(plan.InstructionCount * 64);
        RegionEmitter.Emit(inspection?.Wrap(il) ?? il, plan, _declarations, inspection);
        RuntimeMethodHandle handle = GetMethodDescriptor(method);
        RuntimeHelpers.PrepareMethod(handle);
        code = handle.GetFunctionPointer();
        return method;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(GetMethodDescriptor))]
    private static extern RuntimeMethodHandle GetMethodDescriptor(DynamicMethod method);
}
