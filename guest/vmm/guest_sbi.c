/* The firmware that a virtual machine finds (SBI 3.0): its calls arrive here. */
#include "console.h"
#include "exits.h"
#include "print.h"
#include "riscv.h"
#include "sbi.h"

#define SPEC_VERSION (3u << 24)
#define IMPLEMENTATION_ID 0x43764A56u /* "CvJV" */
#define DEFAULT_RETENTIVE_SUSPEND 0
#define DEFAULT_NON_RETENTIVE_SUSPEND 0x80000000u

struct call
{
    struct vcpu *vcpu;
    const u64 *arguments; /* a0 to a5 */
    u32 function;
    enum verdict verdict;
    bool no_return; /* a0 and a1 are not the result's */
};

static struct sbi_result result(s64 error, u64 value)
{
    return (struct sbi_result){ error, value };
}

bool sbi_select_vcpus(const struct vm *vm, u64 mask, u64 base, u64 *selected)
{
    u64 all = BIT(vm->vcpu_count) - 1;
    if (base == ~0ul)
    {
        *selected = all;
        return true;
    }
    if (base >= 64 && mask != 0)
        return false;
    *selected = mask << base;
    return mask == 0 || ((*selected & ~all) == 0 && *selected >> base == mask);
}

static void wake(struct vcpu *vcpu)
{
    if (vcpu->hart != this_hart())
        hart_kick(vcpu->hart);
}

static struct sbi_result call_base(struct call *call)
{
    switch (call->function)
    {
        case BASE_SPEC_VERSION:
            return result(SBI_SUCCESS, SPEC_VERSION);
        case BASE_IMPL_ID:
            return result(SBI_SUCCESS, IMPLEMENTATION_ID);
        case BASE_IMPL_VERSION:
            return result(SBI_SUCCESS, 1);
        case BASE_PROBE:
        {
            static const u32 offered[] = { SBI_BASE, SBI_TIME, SBI_IPI, SBI_RFENCE, SBI_HSM, SBI_SRST, SBI_DBCN };
            for (unsigned i = 0; i < COUNT_OF(offered); i++)
                if (call->arguments[0] == offered[i])
                    return result(SBI_SUCCESS, 1);
            return result(SBI_SUCCESS, 0);
        }
        case BASE_MVENDORID:
        case BASE_MARCHID:
        case BASE_MIMPID:
            return sbi_call(SBI_BASE, call->function, 0, 0, 0, 0, 0);
        default:
            return result(SBI_ERR_NOT_SUPPORTED, 0);
    }
}

static struct sbi_result call_time(struct call *call)
{
    if (call->function != 0)
        return result(SBI_ERR_NOT_SUPPORTED, 0);
    csr_write(vstimecmp, call->arguments[0]);
    return result(SBI_SUCCESS, 0);
}

static struct sbi_result call_ipi(struct call *call)
{
    struct vm *vm = call->vcpu->vm;
    u64 selected;
    if (call->function != 0)
        return result(SBI_ERR_NOT_SUPPORTED, 0);
    if (!sbi_select_vcpus(vm, call->arguments[0], call->arguments[1], &selected))
        return result(SBI_ERR_INVALID_PARAM, 0);
    for (; selected != 0; selected &= selected - 1)
    {
        struct vcpu *target = &vm->vcpus[first_bit(selected)];
        __atomic_store_n(&target->software_pending, true, __ATOMIC_RELEASE);
        wake(target);
    }
    return result(SBI_SUCCESS, 0);
}

/* A fence of the virtual machine's own translations is one of the VS stage, on the harts that its virtual harts run on. */
static struct sbi_result call_rfence(struct call *call)
{
    static const u32 functions[] = {
        [RFENCE_FENCE_I] = RFENCE_FENCE_I,
        [RFENCE_SFENCE_VMA] = RFENCE_HFENCE_VVMA,
        [RFENCE_SFENCE_VMA_ASID] = RFENCE_HFENCE_VVMA_ASID,
    };
    struct vm *vm = call->vcpu->vm;
    u64 selected;
    if (call->function >= COUNT_OF(functions))
        return result(SBI_ERR_NOT_SUPPORTED, 0);
    if (!sbi_select_vcpus(vm, call->arguments[0], call->arguments[1], &selected))
        return result(SBI_ERR_INVALID_PARAM, 0);
    u64 mask = 0;
    for (; selected != 0; selected &= selected - 1)
        mask |= BIT(vm->vcpus[first_bit(selected)].hart->id);
    return sbi_call(SBI_RFENCE, functions[call->function], mask, 0, call->arguments[2], call->arguments[3], call->arguments[4]);
}

