/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps through a BPF program and counts (RFC 9669 describes the instruction set). */
#include "interpreter.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define STACK 512
#define MOST_CALLS 8
#define MOST_INSTRUCTIONS (1u << 20)
#define FRAME_ROOM 65536
/* The clock stands still. */
#define NOW 1000000000000ull

/* What a program's function leaves behind while another one runs. */
struct caller {
    uint64_t registers[11];
    int64_t next; /* the instruction to return to */
};

struct machine {
    uint64_t registers[11];
    uint8_t stacks[MOST_CALLS + 1][STACK] __attribute__((aligned(8)));
    struct caller callers[MOST_CALLS];
    size_t depth;
    uint32_t frame_length;
    struct lx_map_memory *maps;
    size_t map_count;
};

/* Where 32 bits reach, for the context holds 32-bit packet pointers: the packet, and behind it the context. */
struct low_memory {
    uint8_t frame[FRAME_ROOM];
    union {
        struct xdp_md xdp;
        struct __sk_buff skb;
    } context;
};

static struct lx_map_memory *find_map(const struct machine *machine, int fd)
{
    for (size_t i = 0; i < machine->map_count; i++)
        if (machine->maps[i].fd == fd)
            return machine->maps[i].same ?: &machine->maps[i];
    return NULL;
}

static uint8_t *value_at(const struct lx_map_memory *map, size_t entry)
{
    return map->values + entry * map->value_size;
}

static uint64_t look_up(const struct lx_map_memory *map, const void *key)
{
    uint32_t index;

    if (!map)
        return 0;
    if (map->keys) {
        for (index = 0; index < map->used; index++)
            if (memcmp(map->keys + (size_t)index * map->key_size, key, map->key_size) == 0)
                return (uint64_t)(uintptr_t)value_at(map, index);
        return 0;
    }
    memcpy(&index, key, sizeof(index));
    if (index >= map->entries)
        return 0;
    return (uint64_t)(uintptr_t)(map->inner ? (void *)&map->inner[index] : (void *)value_at(map, index));
}

static uint64_t update(struct lx_map_memory *map, const void *key, const void *value)
{
    uint64_t found = look_up(map, key);

    if (!found) {
        if (!map || !map->keys || map->used == map->entries)
            return (uint64_t)-ENOSPC;
        memcpy(map->keys + (size_t)map->used * map->key_size, key, map->key_size);
        found = (uint64_t)(uintptr_t)value_at(map, map->used++);
    }
    memcpy((void *)(uintptr_t)found, value, map->value_size);
    return 0;
}

static int call(struct machine *machine, int32_t helper)
{
    uint64_t *r = machine->registers;

    switch (helper) {
    case BPF_FUNC_map_lookup_elem:
        r[0] = look_up((void *)(uintptr_t)r[1], (void *)(uintptr_t)r[2]);
        return 0;
    case BPF_FUNC_map_update_elem:
        r[0] = update((void *)(uintptr_t)r[1], (void *)(uintptr_t)r[2], (void *)(uintptr_t)r[3]);
        return 0;
    case BPF_FUNC_get_smp_processor_id:
    case BPF_FUNC_skb_pull_data:
        r[0] = 0;
        return 0;
    case BPF_FUNC_ktime_get_coarse_ns:
    case BPF_FUNC_ktime_get_boot_ns:
        r[0] = NOW;
        return 0;
    case BPF_FUNC_xdp_get_buff_len:
        r[0] = machine->frame_length;
        return 0;
    default:
        return -ENOSYS;
    }
}

/* Goes into a function of the program; its frame pointer is that of a stack of its own. */
static int64_t enter(struct machine *machine, int64_t at, int32_t distance)
{
    if (machine->depth == MOST_CALLS)
        return -ELOOP;
    memcpy(machine->callers[machine->depth].registers, machine->registers, sizeof(machine->registers));
    machine->callers[machine->depth].next = at + 1;
    machine->depth++;
    machine->registers[10] = (uint64_t)(uintptr_t)(machine->stacks[machine->depth] + STACK);
    return at + 1 + distance;
}

