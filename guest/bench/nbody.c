/* Double precision with divisions and square roots: one iteration is one step of five bodies that attract each other. */
#include <math.h>
#include "bench.h"

enum { BODIES = 5 };

struct body
{
    double position[3], velocity[3], mass;
};

static struct body bodies[BODIES];

static void step(double dt)
{
    for (int i = 0; i < BODIES; i++)
    {
        for (int j = i + 1; j < BODIES; j++)
        {
            double apart[3], square = 0;
            for (int k = 0; k < 3; k++)
            {
                apart[k] = bodies[i].position[k] - bodies[j].position[k];
                square += apart[k] * apart[k];
            }
            double pull = dt / (square * sqrt(square));
            for (int k = 0; k < 3; k++)
            {
                bodies[i].velocity[k] -= apart[k] * bodies[j].mass * pull;
                bodies[j].velocity[k] += apart[k] * bodies[i].mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++)
            bodies[i].position[k] += dt * bodies[i].velocity[k];
}

static void work(uint64_t iterations)
{
    /* A heavy one in the middle, the others on circles around it. */
    for (int i = 0; i < BODIES; i++)
    {
        double distance = 4 * i;
        bodies[i] = (struct body){
            .position = { distance, 0, 0.1 * i },
            .velocity = { 0, i == 0 ? 0 : sqrt(40 / distance), 0 },
            .mass = i == 0 ? 40 : 0.01 * i,
        };
    }
    for (uint64_t i = 0; i < iterations; i++)
        step(0.001);
    bench_sink += (uint64_t)(bodies[1].position[0] * 1e6);
}

int main(int argc, char **argv)
{
    return bench_main("nbody", work, argc, argv);
}
