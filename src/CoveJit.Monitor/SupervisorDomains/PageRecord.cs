using CoveJit.Memory.Protection;

namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>Whose a page of RAM is, and who may do what with it.</summary>
/// <param name="Owner">SDID of the supervisor domain that it belongs to, or <see cref="Nobody"/>.</param>
/// <param name="Partner">SDID of the domain that it is shared with, or <see cref="Nobody"/>.</param>
/// <param name="OwnerPermissions">What the owner may do.</param>
/// <param name="PartnerPermissions">What the partner may do.</param>
public readonly record struct PageRecord(byte Owner, byte Partner, MptPermissions OwnerPermissions, MptPermissions PartnerPermissions)
{
    /// <summary>No domain: M-mode's own.</summary>
    public const byte Nobody = 0xFF;

    /// <summary>A page of M-mode's.</summary>
    public static PageRecord Root { get; } = new(Nobody, Nobody, MptPermissions.None, MptPermissions.None);

    /// <summary>Whether another domain than the owner has part in the page.</summary>
    public bool IsShared => Partner != Nobody;

    /// <summary>A page of one domain's.</summary>
    public static PageRecord Of(uint owner, MptPermissions permissions) => new((byte)owner, Nobody, permissions, MptPermissions.None);

    /// <summary>What a domain may do with the page.</summary>
    public MptPermissions PermissionsOf(uint sdid) => sdid == Owner ? OwnerPermissions : sdid == Partner ? PartnerPermissions : MptPermissions.None;
}
