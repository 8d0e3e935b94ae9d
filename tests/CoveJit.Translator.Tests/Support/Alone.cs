namespace CoveJit.Translator.Tests;

/// <summary>For tests that measure the process: they run when no others do.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
