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
    char memory[96] = "\"memory_pages\":null,\"table_pages\":null"; /* the TSM's, who does not tell */
    if (!vm->tvm.is_static)
        format_text(memory, sizeof memory, "\"memory_pages\":%lu,\"table_pages\":%lu", vm->owned_pages, vm->table_pages);
    char balloon[256] = "";
    if (vm->balloon.device != NULL)
        format_text(balloon, sizeof balloon,
            ",\"balloon\":{\"target\":%u,\"pages\":%u,\"most\":%u,\"inflated\":%lu,\"deflated\":%lu,\"reported\":%lu,\"returned\":%lu,\"guest_free\":%lu,\"guest_total\":%lu}",
            vm->balloon.target, vm->balloon.actual, vm->balloon.most, vm->balloon.inflated, vm->balloon.deflated, vm->balloon.reported, vm->balloon.returned,
            vm->balloon.guest_free, vm->balloon.guest_total);
    print("{\"schema\":1,\"vm\":%u,\"kind\":\"%s\",\"vcpus\":%u,\"end\":\"%s\"%s,\"starts\":%u,\"instructions\":%lu,\"run_microseconds\":%lu,"
          "\"exits_total\":%lu,\"exits\":{%s},%s%s%s%s}",
        vm->index, vm->operations->name, vm->vcpu_count, end_names[vm->end], reason, vm->starts, sum.instructions, sum.ticks * 1000000 / machine.timebase_frequency, total,
        exits, memory, confidential, functions, balloon);
}

void statistics_print(void)
{
    for (unsigned i = 0; i < machine.vm_count; i++)
        print_vm(&vms[i]);
    print("{\"schema\":1,\"machine\":{\"harts\":%u,\"pages\":%lu,\"pages_lost\":%lu}}", machine.hart_count, pages_at_start, pages_at_start - memory_free_pages());
}
