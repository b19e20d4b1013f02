/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps through a BPF program and counts (RFC 9669 describes the instruction set). */
#include "interpreter.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define STACK 512
#define MOST_INSTRUCTIONS (1u << 20)
#define FRAME_ROOM 65536

struct machine {
    uint64_t registers[11];
    uint8_t stack[STACK] __attribute__((aligned(8)));
    struct xdp_md *context;
    struct lx_map_memory *maps;
    size_t map_count;
};

static struct lx_map_memory *find_map(const struct machine *machine, int fd)
{
    for (size_t i = 0; i < machine->map_count; i++)
        if (machine->maps[i].fd == fd)
            return &machine->maps[i];
    return NULL;
}

static uint64_t look_up(struct lx_map_memory *map, const uint32_t *key)
{
    if (!map || *key >= map->entries)
        return 0;
    if (map->inner)
        return (uint64_t)(uintptr_t)&map->inner[*key];
    return (uint64_t)(uintptr_t)(map->values + (size_t)*key * map->value_size);
}

static int call(struct machine *machine, int32_t helper)
{
    uint64_t *r = machine->registers;

    switch (helper) {
    case BPF_FUNC_map_lookup_elem:
        r[0] = look_up((void *)(uintptr_t)r[1], (void *)(uintptr_t)r[2]);
        return 0;
    case BPF_FUNC_get_smp_processor_id:
        r[0] = 0;
        return 0;
    case BPF_FUNC_xdp_get_buff_len:
        r[0] = machine->context->data_end - machine->context->data;
        return 0;
    default:
        return -ENOSYS;
    }
}

static int arithmetic(uint8_t operation, uint64_t *destination, uint64_t operand, int wide)
{
    uint64_t value = wide ? *destination : (uint32_t)*destination, shift = operand & (wide ? 63 : 31);

    if (!wide)
        operand = (uint32_t)operand;
    switch (operation) {
    case BPF_ADD:
        value += operand;
        break;
    case BPF_SUB:
        value -= operand;
        break;
    case BPF_MUL:
        value *= operand;
        break;
    case BPF_DIV:
        value = operand ? value / operand : 0;
        break;
    case BPF_MOD:
        value = operand ? value % operand : value;
        break;
    case BPF_OR:
        value |= operand;
        break;
    case BPF_AND:
        value &= operand;
        break;
    case BPF_XOR:
        value ^= operand;
        break;
    case BPF_LSH:
        value <<= shift;
        break;
    case BPF_RSH:
        value >>= shift;
        break;
    case BPF_ARSH:
        value = wide ? (uint64_t)((int64_t)value >> shift) : (uint32_t)((int32_t)value >> shift);
        break;
    case BPF_NEG:
        value = -value;
        break;
    case BPF_MOV:
        value = operand;
        break;
    default:
        return -ENOSYS;
    }
    *destination = wide ? value : (uint32_t)value;
    return 0;
}

static void swap_bytes(uint64_t *value, int32_t bits, int to_big)
{
    uint64_t v = *value;

    if (bits == 16)
        *value = to_big ? __builtin_bswap16((uint16_t)v) : (uint16_t)v;
    else if (bits == 32)
        *value = to_big ? __builtin_bswap32((uint32_t)v) : (uint32_t)v;
    else
        *value = to_big ? __builtin_bswap64(v) : v;
}

static int taken(uint8_t operation, uint64_t left, uint64_t right, int wide)
{
    int64_t l = wide ? (int64_t)left : (int32_t)left, r = wide ? (int64_t)right : (int32_t)right;

    if (!wide) {
        left = (uint32_t)left;
        right = (uint32_t)right;
    }
    switch (operation) {
    case BPF_JA:
        return 1;
    case BPF_JEQ:
        return left == right;
    case BPF_JNE:
        return left != right;
    case BPF_JGT:
        return left > right;
    case BPF_JGE:
        return left >= right;
    case BPF_JLT:
        return left < right;
    case BPF_JLE:
        return left <= right;
    case BPF_JSET:
        return (left & right) != 0;
    case BPF_JSGT:
        return l > r;
    case BPF_JSGE:
        return l >= r;
    case BPF_JSLT:
        return l < r;
    case BPF_JSLE:
        return l <= r;
    default:
        return -ENOSYS;
    }
}

static uint64_t load(const void *address, uint8_t size)
{
    uint64_t value = 0;

    memcpy(&value, address, size == BPF_B ? 1 : size == BPF_H ? 2 : size == BPF_W ? 4 : 8);
    return value;
}

