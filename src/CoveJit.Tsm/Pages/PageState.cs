using System.Runtime.InteropServices;

namespace CoveJit.Tsm.Pages;

/// <summary>The TSM's record of one page of RAM.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Pins">Of a non-confidential page: by how much it may not be converted, because a TVM has it mapped or the TSM writes to it.</param>
/// <param name="Guest">The TVM that it is assigned to; 0 for none.</param>
/// <param name="GuestPage">Of a TVM's memory: the guest physical page number.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct PageState(PageKind Kind, ushort Pins, uint Guest, ulong GuestPage)
{
    public static PageState Of(PageKind kind, uint guest = 0, ulong guestPage = 0) => new(kind, 0, guest, guestPage);
}
