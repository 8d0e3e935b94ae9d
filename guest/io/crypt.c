/* crypt DEVICE NAME: maps a block device through dm-crypt with aes-xts-plain64 and a fresh random key, as /dev/dm-N, whose path it prints. What
 * cryptsetup's plain mode does, by the kernel's own interface (linux/dm-ioctl.h). */
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { KEY_SIZE = 64, SECTOR = 512 };

union request
{
    struct dm_ioctl header;
    uint8_t bytes[4096];
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void prepare(union request *request, const char *name)
{
    memset(request, 0, sizeof *request);
    request->header.version[0] = DM_VERSION_MAJOR;
    request->header.data_size = sizeof *request;
    request->header.data_start = sizeof(struct dm_ioctl);
    snprintf(request->header.name, sizeof request->header.name, "%s", name);
}

int main(int argc, char **argv)
{
    if (argc != 3)
    {
        fprintf(stderr, "crypt DEVICE NAME\n");
        return 2;
    }
    uint64_t size;
    int device = open(argv[1], O_RDONLY);
    if (device < 0 || ioctl(device, BLKGETSIZE64, &size) != 0)
        fail(argv[1]);
    int control = open("/dev/mapper/control", O_RDWR);
    if (control < 0)
        fail("/dev/mapper/control");
    uint8_t key[KEY_SIZE];
    if (getrandom(key, sizeof key, 0) != sizeof key)
        fail("getrandom");

    static union request request;
    prepare(&request, argv[2]);
    if (ioctl(control, DM_DEV_CREATE, &request) != 0)
        fail("DM_DEV_CREATE");
    unsigned number = minor(request.header.dev);

    prepare(&request, argv[2]);
    request.header.target_count = 1;
    struct dm_target_spec *target = (struct dm_target_spec *)(request.bytes + sizeof(struct dm_ioctl));
    target->length = size / SECTOR;
    snprintf(target->target_type, sizeof target->target_type, "crypt");
    char *text = (char *)(target + 1);
    size_t room = (size_t)((char *)(&request + 1) - text);
    int used = snprintf(text, room, "aes-xts-plain64 ");
    for (int i = 0; i < KEY_SIZE; i++)
        used += snprintf(text + used, room - (size_t)used, "%02x", key[i]);
    /* Without its queues it encrypts where a request is made, as is recommended for fast devices. */
    snprintf(text + used, room - (size_t)used, " 0 %s 0 2 no_read_workqueue no_write_workqueue", argv[1]);
    if (ioctl(control, DM_TABLE_LOAD, &request) != 0)
        fail("DM_TABLE_LOAD");

    prepare(&request, argv[2]);
    if (ioctl(control, DM_DEV_SUSPEND, &request) != 0) /* without DM_SUSPEND_FLAG: resumes, which puts the table in force */
        fail("DM_DEV_SUSPEND");
    char path[32];
    snprintf(path, sizeof path, "/dev/dm-%u", number);
    for (int tries = 0; access(path, F_OK) != 0 && tries < 1000; tries++)
        usleep(1000);
    puts(path);
    return 0;
}
