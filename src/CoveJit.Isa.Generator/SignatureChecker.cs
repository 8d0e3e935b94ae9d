using CoveJit.Isa.Generator.Encodings;
using CoveJit.Isa.Generator.Model;
using Microsoft.CodeAnalysis;

namespace CoveJit.Isa.Generator;

/// <summary>Checks that a semantic method has the shape its kind of declaration asks for.</summary>
internal static class SignatureChecker
{
    private const string MachineType = "global::CoveJit.Isa.IMachine";
    private const string FlowType = "global::CoveJit.Isa.Flow";

    /// <summary>What is wrong with the method, or null.</summary>
    public static string? Check(InstructionModel model, IMethodSymbol method)
    {
        if (!method.IsStatic || method.DeclaredAccessibility != Accessibility.Public)
        {
            return "must be public and static";
        }

        bool Takes(string name) => model.Parameters.Any(parameter => parameter.Name == name);
        return model.Kind switch
        {
            InstructionKind.Load when !Takes("value") => "a load takes the loaded 'value'",
            InstructionKind.Load or InstructionKind.Store when !model.Encoding.Has("rs1") || !model.Encoding.Has("imm") => "a load or store needs the fields 'rs1' and 'imm'",
            InstructionKind.Amo when !Takes("memory") || !Takes("rs2") => "an atomic takes 'memory' and 'rs2'",
            InstructionKind.Branch when model.ReturnType != "bool" => "a branch returns bool",
            InstructionKind.Branch when !model.Encoding.Has("imm") => "a branch needs the field 'imm'",
            InstructionKind.Jump when model.ReturnType != "ulong" => "a jump returns its target as ulong",
            InstructionKind.System when model.ReturnType != FlowType => "a system instruction returns Flow",
            InstructionKind.System when model.Parameters.Count == 0 || model.Parameters[0].Type != MachineType => "a system instruction takes IMachine first",
            InstructionKind.Alu or InstructionKind.Load when !model.Encoding.Has("rd") && !model.Encoding.Has("fd") => "there is no destination field",
            InstructionKind.Alu or InstructionKind.Load or InstructionKind.Store when model.ReturnType == "void" => "the result is missing",
            _ => null,
        };
    }

    /// <summary>The first operand, of the method or of the disassembly text, that no field provides, or null.</summary>
    public static string? MissingOperand(InstructionModel model)
    {
        foreach (ParameterModel parameter in model.Parameters)
        {
            bool implied = parameter.Name switch
            {
                "pc" => model.Kind is InstructionKind.Alu or InstructionKind.Jump,
                "value" => model.Kind == InstructionKind.Load,
                "memory" => model.Kind == InstructionKind.Amo,
                "machine" => model.Kind == InstructionKind.System,
                "context" => parameter.ByReference,
                _ => false,
            };
            if (!implied && !model.Encoding.Has(parameter.Name))
            {
                return parameter.Name;
            }
        }

        return OperandTemplate.Placeholders(model.Operands + model.Mnemonic)
            .Select(OperandTemplate.FieldOf)
            .FirstOrDefault(name => !model.Encoding.Has(name));
    }
}