/* Comes back from it: r6 to r10 are the caller's again. */
static int64_t leave(struct machine *machine)
{
    const struct caller *caller = &machine->callers[--machine->depth];

    memcpy(machine->registers + 6, caller->registers + 6, 5 * sizeof(uint64_t));
    return caller->next;
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

/* A store, or the one atomic operation that the programs use. */
static int write_memory(const struct bpf_insn *instruction, uint64_t address, uint64_t source)
{
    void *at = (void *)(uintptr_t)(address + (uint64_t)(int64_t)instruction->off);
    uint8_t size = BPF_SIZE(instruction->code);

    if (BPF_MODE(instruction->code) == BPF_ATOMIC) {
        if (instruction->imm != BPF_OR && instruction->imm != BPF_ADD)
            return -ENOSYS;
        store(at, instruction->imm == BPF_OR ? load(at, size) | source : load(at, size) + source, size);
        return 0;
    }
    if (BPF_MODE(instruction->code) != BPF_MEM)
        return -ENOSYS;
    store(at, BPF_CLASS(instruction->code) == BPF_ST ? (uint64_t)(int64_t)instruction->imm : source, size);
    return 0;
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
        error = write_memory(in, *destination, source);
        return error ? error : at + 1;
    case BPF_LD:
        error = load_immediate(machine, in);
        return error ? error : at + 2;
    default:
        break;
    }
    if (operation == BPF_EXIT)
        return leave(machine);
    if (operation == BPF_CALL && in->src_reg == BPF_PSEUDO_CALL)
        return enter(machine, at, in->imm);
    if (operation == BPF_CALL) {
        (*helper_calls)++;
        error = call(machine, in->imm);
        return error ? error : at + 1;
    }
    error = taken(operation, *destination, operand, class == BPF_JMP);
    return error < 0 ? error : at + 1 + (error ? in->off : 0);
}

static bool has_ended(const struct machine *machine, const struct bpf_insn *instruction)
{
    return instruction->code == (BPF_JMP | BPF_EXIT) && !machine->depth;
}

/* Fills in the context of the program's kind; the packet lies in low memory already. */
static void set_context(struct low_memory *low, enum bpf_prog_type type, uint32_t frame_length)
{
    uint32_t data = (uint32_t)(uintptr_t)low->frame;

    if (type == BPF_PROG_TYPE_XDP)
        low->context.xdp = (struct xdp_md){.data = data, .data_end = data + frame_length};
    else
        low->context.skb = (struct __sk_buff){.len = frame_length, .data = data, .data_end = data + frame_length};
}

int lx_interpret(const struct lx_subject *subject, const void *frame, uint32_t frame_length,
                 struct lx_execution *execution)
{
    struct machine machine = {.maps = subject->maps, .map_count = subject->map_count, .frame_length = frame_length};
    struct low_memory *low =
        mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    const struct bpf_insn *program = subject->program;
    struct lx_execution counted = {0};
    int64_t at = 0;

    if (low == MAP_FAILED)
        return -errno;
    memcpy(low->frame, frame, frame_length);
    set_context(low, subject->type, frame_length);
    machine.registers[1] = (uint64_t)(uintptr_t)&low->context;
    machine.registers[10] = (uint64_t)(uintptr_t)(machine.stacks[0] + STACK);
    while (at >= 0 && (size_t)at < subject->length && !has_ended(&machine, &program[at]))
        at = counted.instructions++ < MOST_INSTRUCTIONS ? step(&machine, program, at, &counted.helper_calls) : -ELOOP;
    munmap(low, sizeof(*low));
    if (at < 0)
        return (int)at;
    counted.instructions++; /* the exit */
    counted.result = (uint32_t)machine.registers[0];
    *execution = counted;
    return 0;
}