static struct sbi_result call_hsm(struct call *call)
{
    struct vcpu *own = call->vcpu;
    struct vm *vm = own->vm;
    const u64 *a = call->arguments;
    switch (call->function)
    {
        case HSM_START:
        {
            if (a[0] >= vm->vcpu_count)
                return result(SBI_ERR_INVALID_PARAM, 0);
            if (!range_holds(vm->ram, a[1], 2))
                return result(SBI_ERR_INVALID_ADDRESS, 0);
            struct vcpu *target = &vm->vcpus[a[0]];
            lock_acquire(&vm->lock);
            bool stopped = vcpu_state(target) == VCPU_STOPPED;
            if (stopped)
            {
                target->start_pc = a[1];
                target->start_argument = a[2];
                __atomic_store_n(&target->state, VCPU_STARTING, __ATOMIC_RELEASE);
            }
            lock_release(&vm->lock);
            if (!stopped)
                return result(SBI_ERR_ALREADY_AVAILABLE, 0);
            wake(target);
            return result(SBI_SUCCESS, 0);
        }
        case HSM_STOP:
            __atomic_store_n(&own->state, VCPU_STOPPED, __ATOMIC_RELEASE);
            call->verdict = LOOK_AROUND;
            call->no_return = true;
            return result(SBI_SUCCESS, 0);
        case HSM_STATUS:
        {
            if (a[0] >= vm->vcpu_count)
                return result(SBI_ERR_INVALID_PARAM, 0);
            enum vcpu_state state = vcpu_state(&vm->vcpus[a[0]]);
            return result(SBI_SUCCESS, state == VCPU_STOPPED ? HSM_STATE_STOPPED : state == VCPU_STARTING ? HSM_STATE_START_PENDING : HSM_STATE_STARTED);
        }
        case HSM_SUSPEND:
            switch ((u32)a[0])
            {
                case DEFAULT_RETENTIVE_SUSPEND:
                    __atomic_store_n(&own->state, VCPU_WAITING, __ATOMIC_RELEASE);
                    call->verdict = LOOK_AROUND;
                    return result(SBI_SUCCESS, 0);
                case DEFAULT_NON_RETENTIVE_SUSPEND:
                    return result(SBI_ERR_NOT_SUPPORTED, 0);
                default:
                    return result(SBI_ERR_INVALID_PARAM, 0);
            }
        default:
            return result(SBI_ERR_NOT_SUPPORTED, 0);
    }
}

static struct sbi_result call_srst(struct call *call)
{
    u64 type = call->arguments[0];
    u64 reason = call->arguments[1];
    if (call->function != 0)
        return result(SBI_ERR_NOT_SUPPORTED, 0);
    if (type > RESET_WARM_REBOOT || reason > RESET_SYSTEM_FAILURE)
        return result(SBI_ERR_INVALID_PARAM, 0);
    call->verdict = LOOK_AROUND;
    call->no_return = true;
    vm_stop(call->vcpu->vm, type != RESET_SHUTDOWN ? VM_RESET : reason == RESET_NO_REASON ? VM_SHUTDOWN : VM_FAILURE);
    return result(SBI_SUCCESS, 0);
}

static struct sbi_result call_dbcn(struct call *call)
{
    struct vm *vm = call->vcpu->vm;
    const u64 *a = call->arguments;
    u8 buffer[256];
    u64 size = min_u64(a[0], sizeof buffer); /* the caller comes back for the rest */
    switch (call->function)
    {
        case DBCN_WRITE:
        {
            lock_acquire(&vm->lock);
            bool valid = a[2] == 0 && vm_read(vm, a[1], buffer, size);
            lock_release(&vm->lock);
            if (!valid)
                return result(SBI_ERR_INVALID_PARAM, 0);
            console_write(vm->index, buffer, size);
            return result(SBI_SUCCESS, size);
        }
        case DBCN_READ:
            return a[2] == 0 && range_holds(vm->ram, a[1], a[0]) ? result(SBI_SUCCESS, 0) : result(SBI_ERR_INVALID_PARAM, 0);
        case DBCN_WRITE_BYTE:
            buffer[0] = (u8)a[0];
            console_write(vm->index, buffer, 1);
            return result(SBI_SUCCESS, 0);
        default:
            return result(SBI_ERR_NOT_SUPPORTED, 0);
    }
}

enum verdict handle_sbi(struct vcpu *vcpu)
{
    u64 *x = vcpu->context.x;
    u64 extension = x[17];
    struct call call = { .vcpu = vcpu, .arguments = &x[10], .function = (u32)x[16], .verdict = GO_ON };
    struct sbi_result answer = result(SBI_ERR_NOT_SUPPORTED, 0);
    switch (extension)
    {
        case SBI_BASE:
            answer = call_base(&call);
            break;
        case SBI_TIME:
            answer = call_time(&call);
            break;
        case SBI_IPI:
            answer = call_ipi(&call);
            break;
        case SBI_RFENCE:
            answer = call_rfence(&call);
            break;
        case SBI_HSM:
            answer = call_hsm(&call);
            break;
        case SBI_SRST:
            answer = call_srst(&call);
            break;
        case SBI_DBCN:
            answer = call_dbcn(&call);
            break;
    }
    vcpu->vm->operations->skip(vcpu, 4);
    if (!call.no_return)
    {
        x[10] = (u64)answer.error;
        x[11] = answer.value;
    }
    return call.verdict;
}
