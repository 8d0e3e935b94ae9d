using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.InteropServices;

namespace CoveJit.Translator.Inspection;

/// <summary>An IL generator that writes down what it passes on.</summary>
internal sealed class IlListing(ILGenerator il) : ILGenerator
{
    private readonly List<IlLine> _lines = [];

    /// <summary>The lines so far.</summary>
    public IReadOnlyList<IlLine> Lines => _lines;

    /// <summary>The guest instruction that lines to come belong to.</summary>
    public ulong? Pc { get; set; }

    /// <inheritdoc/>
    public override int ILOffset => il.ILOffset;

    /// <inheritdoc/>
    public override LocalBuilder DeclareLocal(Type localType, bool pinned) => il.DeclareLocal(localType, pinned);

    /// <inheritdoc/>
    public override Label DefineLabel() => il.DefineLabel();

    /// <inheritdoc/>
    public override void MarkLabel(Label loc)
    {
        _lines.Add(new IlLine(Pc, $"{Name(loc)}:"));
        il.MarkLabel(loc);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode)
    {
        Add(opcode, null);
        il.Emit(opcode);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, byte arg)
    {
        Add(opcode, arg);
        il.Emit(opcode, arg);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, short arg)
    {
        Add(opcode, arg);
        il.Emit(opcode, arg);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, int arg)
    {
        Add(opcode, arg);
        il.Emit(opcode, arg);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, long arg)
    {
        Add(opcode, $"0x{arg:x}");
        il.Emit(opcode, arg);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, float arg)
    {
        Add(opcode, arg);
        il.Emit(opcode, arg);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, double arg)
    {
        Add(opcode, arg);
        il.Emit(opcode, arg);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, string str)
    {
        Add(opcode, str);
        il.Emit(opcode, str);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, Label label)
    {
        Add(opcode, Name(label));
        il.Emit(opcode, label);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, Label[] labels)
    {
        Add(opcode, string.Join(", ", labels.Select(Name)));
        il.Emit(opcode, labels);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, LocalBuilder local)
    {
        Add(opcode, $"V_{local.LocalIndex}");
        il.Emit(opcode, local);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, MethodInfo meth)
    {
        Add(opcode, $"{meth.DeclaringType?.Name}.{meth.Name}");
        il.Emit(opcode, meth);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, ConstructorInfo con)
    {
        Add(opcode, con.DeclaringType?.Name);
        il.Emit(opcode, con);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, FieldInfo field)
    {
        Add(opcode, $"{field.DeclaringType?.Name}.{field.Name}");
        il.Emit(opcode, field);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, Type cls)
    {
        Add(opcode, cls.Name);
        il.Emit(opcode, cls);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode opcode, SignatureHelper signature)
    {
        Add(opcode, "(signature)");
        il.Emit(opcode, signature);
    }

    /// <inheritdoc/>
    public override void EmitCall(OpCode opcode, MethodInfo methodInfo, Type[]? optionalParameterTypes)
    {
        Add(opcode, $"{methodInfo.DeclaringType?.Name}.{methodInfo.Name}");
        il.EmitCall(opcode, methodInfo, optionalParameterTypes);
    }

    /// <inheritdoc/>
    public override void EmitCalli(OpCode opcode, CallingConventions callingConvention, Type? returnType, Type[]? parameterTypes, Type[]? optionalParameterTypes)
    {
        Add(opcode, "(managed)");
        il.EmitCalli(opcode, callingConvention, returnType, parameterTypes, optionalParameterTypes);
    }

    /// <inheritdoc/>
    public override void EmitCalli(OpCode opcode, CallingConvention unmanagedCallConv, Type? returnType, Type[]? parameterTypes)
    {
        Add(opcode, "(unmanaged)");
        il.EmitCalli(opcode, unmanagedCallConv, returnType, parameterTypes);
    }

    /// <inheritdoc/>
    public override Label BeginExceptionBlock() => il.BeginExceptionBlock();

    /// <inheritdoc/>
    public override void BeginExceptFilterBlock() => il.BeginExceptFilterBlock();

    /// <inheritdoc/>
    public override void BeginCatchBlock(Type? exceptionType) => il.BeginCatchBlock(exceptionType!);

    /// <inheritdoc/>
    public override void BeginFaultBlock() => il.BeginFaultBlock();

    /// <inheritdoc/>
    public override void BeginFinallyBlock() => il.BeginFinallyBlock();

    /// <inheritdoc/>
    public override void EndExceptionBlock() => il.EndExceptionBlock();

    /// <inheritdoc/>
    public override void BeginScope() => il.BeginScope();

    /// <inheritdoc/>
    public override void EndScope() => il.EndScope();

    /// <inheritdoc/>
    public override void UsingNamespace(string usingNamespace) => il.UsingNamespace(usingNamespace);

    private static string Name(Label label) => string.Create(CultureInfo.InvariantCulture, $"L{label.Id}");

    private void Add(OpCode opcode, object? operand) =>
        _lines.Add(new IlLine(Pc, string.Create(CultureInfo.InvariantCulture, $"  {opcode.Name,-9} {operand}").TrimEnd()));
}
