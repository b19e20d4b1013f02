/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads the programs for benchmarks, times test runs and counts instructions. */
#include "loaded.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lyncxdp/flow.h>

#include "from_role_tc.skel.h"
#include "to_role_xdp.skel.h"

/* Flows and fragments that the maps in memory have room for. */
#define HASH_ENTRIES 64

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)format;
    (void)arguments;
    return 0;
}

void lx_loaded_prepare(void)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof(one), &one);
    libbpf_set_print(silent);
}

/* Puts an image into a slot. `image` receives its map. */
static int publish(struct lx_loaded *loaded, const struct lx_compiled *compiled, uint32_t slot, int *image)
{
    const uint32_t first = 0;

    *image = bpf_map_create(BPF_MAP_TYPE_ARRAY, "image", sizeof(first), compiled->capacity + LX_IMAGE_SLACK, 1, NULL);
    if (*image < 0)
        return *image;
    return bpf_map_update_elem(*image, &first, compiled->image, BPF_ANY)
               ?: bpf_map_update_elem(bpf_object__find_map_fd_by_name(loaded->objects[LX_HOOK_TO_ROLE], "images"),
                                      &slot, image, BPF_ANY);
}

int lx_loaded_shadow(struct lx_loaded *loaded, const struct lx_compiled *candidate)
{
    const struct lx_control control = {.word = lx_control_word(0, 0, 1, 0)};
    const struct bpf_map *map = bpf_object__find_map_by_name(loaded->objects[LX_HOOK_TO_ROLE], ".data.control");
    const uint32_t first = 0;

    return publish(loaded, candidate, 1, &loaded->candidate)
               ?: bpf_map_update_elem(bpf_map__fd(map), &first, &control, BPF_ANY);
}

static bool is_shared(const char *name)
{
    return strcmp(name, "counters") && strcmp(name, "ports") && strcmp(name, ".rodata");
}

/* Lets the from-role program have the maps of the to-role program that an attachment's hooks share. */
static int share_maps(const struct bpf_object *to_role, struct bpf_object *from_role)
{
    struct bpf_map *map = NULL;
    int error = 0;

    bpf_object__for_each_map(map, from_role)
    {
        int fd = bpf_object__find_map_fd_by_name(to_role, bpf_map__name(map));

        if (!error && fd >= 0 && is_shared(bpf_map__name(map)))
            error = bpf_map__reuse_fd(map, fd);
    }
    return error;
}

static int load(enum lx_hook hook, const struct lx_compiled *compiled, struct bpf_object *objects[LX_HOOK_COUNT])
{
    const struct to_role_xdp__rodata constants = {.image_mask = compiled->capacity - 1};
    uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();
    struct bpf_object *opened;
    const void *bytes;
    size_t size;
    int error;

    bytes = hook == LX_HOOK_TO_ROLE ? to_role_xdp__elf_bytes(&size) : from_role_tc__elf_bytes(&size);
    opened = bpf_object__open_mem(bytes, size, NULL);
    if (!opened)
        return -errno;
    objects[hook] = opened;
    error = bpf_map__set_initial_value(bpf_object__find_map_by_name(opened, ".rodata"), &constants,
                                       bpf_map__value_size(bpf_object__find_map_by_name(opened, ".rodata")));
    error = error ?: bpf_map__set_max_entries(bpf_object__find_map_by_name(opened, "counters"), cpus);
    error = error ?: bpf_map__set_max_entries(bpf_object__find_map_by_name(opened, "ports"), lx_port_page(cpus, 0, 0));
    error = error
                ?: bpf_map__set_value_size(bpf_map__inner_map(bpf_object__find_map_by_name(opened, "images")),
                                           compiled->capacity + LX_IMAGE_SLACK);
    if (!error && hook == LX_HOOK_FROM_ROLE)
        error = share_maps(objects[LX_HOOK_TO_ROLE], opened);
    return error ?: bpf_object__load(opened);
}

/* The memory that the other hook's map of this name has already, where the two share one. */
static struct lx_map_memory *shared(struct lx_loaded *loaded, enum lx_hook hook, const char *name)
{
    const struct bpf_map *map = NULL;
    size_t index = 0;

    if (hook == LX_HOOK_TO_ROLE || !is_shared(name))
        return NULL;
    bpf_object__for_each_map(map, loaded->objects[LX_HOOK_TO_ROLE])
    {
        if (strcmp(bpf_map__name(map), name) == 0)
            return &loaded->maps[LX_HOOK_TO_ROLE][index];
        index++;
    }
    return NULL;
}