static void store(void *address, uint64_t value, uint8_t size)
{
    memcpy(address, &value, size == BPF_B ? 1 : size == BPF_H ? 2 : size == BPF_W ? 4 : 8);
}

/* A 64-bit immediate: a number, a map, or the address of a map's first value. */
static int load_immediate(struct machine *machine, const struct bpf_insn *instruction)
{
    uint64_t *destination = &machine->registers[instruction->dst_reg];
    struct lx_map_memory *map;

    if (!instruction->src_reg) {
        *destination = (uint32_t)instruction->imm | (uint64_t)(uint32_t)instruction[1].imm << 32;
        return 0;
    }
    map = find_map(machine, instruction->imm);
    if (!map)
        return -ENOSYS;
    *destination = instruction->src_reg == BPF_PSEUDO_MAP_FD
                       ? (uint64_t)(uintptr_t)map
                       : (uint64_t)(uintptr_t)(map->values + (uint32_t)instruction[1].imm);
    return 0;
}

/* Executes one instruction; returns the index of the next, or -errno. */
static int64_t step(struct machine *machine, const struct bpf_insn *program, int64_t at, uint64_t *helper_calls)
{
    const struct bpf_insn *in = &program[at];
    uint64_t *destination = &machine->registers[in->dst_reg], source = machine->registers[in->src_reg];
    uint8_t class = BPF_CLASS(in->code), operation = BPF_OP(in->code);
    uint64_t operand = in->code & BPF_X ? source : (uint64_t)(int64_t)in->imm;
    int error = 0;

    switch (class) {
    case BPF_ALU:
    case BPF_ALU64:
        if (operation == BPF_END)
            swap_bytes(destination, in->imm, in->code & BPF_TO_BE);
        else
            error = arithmetic(operation, destination, operand, class == BPF_ALU64);
        return error ? error : at + 1;
    case BPF_LDX:
        *destination = load((const void *)(uintptr_t)(source + (uint64_t)(int64_t)in->off), BPF_SIZE(in->code));
        return at + 1;
    case BPF_ST:
    case BPF_STX:
        if (BPF_MODE(in->code) != BPF_MEM)
            return -ENOSYS;
        store((void *)(uintptr_t)(*destination + (uint64_t)(int64_t)in->off),
              class == BPF_ST ? (uint64_t)(int64_t)in->imm : source, BPF_SIZE(in->code));
        return at + 1;
    case BPF_LD:
        error = load_immediate(machine, in);
        return error ? error : at + 2;
    default:
        break;
    }
    if (operation == BPF_CALL) {
        (*helper_calls)++;
        error = call(machine, in->imm);
        return error ? error : at + 1;
    }
    error = taken(operation, *destination, operand, class == BPF_JMP);
    return error < 0 ? error : at + 1 + (error ? in->off : 0);
}

int lx_interpret(const struct bpf_insn *program, size_t length, struct lx_map_memory *maps, size_t map_count,
                 const void *frame, uint32_t frame_length, struct lx_execution *execution)
{
    struct machine machine = {.maps = maps, .map_count = map_count};
    /* The context holds 32-bit packet pointers, so the packet must lie where 32 bits reach. */
    uint8_t *low = mmap(NULL, FRAME_ROOM + sizeof(*machine.context), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    struct lx_execution counted = {0};
    int64_t at = 0;

    if (low == MAP_FAILED)
        return -errno;
    memcpy(low, frame, frame_length);
    machine.context = (struct xdp_md *)(low + FRAME_ROOM);
    machine.context->data = (uint32_t)(uintptr_t)low;
    machine.context->data_end = machine.context->data + frame_length;
    machine.registers[1] = (uint64_t)(uintptr_t)machine.context;
    machine.registers[10] = (uint64_t)(uintptr_t)(machine.stack + STACK);
    while (at >= 0 && (size_t)at < length && program[at].code != (BPF_JMP | BPF_EXIT)) {
        at = counted.instructions++ < MOST_INSTRUCTIONS ? step(&machine, program, at, &counted.helper_calls) : -ELOOP;
    }
    munmap(low, FRAME_ROOM + sizeof(*machine.context));
    if (at < 0)
        return (int)at;
    counted.instructions++; /* the exit */
    counted.result = machine.registers[0];
    *execution = counted;
    return 0;
}
