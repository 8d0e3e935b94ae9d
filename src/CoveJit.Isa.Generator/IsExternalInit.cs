// netstandard2.0 lacks this type; the compiler wants it for records and init accessors.
namespace System.Runtime.CompilerServices;

internal static class IsExternalInit;