static int make_memory(struct lx_loaded *loaded, struct bpf_map *map, struct lx_map_memory *memory)
{
    bool hash = bpf_map__type(map) == BPF_MAP_TYPE_LRU_HASH;
    size_t size;
    const void *initial = bpf_map__initial_value(map, &size);

    memory->key_size = bpf_map__key_size(map);
    memory->value_size = bpf_map__value_size(map);
    memory->entries = hash ? HASH_ENTRIES : bpf_map__max_entries(map);
    if (bpf_map__type(map) == BPF_MAP_TYPE_ARRAY_OF_MAPS) {
        memory->inner = &loaded->image_memory;
        memory->entries = 1;
        return 0;
    }
    memory->values = calloc(memory->entries, memory->value_size);
    memory->keys = hash ? calloc(memory->entries, memory->key_size) : NULL;
    if (!memory->values || (hash && !memory->keys))
        return -ENOMEM;
    if (initial)
        memcpy(memory->values, initial, memory->value_size);
    return 0;
}

static int make_memories(struct lx_loaded *loaded, enum lx_hook hook)
{
    struct bpf_map *map = NULL;
    int error = 0;

    bpf_object__for_each_map(map, loaded->objects[hook])
    {
        struct lx_map_memory *memory = &loaded->maps[hook][loaded->map_counts[hook]];

        if (loaded->map_counts[hook] == LX_MOST_MAPS)
            return -E2BIG;
        loaded->map_counts[hook]++;
        memory->fd = bpf_map__fd(map);
        memory->same = shared(loaded, hook, bpf_map__name(map));
        if (!memory->same)
            error = error ?: make_memory(loaded, map, memory);
    }
    return error;
}

int lx_loaded_open(struct lx_loaded *loaded, const struct lx_compiled *compiled)
{
    int error = 0;

    *loaded = (struct lx_loaded){.image = -1, .candidate = -1};
    loaded->image_memory = (struct lx_map_memory){
        .values = (uint8_t *)compiled->image, .value_size = compiled->capacity + LX_IMAGE_SLACK, .entries = 1};
    for (enum lx_hook hook = 0; hook < LX_HOOK_COUNT && !error; hook++)
        error = load(hook, compiled, loaded->objects) ?: make_memories(loaded, hook);
    error = error ?: publish(loaded, compiled, 0, &loaded->image);
    if (error)
        lx_loaded_close(loaded);
    return error;
}

static void forget(struct lx_loaded *loaded, enum lx_hook hook)
{
    for (size_t i = 0; i < loaded->map_counts[hook]; i++) {
        free(loaded->maps[hook][i].values);
        free(loaded->maps[hook][i].keys);
    }
    bpf_object__close(loaded->objects[hook]);
}

void lx_loaded_close(struct lx_loaded *loaded)
{
    if (loaded->image >= 0)
        close(loaded->image);
    if (loaded->candidate >= 0)
        close(loaded->candidate);
    for (enum lx_hook hook = 0; hook < LX_HOOK_COUNT; hook++)
        forget(loaded, hook);
    *loaded = (struct lx_loaded){.image = -1, .candidate = -1};
}

const struct bpf_program *lx_loaded_program(const struct lx_loaded *loaded, enum lx_hook hook)
{
    return bpf_object__find_program_by_name(loaded->objects[hook],
                                            hook == LX_HOOK_TO_ROLE ? "lyncxdp_to_role" : "lyncxdp_from_role");
}

int lx_time_packet(int program, const void *frame, uint32_t length, uint32_t repeat, double *nanoseconds,
                   uint32_t *verdict)
{
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = length, .repeat = (int)repeat);
    struct timespec before, after;
    int error;

    /* The kernel's own figure is in whole nanoseconds of the clock on the wall. */
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    error = bpf_prog_test_run_opts(program, &options);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    if (error)
        return error;
    *nanoseconds = ((after.tv_sec - before.tv_sec) * 1e9 + (double)(after.tv_nsec - before.tv_nsec)) / repeat;
    *verdict = options.retval;
    return 0;
}

int lx_count_packet(struct lx_loaded *loaded, enum lx_hook hook, const void *frame, uint32_t length,
                    struct lx_execution *execution)
{
    const struct bpf_program *program = lx_loaded_program(loaded, hook);
    const struct lx_subject subject = {.type = bpf_program__type(program),
                                       .program = bpf_program__insns(program),
                                       .length = bpf_program__insn_cnt(program),
                                       .maps = loaded->maps[hook],
                                       .map_count = loaded->map_counts[hook]};

    return lx_interpret(&subject, frame, length, execution);
}
