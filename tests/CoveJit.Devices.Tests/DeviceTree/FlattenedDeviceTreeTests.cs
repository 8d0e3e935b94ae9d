using System.Buffers.Binary;
using System.Diagnostics;
using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Tests.BoardFakes;

namespace CoveJit.Devices.Tests.DeviceTree;

public class FlattenedDeviceTreeTests
{
    [Fact]
    public void A_tree_survives_the_round_trip()
    {
        FlattenedDeviceTree tree = Sample();
        FlattenedDeviceTree read = FlattenedDeviceTree.Parse(tree.ToBytes());
        Assert.Equal(tree.Root.Dump(), read.Root.Dump());
        Assert.Equal(tree.MemoryReservations, read.MemoryReservations);
        Assert.Equal(3u, read.BootCpuId);
        Assert.Equal(tree.ToBytes(), read.ToBytes());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_trees_survive_the_round_trip(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 200; i++)
        {
            FlattenedDeviceTree tree = new(RandomNode(random, "", 1));
            Assert.Equal(tree.Root.Dump(), FlattenedDeviceTree.Parse(tree.ToBytes()).Root.Dump());
        }
    }

    [Fact]
    public void The_header_is_that_of_version_17()
    {
        byte[] blob = new FlattenedDeviceTree(new DeviceTreeNode("")).ToBytes();
        uint[] header = [.. Enumerable.Range(0, 10).Select(i => BinaryPrimitives.ReadUInt32BigEndian(blob.AsSpan(i * 4)))];
        // Empty root: BEGIN_NODE, padded empty name, END_NODE, END behind one reservation terminator.
        Assert.Equal([0xD00DFEED, 72, 56, 72, 40, 17, 16, 0, 0, 16], header);
        Assert.Equal(
            [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 9],
            blob[56..72]);
    }

    [Fact]
    public void Every_truncation_is_refused_with_an_offset_inside_the_blob()
    {
        byte[] blob = Sample().ToBytes();
        for (int length = 0; length < blob.Length; length++)
        {
            byte[] cut = blob[..length];
            Assert.Throws<DeviceTreeFormatException>(() => FlattenedDeviceTree.Parse(cut));

            // The same with a header that admits to the new length, so that the check of totalsize does not hide the others.
            if (length >= 40)
            {
                BinaryPrimitives.WriteUInt32BigEndian(cut.AsSpan(4), (uint)length);
                DeviceTreeFormatException? error = ErrorOf(cut);
                // Only the padding behind the strings can be spared.
                Assert.True(error is not null || blob.Length - length < 8, $"cut to {length}");
                Assert.True(error is null || error.Offset <= length);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Mutated_blobs_give_the_format_error_or_a_tree_that_can_be_written(int seed)
    {
        Random random = new(seed);
        byte[] original = Sample().ToBytes();
        uint[] values = [0, 1, 2, 3, 4, 9, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, 0xFFFF_FFFF];
        int accepted = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] blob = (byte[])original.Clone();
            for (int changes = random.Next(1, 5); changes > 0; changes--)
            {
                int at = random.Next(blob.Length / 4) * 4;
                switch (random.Next(3))
                {
                    case 0:
                        blob[random.Next(blob.Length)] = (byte)random.Next(256);
                        break;
                    case 1:
                        BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(at), values[random.Next(values.Length)]);
                        break;
                    default:
                        BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(at), (uint)random.Next(blob.Length + 8));
                        break;
                }
            }

            try
            {
                FlattenedDeviceTree tree = FlattenedDeviceTree.Parse(blob);
                Assert.Equal(tree.Root.Dump(), FlattenedDeviceTree.Parse(tree.ToBytes()).Root.Dump());
                accepted++;
            }
            catch (DeviceTreeFormatException error)
            {
                Assert.InRange(error.Offset, 0, blob.Length);
                Assert.NotEmpty(error.Cause);
            }
        }

