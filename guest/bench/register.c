/* A register of a device: one iteration is a system call that reads the serial port's modem status.
 * In a virtual machine that is an exit to the hypervisor, which emulates the device, and back. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include "bench.h"

static int port;

static void work(uint64_t iterations)
{
    for (uint64_t i = 0; i < iterations; i++)
    {
        int status;
        if (ioctl(port, TIOCMGET, &status) != 0)
            bench_fail("TIOCMGET");
        bench_sink += (uint64_t)status;
    }
}

int main(int argc, char **argv)
{
    port = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (port < 0)
        bench_fail("/dev/ttyS0");
    return bench_main("register", work, argc, argv);
}
