using System.Buffers.Binary;
using System.Text;
using CoveJit.Guests.Kernel;

namespace CoveJit.Guests.Tests;

public sealed class KernelModuleTests
{
    private static readonly Dictionary<string, ModuleInfo> Modules = new(StringComparer.Ordinal)
    {
        ["virtio_net"] = new(["net_failover"], []),
        ["net_failover"] = new(["failover"], []),
        ["failover"] = new([], []),
        ["ext4"] = new(["jbd2", "mbcache"], ["crc32c"]),
        ["jbd2"] = new([], []),
        ["mbcache"] = new([], []),
        ["crc32c"] = new([], ["ext4"]),
        ["a"] = new(["b"], []),
        ["b"] = new(["a"], []),
    };

    [Fact]
    public void Each_module_comes_after_what_it_needs()
    {
        Assert.Equal(
            ["failover", "net_failover", "virtio_net", "crc32c", "jbd2", "mbcache", "ext4"],
            ModuleOrder.Sort(["virtio-net", "failover", "built-in", "ext4"], Modules.GetValueOrDefault));
    }

    [Fact]
    public void Wishes_may_go_round_in_a_circle_but_needs_may_not()
    {
        Assert.Equal(["jbd2", "mbcache", "ext4", "crc32c"], ModuleOrder.Sort(["crc32c"], Modules.GetValueOrDefault));
        Assert.Throws<InvalidDataException>(() => ModuleOrder.Sort(["a"], Modules.GetValueOrDefault));
    }

    [Fact]
    public void Modinfo_strings()
    {
        ModuleInfo info = ModuleInfo.Parse("license=GPL\0depends=dm-mod,jbd2\0softdep=pre: crc32c aes-generic post: late\0\0"u8);

        Assert.Equal(["dm_mod", "jbd2"], info.Depends);
        Assert.Equal(["crc32c", "aes_generic"], info.SoftPre);
    }

    [Fact]
    public void Modinfo_is_found_in_an_elf_file()
    {
        Assert.Equal(["b"], ModuleInfo.Read(Elf("depends=b\0"u8.ToArray())).Depends);
    }

    [Fact]
    public void No_damaged_elf_file_does_worse_than_being_refused()
    {
        byte[] elf = Elf("depends=b\0"u8.ToArray());
        for (int length = 0; length < elf.Length; length++)
        {
            byte[] cut = elf[..length];
            Assert.Throws<InvalidDataException>(() => ModuleInfo.Read(cut));
        }

        for (int i = 0; i < elf.Length; i++)
        {
            foreach (byte value in (byte[])[0, 0x7F, 0x80, 0xFF])
            {
                byte[] damaged = [.. elf];
                damaged[i] = value;
                try
                {
                    ModuleInfo.Read(damaged);
                }
                catch (InvalidDataException)
                {
                }
            }
        }
    }

    [Fact]
    public void Modules_dep_names_the_nearest_need_first()
    {
        KernelModule[] modules =
        [
            new("c", "kernel/c.ko", [], []),
            new("b", "kernel/b.ko", [], ["c"]),
            new("a", "kernel/a.ko", [], ["c", "b"]),
        ];

        // modprobe loads from the end of the line, so c has to stand after b.
        Assert.Equal("kernel/c.ko:\nkernel/b.ko: kernel/c.ko\nkernel/a.ko: kernel/b.ko kernel/c.ko\n", KernelPackageContent.ModulesDep(modules));
    }

    [Theory]
    [InlineData("usr/lib/modules/7.2.12", "usr/lib/modules/7.2.12/vmlinuz")]
    [InlineData("usr/lib/modules/6.12.1", "boot/vmlinux-6.12.1")]
    [InlineData("lib/modules/6.12.1", "boot/vmlinuz-6.12.1")]
    public void Kernel_image_of_each_layout(string modules, string image)
    {
        using TemporaryDirectory root = new();
        root.Write(image, "kernel");
        root.Write(modules + "/kernel/fs/ext4/ext4.ko.xz", "module");

        KernelPackageContent found = KernelPackageContent.Find(root.Path);

        Assert.Equal(Path.Combine(root.Path, image), found.Image);
        Assert.Equal(Path.GetFileName(modules), found.Release);
    }

    [Fact]
    public void A_tree_without_a_kernel_is_reported()
    {
        using TemporaryDirectory root = new();

        Assert.Contains("no kernel image", Assert.Throws<GuestBuildException>(() => KernelPackageContent.Find(root.Path)).Cause, StringComparison.Ordinal);
    }

    private static byte[] Elf(byte[] modinfo)
    {
        byte[] names = Encoding.ASCII.GetBytes("\0.modinfo\0.shstrtab\0");
        int namesAt = 64 + modinfo.Length;
        int table = namesAt + names.Length;
        byte[] elf = new byte[table + (3 * 64)];
        "\u007fELF\u0002\u0001"u8.CopyTo(elf);
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(0x28), (ulong)table);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(0x3A), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(0x3C), 3);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(0x3E), 2);
        modinfo.CopyTo(elf, 64);
        names.CopyTo(elf, namesAt);
        Section(table + 64, 1, 64, modinfo.Length);
        Section(table + 128, 10, namesAt, names.Length);
        return elf;

        void Section(int at, uint name, int offset, int size)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(elf.AsSpan(at), name);
            BinaryPrimitives.WriteUInt32LittleEndian(elf.AsSpan(at + 4), 1);
            BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(at + 0x18), (ulong)offset);
            BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(at + 0x20), (ulong)size);
        }
    }
}
