using CoveJit.Isa;

namespace CoveJit.Machines.Board;

/// <summary>
/// What the device tree says about a hart, derived from what the hart implements: the decoder's extension set, and the
/// privileged extensions that add no instructions and so are not in it.
/// </summary>
/// <param name="Extensions">Extensions with instructions.</param>
/// <param name="PrivilegedExtensions">Lower-case names of the others, for example <c>sstc</c>.</param>
/// <param name="Paging">Largest paging mode.</param>
public sealed record HartDescription(ExtensionSet Extensions, IReadOnlyList<string> PrivilegedExtensions, PagingMode Paging = PagingMode.Sv57)
{
    /// <summary>Block size in bytes of Zicbom, Zicboz and Zicbop: a host cache line.</summary>
    public const uint CacheBlockSize = 64;

    // Order of the letters in ISA strings (RISC-V unprivileged specification, "ISA Extension Naming Conventions").
    private const string CanonicalOrder = "imafdqlcbkjtpvnh";

    /// <summary>The <c>riscv,isa-extensions</c> list in canonical order; names as the device-tree binding spells them.</summary>
    public IReadOnlyList<string> ExtensionNames
    {
        get
        {
            HashSet<string> names = [.. PrivilegedExtensions];
            foreach (Extension extension in Enum.GetValues<Extension>())
            {
                if (extension is not (Extension.None or Extension.S) && Extensions.Has(extension))
                {
#pragma warning disable CA1308 // The binding defines lower-case names.
                    names.Add(extension.ToString().ToLowerInvariant());
#pragma warning restore CA1308
                }
            }

            // The letters A and C stand for parts that kernels look up, and other extensions depend on, by their own names.
            if (Extensions.Has(Extension.A))
            {
                names.UnionWith(["zaamo", "zalrsc"]);
            }

            if (Extensions.Has(Extension.C))
            {
                names.Add("zca");
                if (Extensions.Has(Extension.D))
                {
                    names.Add("zcd");
                }
            }

            return [.. names.OrderBy(Category).ThenBy(SubCategory).ThenBy(name => name, StringComparer.Ordinal)];
        }
    }

    /// <summary>The <c>riscv,isa</c> string: <c>rv64imafdc_zicsr_...</c>.</summary>
    public string IsaString
    {
        get
        {
            IReadOnlyList<string> names = ExtensionNames;
            string letters = string.Concat(names.Where(name => name.Length == 1));
            return string.Join('_', names.Where(name => name.Length > 1).Prepend($"rv64{letters}"));
        }
    }

    /// <summary>The <c>mmu-type</c> value.</summary>
    public string MmuType => Paging switch
    {
        PagingMode.Sv39 => "riscv,sv39",
        PagingMode.Sv48 => "riscv,sv48",
        _ => "riscv,sv57",
    };

    // Single letters first, then Z, then S, then the rest (X).
    private static int Category(string name) => name.Length == 1 ? 0 : name[0] switch { 'z' => 1, 's' => 2, _ => 3 };

    private static int SubCategory(string name)
    {
        char key = name.Length == 1 ? name[0] : name[0] == 'z' ? name[1] : ' ';
        int index = CanonicalOrder.IndexOf(key, StringComparison.Ordinal);
        return index < 0 ? CanonicalOrder.Length : index;
    }
}
