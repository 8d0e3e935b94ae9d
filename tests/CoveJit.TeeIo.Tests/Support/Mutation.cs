namespace CoveJit.TeeIo.Tests.Support;

/// <summary>Changes bytes as a fuzzer does.</summary>
internal static class Mutation
{
    public static byte[] Mutate(byte[] bytes, Random random)
    {
        List<byte> changed = [.. bytes];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(changed.Count + 1);
            switch (random.Next(5))
            {
                case 0 when at < changed.Count:
                    changed[at] ^= (byte)(1 << random.Next(8));
                    break;

                case 1 when at < changed.Count:
                    changed[at] = (byte)new[] { 0, 1, 0x7F, 0x80, 0xFF }[random.Next(5)];
                    break;

                case 2:
                    changed.Insert(at, (byte)random.Next(256));
                    break;

                case 3 when at < changed.Count:
                    changed.RemoveAt(at);
                    break;

                case 4 when at < changed.Count:
                    changed.RemoveRange(at, random.Next(changed.Count - at));
                    break;
            }
        }

        return [.. changed];
    }

    public static byte[] RandomBytes(Random random, int limit)
    {
        byte[] bytes = new byte[random.Next(limit)];
        random.NextBytes(bytes);
        return bytes;
    }
}
