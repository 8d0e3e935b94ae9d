namespace CoveJit.Translator.Tests.Support;

/// <summary>For tests that measure the process, or need its threads: they run when no others do.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
