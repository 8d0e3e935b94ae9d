/* Double precision with loads: one iteration multiplies two matrices of 128 by 128, the plain way. */
#include "bench.h"

enum { SIDE = 128 };
static double a[SIDE][SIDE], b[SIDE][SIDE], product[SIDE][SIDE];

static void work(uint64_t iterations)
{
    for (int i = 0; i < SIDE; i++)
    {
        for (int j = 0; j < SIDE; j++)
        {
            a[i][j] = i + 0.5 * j;
            b[i][j] = i - 0.25 * j;
        }
    }
    for (uint64_t n = 0; n < iterations; n++)
    {
        for (int i = 0; i < SIDE; i++)
        {
            for (int j = 0; j < SIDE; j++)
            {
                double sum = 0;
                for (int k = 0; k < SIDE; k++)
                    sum += a[i][k] * b[k][j];
                product[i][j] = sum;
            }
        }
        __asm__ volatile("" : : "r"(product) : "memory");
    }
    bench_sink += (uint64_t)product[SIDE - 1][1];
}

int main(int argc, char **argv)
{
    return bench_main("matmul", work, argc, argv);
}
