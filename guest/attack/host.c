#include "host.h"

#include "print.h"
#include "riscv.h"

#define ARENA 0x81000000ul
#define ARENA_END 0x86000000ul

_Noreturn void host_trap(u64 cause, u64 at, u64 value);
_Noreturn void other_main(void);
void host_main(u64 hart);
void attack_all(void); /* main.c */
extern char other_entry[];

static u64 next_page = ARENA;
static struct nacl shared_memory[2] __attribute__((aligned(4096)));

static struct
{
    void (*job)(void *); /* NULL: none, or the last one has ended */
    void *argument;
    u64 hart;
} other;

void say(const char *text)
{
    for (; *text != 0; text++)
        sbi_call(SBI_DBCN, DBCN_WRITE_BYTE, (u8)*text, 0, 0, 0, 0);
}

void say_number(u64 number)
{
    char digits[21];
    char *at = digits + 20;
    *at = 0;
    do
        *--at = '0' + number % 10;
    while ((number /= 10) != 0);
    say(at);
}

void say_hex(const u8 *bytes, u64 count)
{
    for (u64 i = 0; i < count; i++)
    {
        char text[3] = { "0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15], 0 };
        say(text);
    }
}

void shut_down(void)
{
    sbi_system_reset(RESET_SHUTDOWN, RESET_NO_REASON);
}

void give_up(const char *why)
{
    say("\n{\"failure\":\"");
    say(why);
    say("\"}\n");
    shut_down();
}

void host_trap(u64 cause, u64 at, u64 value)
{
    say("\ntrap ");
    say_number(cause);
    say(" at ");
    say_number(at);
    say(" value ");
    say_number(value);
    give_up("the host itself trapped");
}

void must(struct sbi_result result, const char *what)
{
    if (result.error != SBI_SUCCESS)
        give_up(what);
}

void *host_pages(u64 count, u64 alignment)
{
    u64 start = align_up(next_page, alignment);
    next_page = start + count * PAGE_SIZE;
    if (next_page > ARENA_END)
        give_up("the host's memory is used up");
    return memset((void *)start, 0, count * PAGE_SIZE);
}

static bool is_other(void)
{
    extern char recover_other[];
    u64 tp;
    __asm__ volatile("mv %0, tp" : "=r"(tp));
    return tp == (u64)recover_other;
}

struct nacl *host_shared(void)
{
    return &shared_memory[is_other()];
}

static void share(void)
{
    must(sbi_call(SBI_NACL, NACL_SET_SHMEM, (u64)host_shared(), 0, 0, 0, 0), "the TSM does not take shared memory");
}

void other_main(void)
{
    share();
    csr_write(sie, BIT(INTERRUPT_SOFTWARE));
    for (;;)
    {
        if (__atomic_load_n(&other.job, __ATOMIC_ACQUIRE) == NULL)
        {
            __asm__ volatile("wfi");
            continue;
        }
        csr_clear(sip, BIT(INTERRUPT_SOFTWARE)); /* what told of the job */
        other.job(other.argument);
        csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
        __atomic_store_n(&other.job, NULL, __ATOMIC_RELEASE);
    }
}

void host_begin(void (*job)(void *), void *argument)
{
    other.argument = argument;
    __atomic_store_n(&other.job, job, __ATOMIC_RELEASE);
    sbi_send_ipi(other.hart);
}

bool host_is_busy(void)
{
    return __atomic_load_n(&other.job, __ATOMIC_ACQUIRE) != NULL;
}

void host_await(void)
{
    while (host_is_busy())
        __asm__ volatile(".insn 0x0100000f");
}

void host_interrupt(void)
{
    sbi_send_ipi(other.hart);
}

struct sbi_result convert_pages(const void *pages, u64 count)
{
    return covh_call(COVH_CONVERT_PAGES, (u64)pages, count, 0, 0, 0, 0);
}

static void local_fence(void *unused)
{
    (void)unused;
    covh_call(COVH_LOCAL_FENCE, 0, 0, 0, 0, 0, 0);
}

void fence_other(void)
{
    host_begin(local_fence, NULL);
    host_await();
}

void fence_both(void)
{
    must(covh_call(COVH_GLOBAL_FENCE, 0, 0, 0, 0, 0, 0), "the TSM does not begin a fence");
    fence_other();
}

void give_away(const void *pages, u64 count)
{
    must(convert_pages(pages, count), "the TSM does not convert pages");
    fence_both();
}

u64 host_hart(void)
{
    return other.hart ^ 1;
}

/* What the honest host's code gives up with, and tells. */
void fail(const char *format, ...)
{
    give_up(format);
}

void print(const char *format, ...)
{
    give_up(format); /* it has nothing to say that is not wrong here */
}

void adversary(const char *what)
{
    say("{\"adversary\":\"");
    say(what);
    say("\"}\n");
}

void host_main(u64 hart)
{
    share();
    other.hart = hart ^ 1;
    if (sbi_hart_start(other.hart, (u64)other_entry, 0) != SBI_SUCCESS)
        give_up("the other hart does not start");
    attack_all();
    shut_down();
}
