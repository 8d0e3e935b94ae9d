using System.Reflection;

namespace CoveJit.Translator.Emission;

/// <summary>An instruction's declaration as the translator uses it: the semantic method, and its own IL where that can be spliced into a region.</summary>
/// <param name="Method">The semantic method.</param>
/// <param name="Parameters">Its parameters, named after operands.</param>
/// <param name="Body">Its IL, or null if it must be called.</param>
internal sealed record Declaration(MethodInfo Method, ParameterInfo[] Parameters, SemanticBody? Body);
