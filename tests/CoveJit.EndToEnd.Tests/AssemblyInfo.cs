// Guests are booted one after the other: time limits would otherwise depend on the number of processors.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
