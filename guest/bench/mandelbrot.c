/* Double precision in a short dependent loop: one iteration is one picture of 64 by 64 points, at most 200 steps each. */
#include "bench.h"

enum { SIDE = 64, STEPS = 200 };

static void work(uint64_t iterations)
{
    for (uint64_t i = 0; i < iterations; i++)
    {
        unsigned inside = 0;
        for (int row = 0; row < SIDE; row++)
        {
            for (int column = 0; column < SIDE; column++)
            {
                double cr = 3.0 * column / SIDE - 2.25, ci = 2.5 * row / SIDE - 1.25;
                double r = 0, im = 0;
                int n = 0;
                while (n < STEPS && r * r + im * im <= 4)
                {
                    double next = r * r - im * im + cr;
                    im = 2 * r * im + ci;
                    r = next;
                    n++;
                }
                inside += n == STEPS;
            }
        }
        bench_sink += inside;
    }
}

int main(int argc, char **argv)
{
    return bench_main("mandelbrot", work, argc, argv);
}