        // Values may change freely, so some mutants are fine; if all or none were, the test would test nothing.
        Assert.InRange(accepted, 1, 19_999);
    }

    [Fact]
    public void Random_bytes_behind_a_plausible_header_are_refused()
    {
        Random random = new(7);
        byte[] blob = Sample().ToBytes();
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(blob.AsSpan(56));
            Assert.NotNull(ErrorOf(blob));
        }
    }

    public static TheoryData<string, Action<byte[]>> Faults => new()
    {
        { "magic", blob => blob[0] = 0 },
        { "version", blob => blob[23] = 16 },
        { "version", blob => blob[27] = 18 },
        { "aligned", blob => blob[11] += 2 },
        { "overlap", blob => Put(blob, 12, Get(blob, 8)) },
        { "overlap", blob => Put(blob, 8, 48) },
        { "inside the blob", blob => Put(blob, 32, 0xFFFF_FFFF) },
        { "inside the blob", blob => Put(blob, 12, 8) },
        { "multiple of 4", blob => Put(blob, 36, Get(blob, 36) - 1) },
        { "ends where", blob => Put(blob, 36, Get(blob, 36) - 4) },
        { "out of place", blob => Put(blob, (int)Get(blob, 8), 4 + 1) },
        { "out of place", blob => Put(blob, (int)Get(blob, 8), 3) },
        { "has a name", blob => blob[(int)Get(blob, 8) + 4] = (byte)'x' },
        { "runs past", blob => Put(blob, (int)Get(blob, 8) + 12, 0x7FFF_FFFF) },
        { "outside the strings", blob => Put(blob, (int)Get(blob, 8) + 16, 0x7FFF_FFFF) },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Each_fault_is_named(string cause, Action<byte[]> damage)
    {
        byte[] blob = Sample().ToBytes();
        damage(blob);
        DeviceTreeFormatException? error = ErrorOf(blob);
        Assert.NotNull(error);
        Assert.Contains(cause, error.Cause, StringComparison.Ordinal);
        Assert.Contains($"0x{error.Offset:x}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Structure_rules_are_enforced()
    {
        Assert.Contains("follows a child", ErrorOf(Blob(1, 0, 1, 0x61000000, 2, 3, 0, 0, 2, 9))!.Cause, StringComparison.Ordinal);
        Assert.Contains("already", ErrorOf(Blob(1, 0, 3, 0, 0, 3, 0, 0, 2, 9))!.Cause, StringComparison.Ordinal);
        Assert.Contains("sibling", ErrorOf(Blob(1, 0, 1, 0x61000000, 2, 1, 0x61000000, 2, 2, 9))!.Cause, StringComparison.Ordinal);
        Assert.Contains("goes on", ErrorOf(Blob(1, 0, 2, 9, 9))!.Cause, StringComparison.Ordinal);
        Assert.Contains("out of place", ErrorOf(Blob(1, 0, 2, 1, 0, 2, 9))!.Cause, StringComparison.Ordinal);
        Assert.Contains("out of place", ErrorOf(Blob(1, 0, 9))!.Cause, StringComparison.Ordinal);
        Assert.Contains("not terminated", ErrorOf(Blob(1, 0, 1, 0x61616161))!.Cause, StringComparison.Ordinal);
        Assert.Null(ErrorOf(Blob(4, 1, 0, 4, 3, 0, 0, 4, 1, 0x61000000, 4, 2, 2, 4, 9)));
    }

    [Fact]
    public void Nesting_is_bounded_both_ways()
    {
        static uint[] Nested(int levels) =>
            [1, 0, .. Enumerable.Repeat(new uint[] { 1, 0x61000000 }, levels - 1).SelectMany(t => t), .. Enumerable.Repeat(2u, levels), 9];

        Assert.Null(ErrorOf(Blob(Nested(FlattenedDeviceTree.MaximumDepth))));
        Assert.Contains("nested", ErrorOf(Blob(Nested(FlattenedDeviceTree.MaximumDepth + 1)))!.Cause, StringComparison.Ordinal);
        Assert.Contains("nested", ErrorOf(Blob(Nested(200_000)))!.Cause, StringComparison.Ordinal);

        DeviceTreeNode root = new("");
        DeviceTreeNode node = root;
        for (int i = 1; i < FlattenedDeviceTree.MaximumDepth; i++)
        {
            node = node.AddChild("a");
        }

        new FlattenedDeviceTree(root).ToBytes();
        node.AddChild("a");
        Assert.Throws<InvalidOperationException>(() => new FlattenedDeviceTree(root).ToBytes());
    }

    [Fact]
    public void Many_properties_take_linear_time()
    {
        // 100 000 properties in one node, each with a name of its own: quadratic work would take minutes.
        const int Count = 100_000;
        uint[] tokens = [1, 0, .. Enumerable.Range(0, Count).SelectMany(i => new uint[] { 3, 0, (uint)i * 9 }), 2, 9];
        byte[] names = System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, Count).Select(i => $"p{i:d7}\0")));
        Stopwatch time = Stopwatch.StartNew();
        FlattenedDeviceTree tree = FlattenedDeviceTree.Parse(Blob(tokens, names));
        Assert.Equal(Count, tree.Root.Properties.Count);
        Assert.True(time.Elapsed < TimeSpan.FromSeconds(10), $"took {time.Elapsed}");
    }

    [Fact]
    public void What_cannot_be_expressed_is_refused_by_the_writer()
    {
        Refuses(new DeviceTreeNode("root"));
        Refuses(With(root => root.AddChild("a/b")));
        Refuses(With(root => root.AddChild("")));
        Refuses(With(root => root.AddChild(new string('a', 256))));
        Refuses(With(root => root.Set("", "x")));
        Refuses(With(root => root.Set("b\u00e4d", "x")));
        Refuses(With(root => root.AddChild("same")), root => root.AddChild("same"));
        FlattenedDeviceTree empty = new(new DeviceTreeNode(""));
        empty.MemoryReservations.Add(default);
        Assert.Throws<InvalidOperationException>(empty.ToBytes);

        static DeviceTreeNode With(Action<DeviceTreeNode> change)
        {
            DeviceTreeNode root = new("");
            change(root);
            return root;
        }

        static void Refuses(DeviceTreeNode root, Action<DeviceTreeNode>? more = null)
        {
            more?.Invoke(root);
            Assert.Throws<InvalidOperationException>(new FlattenedDeviceTree(root).ToBytes);
        }
    }

    [Fact]
    public void Phandles_are_unique_and_set_on_the_node()
    {
        PhandleAllocator phandles = new();
        DeviceTreeNode a = new("a");
        uint reserved = phandles.Reserve();
        uint assigned = phandles.Assign(a);
        Assert.NotEqual(0u, reserved);
        Assert.NotEqual(reserved, assigned);
        Assert.Equal([assigned], a.Cells("phandle"));
    }

    [RequiresToolFact("dtc")]
    public void Dtc_reads_what_is_written_and_writes_what_is_read()
    {
        FlattenedDeviceTree tree = Sample();
        byte[] source = Run("dtc", tree.ToBytes(), "-I", "dtb", "-O", "dts", "-q");
        Assert.Contains("/memreserve/", System.Text.Encoding.UTF8.GetString(source), StringComparison.Ordinal);
        byte[] compiled = Run("dtc", source, "-I", "dts", "-O", "dtb", "-q", "-b", "3");
        FlattenedDeviceTree read = FlattenedDeviceTree.Parse(compiled);
        Assert.Equal(tree.Root.Dump(), read.Root.Dump());
        Assert.Equal(tree.MemoryReservations, read.MemoryReservations);
        Assert.Equal(tree.BootCpuId, read.BootCpuId);
    }

    internal static byte[] Run(string program, byte[] input, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Task feed = Task.Run(() =>
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        });
        using MemoryStream output = new();
        process.StandardOutput.BaseStream.CopyTo(output);
        feed.Wait();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.ToArray();
    }

    private static FlattenedDeviceTree Sample()
    {
        DeviceTreeNode root = new("");
        root.SetCells("#address-cells", 2).SetCells("#size-cells", 2).Set("compatible", "riscv-virtio").Set("empty");
        root.AddChild("chosen").Set("bootargs", "console=ttyS0").Set("odd-length", [1, 2, 3, 4, 5]);
        DeviceTreeNode soc = root.AddChild("soc").Set("ranges").Set("compatible", "simple-bus");
        soc.AddChild("serial@10000000").Set("compatible", "ns16550a").SetPairs("reg", 0x1000_0000, 0x100);
        soc.AddChild("leaf").AddChild("leaf");
        FlattenedDeviceTree tree = new(root) { BootCpuId = 3 };
        tree.MemoryReservations.Add(new MemoryReservation(0x8000_0000, 0x20_0000));
        tree.MemoryReservations.Add(new MemoryReservation(0, 0x1000));
        return tree;
    }

    private static DeviceTreeNode RandomNode(Random random, string name, int depth)
    {
        DeviceTreeNode root = new(name);
        Fill(root, depth);
        return root;

        void Fill(DeviceTreeNode node, int level)
        {
            for (int i = random.Next(5); i > 0; i--)
            {
                byte[] value = new byte[random.Next(20)];
                random.NextBytes(value);
                node.Set($"#p,{i}?{new string('x', random.Next(30))}", value);
            }

            for (int i = level > 6 ? 0 : random.Next(4); i > 0; i--)
            {
                Fill(node.AddChild($"n{i}@{random.Next():x}"), level + 1);
            }
        }
    }

    private static DeviceTreeFormatException? ErrorOf(byte[] blob)
    {
        try
        {
            FlattenedDeviceTree.Parse(blob);
            return null;
        }
        catch (DeviceTreeFormatException error)
        {
            return error;
        }
    }

    private static byte[] Blob(params uint[] structure) => Blob(structure, "name\0"u8.ToArray());

    private static byte[] Blob(uint[] structure, byte[] strings)
    {
        byte[] blob = new byte[56 + (structure.Length * 4) + strings.Length];
        uint[] words =
        [
            0xD00DFEED, (uint)blob.Length, 56, (uint)(56 + (structure.Length * 4)), 40, 17, 16, 0, (uint)strings.Length,
            (uint)structure.Length * 4, 0, 0, 0, 0, .. structure,
        ];
        for (int i = 0; i < words.Length; i++)
        {
            Put(blob, i * 4, words[i]);
        }

        strings.CopyTo(blob, blob.Length - strings.Length);
        return blob;
    }

    private static uint Get(byte[] blob, int offset) => BinaryPrimitives.ReadUInt32BigEndian(blob.AsSpan(offset));

    private static void Put(byte[] blob, int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(offset), value);
}
