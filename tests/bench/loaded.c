/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads the programs for benchmarks, times test runs and counts instructions. */
#include "loaded.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lyncxdp/flow.h>

#include "from_role.skel.h"
#include "to_role.skel.h"

/* Flows and fragments that the maps in memory have room for. */
#define HASH_ENTRIES 64

static int publish(struct lx_loaded *loaded, const struct lx_compiled *compiled)
{
    uint32_t key = 0;
    int error;

    loaded->image =
        bpf_map_create(BPF_MAP_TYPE_ARRAY, "image", sizeof(key), compiled->capacity + LX_IMAGE_SLACK, 1, NULL);
    if (loaded->image < 0)
        return loaded->image;
    error = bpf_map_update_elem(loaded->image, &key, compiled->image, BPF_ANY);
    for (enum lx_hook hook = 0; hook < LX_HOOK_COUNT && !error; hook++)
        error = bpf_map_update_elem(bpf_object__find_map_fd_by_name(loaded->objects[hook], "images"), &key,
                                    &loaded->image, BPF_ANY);
    return error;
}

static int load(enum lx_hook hook, const struct lx_compiled *compiled, struct bpf_object **object)
{
    const struct to_role__rodata constants = {.image_mask = compiled->capacity - 1};
    uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();
    struct bpf_object *opened;
    const void *bytes;
    size_t size;
    int error;

    bytes = hook == LX_HOOK_TO_ROLE ? to_role__elf_bytes(&size) : from_role__elf_bytes(&size);
    opened = bpf_object__open_mem(bytes, size, NULL);
    if (!opened)
        return -errno;
    *object = opened;
    error = bpf_map__set_initial_value(bpf_object__find_map_by_name(opened, ".rodata"), &constants,
                                       bpf_map__value_size(bpf_object__find_map_by_name(opened, ".rodata")));
    error = error ?: bpf_map__set_max_entries(bpf_object__find_map_by_name(opened, "counters"), cpus);
    error = error ?: bpf_map__set_max_entries(bpf_object__find_map_by_name(opened, "ports"), lx_port_page(cpus, 0, 0));
    error = error
                ?: bpf_map__set_value_size(bpf_map__inner_map(bpf_object__find_map_by_name(opened, "images")),
                                           compiled->capacity + LX_IMAGE_SLACK);
    return error ?: bpf_object__load(opened);
}

/* The memory that the other hook's map of this name has already, where the two share one. */
static struct lx_map_memory *shared(struct lx_loaded *loaded, enum lx_hook hook, const char *name)
{
    const struct bpf_map *map = NULL;
    size_t index = 0;

    if (hook == LX_HOOK_TO_ROLE || strcmp(name, "counters") == 0 || strcmp(name, "ports") == 0)
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

    *loaded = (struct lx_loaded){.image = -1};
    loaded->image_memory = (struct lx_map_memory){
        .values = (uint8_t *)compiled->image, .value_size = compiled->capacity + LX_IMAGE_SLACK, .entries = 1};
    for (enum lx_hook hook = 0; hook < LX_HOOK_COUNT && !error; hook++)
        error = load(hook, compiled, &loaded->objects[hook]) ?: make_memories(loaded, hook);
    error = error ?: publish(loaded, compiled);
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
    for (enum lx_hook hook = 0; hook < LX_HOOK_COUNT; hook++)
        forget(loaded, hook);
    *loaded = (struct lx_loaded){.image = -1};
}

const struct bpf_program *lx_loaded_program(const struct lx_loaded *loaded, enum lx_hook hook)
{
    return bpf_object__find_program_by_name(loaded->objects[hook],
                                            hook == LX_HOOK_TO_ROLE ? "lyncxdp_to_role" : "lyncxdp_from_role");
}

int lx_time_packet(int program, const void *frame, uint32_t length, uint32_t repeat, uint32_t *nanoseconds,
                   uint32_t *verdict)
{
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = length, .repeat = (int)repeat);
    int error = bpf_prog_test_run_opts(program, &options);

    if (error)
        return error;
    *nanoseconds = options.duration;
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
