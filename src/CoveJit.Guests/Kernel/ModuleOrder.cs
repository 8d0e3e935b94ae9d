namespace CoveJit.Guests.Kernel;

/// <summary>Puts modules in an order in which each comes after everything it depends on.</summary>
internal static class ModuleOrder
{
    /// <summary>Depth-first order of the wanted modules and all they need.</summary>
    /// <param name="wanted">Names of the wanted modules.</param>
    /// <param name="describe">Gives a module's information; null for a module that is built in or does not exist.</param>
    /// <exception cref="InvalidDataException">Modules depend on each other in a circle.</exception>
    public static IReadOnlyList<string> Sort(IEnumerable<string> wanted, Func<string, ModuleInfo?> describe)
    {
        List<string> order = [];
        Dictionary<string, bool> finished = new(StringComparer.Ordinal);
        foreach (string name in wanted)
        {
            Visit(ModuleInfo.Normalise(name), soft: false);
        }

        return order;

        void Visit(string name, bool soft)
        {
            if (finished.TryGetValue(name, out bool done))
            {
                // A wish may point back at whoever uses the module; a need may not.
                if (!done && !soft)
                {
                    throw new InvalidDataException($"module {name} depends on itself");
                }

                return;
            }

            if (describe(name) is not { } info)
            {
                return;
            }

            finished[name] = false;
            foreach (string pre in info.SoftPre)
            {
                Visit(pre, soft: true);
            }

            foreach (string need in info.Depends)
            {
                Visit(need, soft: false);
            }

            finished[name] = true;
            order.Add(name);
        }
    }
}
