using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.BoardFakes;

/// <summary>Accesses that must be accepted, and the hostile ones that may be anything.</summary>
internal static class BusAccess
{
    public static ulong Read(this IBusDevice device, ulong offset, int size = 4)
    {
        Assert.True(device.TryRead(offset, size, out ulong value), $"{device.Name} refused a read of {size} at 0x{offset:x}");
        return value;
    }

    public static void Write(this IBusDevice device, ulong offset, ulong value, int size = 4) =>
        Assert.True(device.TryWrite(offset, size, value), $"{device.Name} refused a write of {size} at 0x{offset:x}");

    /// <summary>Every size at every offset of a small range, aligned or not, in and beyond the window; none may throw, and reads fit their size.</summary>
    public static void Fuzz(IBusDevice device, int seed, int steps, ReadOnlySpan<ulong> interesting, Action<Random>? between = null)
    {
        Random random = new(seed);
        ReadOnlySpan<int> sizes = [1, 2, 4, 8];
        for (int i = 0; i < steps; i++)
        {
            ulong offset = random.Next(4) switch
            {
                0 => (ulong)random.NextInt64(),
                1 => (ulong)random.Next(0x1_0000),
                2 => ulong.MaxValue - (ulong)random.Next(16),
                _ => interesting[random.Next(interesting.Length)] + (ulong)(random.Next(8) == 0 ? random.Next(9) : 0),
            };
            int size = sizes[random.Next(sizes.Length)];
            ulong value = random.Next(2) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : (ulong)random.Next(256);
            if (random.Next(2) == 0)
            {
                if (device.TryRead(offset, size, out ulong read) && size < 8)
                {
                    Assert.True(read >> (size * 8) == 0, $"a read of {size} bytes at 0x{offset:x} gave 0x{read:x}");
                }
            }
            else
            {
                device.TryWrite(offset, size, value);
            }

            between?.Invoke(random);
        }
    }
}
