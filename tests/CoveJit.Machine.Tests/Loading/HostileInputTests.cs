using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Tests.Loading;

/// <summary>Whatever the bytes, a loader succeeds or throws a LoadException of one line, and writes no more than the memory holds.</summary>
public sealed class HostileInputTests
{
    private const int Rounds = 2000;
    private const int MemorySize = 1 << 18;

    public static TheoryData<string> Kinds => ["elf", "image", "gzip", "zboot", "noise"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Mutated_files_are_loaded_or_refused(string kind)
    {
        byte[] original = kind switch
        {
            "elf" => Samples.SmallElf(("tohost", 0x80001000, 8), ("begin_signature", 0x80000040, 0)),
            "image" => Samples.LinuxImage(512, 4096),
            "gzip" => Samples.Gzip(Samples.LinuxImage(512, 4096)),
            "zboot" => Samples.Zboot(Samples.Gzip(Samples.LinuxImage(512, 4096)), "gzip"),
            _ => new byte[600],
        };
        Random random = new(20261124);
        ulong[] edges = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, ulong.MaxValue, ulong.MaxValue - 63];
        for (int round = 0; round < Rounds; round++)
        {
            byte[] file = (byte[])original.Clone();
            if (kind == "noise")
            {
                random.NextBytes(file);
            }

            for (int i = random.Next(4); i >= 0; i--)
            {
                int offset = random.Next(file.Length - 8);
                if (random.Next(2) == 0)
                {
                    file[offset] = (byte)random.Next(256);
                }
                else
                {
                    BitConverter.TryWriteBytes(file.AsSpan(offset & ~7), edges[random.Next(edges.Length)]);
                }
            }

            if (random.Next(4) == 0)
            {
                file = file[..random.Next(1, file.Length)];
            }

            GuestFile guestFile = Samples.File(file);
            Attempt(memory => Inspect(ImageLoader.LoadKernel(guestFile, memory, 0x80010000), memory));
            Attempt(memory => Inspect(ImageLoader.LoadFirmware(guestFile, memory, 0x80000000), memory));
            Attempt(memory => Inspect(ImageLoader.LoadProgram(guestFile, memory), memory));
        }
    }

    private static void Inspect(LoadedImage image, FakeMemory memory)
    {
        Assert.InRange(image.Start, memory.Base, memory.Base + memory.Size);
        Assert.InRange(image.End, image.Start, memory.Base + memory.Size);
        Assert.InRange(image.EntryPoint, image.Start, image.End);
        image.Symbols.TryGetAddress("tohost", out _);
        image.Symbols.Symbolize(image.EntryPoint);
    }

    private static void Attempt(Action<FakeMemory> load)
    {
        FakeMemory memory = new(MemorySize);
        try
        {
            load(memory);
        }
        catch (LoadException e)
        {
            Assert.DoesNotContain('\n', e.Message);
            Assert.NotEmpty(e.Mend);
        }

        Assert.InRange(memory.Written, 0, MemorySize);
    }
}
