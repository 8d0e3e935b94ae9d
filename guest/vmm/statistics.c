#include "statistics.h"

#include "memory.h"
#include "print.h"
#include "vm.h"

static const char *const exit_names[EXIT_KINDS] = {
    [EXIT_TIMER] = "timer",
    [EXIT_SOFTWARE] = "software",
    [EXIT_EXTERNAL] = "external",
    [EXIT_GUEST_EXTERNAL] = "guest_external",
    [EXIT_SBI] = "sbi",
    [EXIT_PAGE_FAULT] = "page_fault",
    [EXIT_MMIO_LOAD] = "mmio_load",
    [EXIT_MMIO_STORE] = "mmio_store",
    [EXIT_WFI] = "wfi",
    [EXIT_YIELD] = "yield",
    [EXIT_OTHER] = "other",
};

static const char *const end_names[] = { [VM_SHUTDOWN] = "shutdown", [VM_RESET] = "reset", [VM_FAILURE] = "failure" };

static u64 pages_at_start;

void statistics_start(void)
{
    pages_at_start = memory_free_pages();
}

static void print_vm(const struct vm *vm)
{
    struct counts sum = { 0 };
    u64 total = 0;
    for (unsigned i = 0; i < vm->vcpu_count; i++)
    {
        const struct counts *counts = &vm->vcpus[i].counts;
        sum.instructions += counts->instructions;
        sum.ticks += counts->ticks;
        for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
        {
            sum.exits[kind] += counts->exits[kind];
            total += counts->exits[kind];
        }
    }
    char exits[512];
    size_t length = 0;
    for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
        length += format_text(exits + length, sizeof exits - length, "%s\"%s\":%lu", kind == 0 ? "" : ",", exit_names[kind], sum.exits[kind]);
    char confidential[96] = "";
    if (vm->description->kind == VM_CONFIDENTIAL)
        format_text(confidential, sizeof confidential, ",\"shared_pages\":%lu,\"host_reads_refused\":%u", vm->tvm.shared_pages, vm->tvm.reads_refused);
    char functions[96] = "";
    if (vm->passthrough.count != 0)
        format_text(functions, sizeof functions, ",\"functions\":%u,\"functions_lost\":%u,\"requests_refused\":%lu",
            vm->passthrough.count, passthrough_lost(&vm->passthrough), passthrough_faults(&vm->passthrough));
    char reason[96] = "";
    if (vm->reason != NULL)
        format_text(reason, sizeof reason, ",\"reason\":\"%s\"", vm->reason);
    print("{\"schema\":1,\"vm\":%u,\"kind\":\"%s\",\"vcpus\":%u,\"end\":\"%s\"%s,\"starts\":%u,\"instructions\":%lu,\"run_microseconds\":%lu,"
          "\"exits_total\":%lu,\"exits\":{%s},\"memory_pages\":%lu,\"table_pages\":%lu%s%s}",
        vm->index, vm->operations->name, vm->vcpu_count, end_names[vm->end], reason, vm->starts, sum.instructions, sum.ticks * 1000000 / machine.timebase_frequency, total,
        exits, vm->owned_pages, vm->table_pages, confidential, functions);
}

void statistics_print(void)
{
    for (unsigned i = 0; i < machine.vm_count; i++)
        print_vm(&vms[i]);
    print("{\"schema\":1,\"machine\":{\"harts\":%u,\"pages\":%lu,\"pages_lost\":%lu}}", machine.hart_count, pages_at_start, pages_at_start - memory_free_pages());
}
