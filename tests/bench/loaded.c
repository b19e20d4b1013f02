/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads the to-role program for benchmarks, times test runs and counts instructions. */
#include "loaded.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lyncxdp/flow.h>

#include "to_role.skel.h"

static int publish(struct lx_loaded *loaded, const struct lx_compiled *compiled)
{
    LIBBPF_OPTS(bpf_map_create_opts, options);
    uint32_t key = 0;

    loaded->image =
        bpf_map_create(BPF_MAP_TYPE_ARRAY, "image", sizeof(key), compiled->capacity + LX_IMAGE_SLACK, 1, &options);
    if (loaded->image < 0)
        return loaded->image;
    return bpf_map_update_elem(loaded->image, &key, compiled->image, BPF_ANY)
               ?: bpf_map_update_elem(bpf_map__fd(loaded->skeleton->maps.images), &key, &loaded->image, BPF_ANY);
}

int lx_loaded_open(struct lx_loaded *loaded, const struct lx_compiled *compiled)
{
    uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();
    int error;

    *loaded = (struct lx_loaded){.skeleton = to_role__open(), .image = -1};
    if (!loaded->skeleton)
        return -errno;
    loaded->skeleton->rodata->image_mask = compiled->capacity - 1;
    error = bpf_map__set_max_entries(loaded->skeleton->maps.counters, cpus);
    error = error ?: bpf_map__set_max_entries(loaded->skeleton->maps.ports, lx_port_page(cpus, 0, 0));
    error = error
                ?: bpf_map__set_value_size(bpf_map__inner_map(loaded->skeleton->maps.images),
                                           compiled->capacity + LX_IMAGE_SLACK);
    error = error ?: to_role__load(loaded->skeleton);
    error = error ?: publish(loaded, compiled);
    if (error)
        lx_loaded_close(loaded);
    return error;
}

void lx_loaded_close(struct lx_loaded *loaded)
{
    if (loaded->image >= 0)
        close(loaded->image);
    to_role__destroy(loaded->skeleton);
    *loaded = (struct lx_loaded){.image = -1};
}

const struct bpf_program *lx_loaded_program(const struct lx_loaded *loaded)
{
    return loaded->skeleton->progs.lyncxdp_to_role;
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

int lx_count_packet(const struct lx_loaded *loaded, const struct lx_compiled *compiled, const void *frame,
                    uint32_t length, struct lx_execution *execution)
{
    const struct bpf_program *program = lx_loaded_program(loaded);
    uint32_t image_size = compiled->capacity + LX_IMAGE_SLACK;
    uint8_t control[64] = {0};
    struct lx_cpu_counters *counters = calloc(1, sizeof(*counters));
    struct lx_port_page *ports = calloc(lx_port_page(1, 0, 0), sizeof(*ports));
    struct lx_flow_gate *gate = calloc(1, sizeof(*gate));
    struct lx_map_memory image = {.values = (uint8_t *)compiled->image, .value_size = image_size, .entries = 1};
    int error = -ENOMEM;

    if (counters && ports && gate) {
        struct lx_map_memory maps[] = {
            {.fd = bpf_map__fd(loaded->skeleton->maps.images), .entries = 1, .inner = &image},
            {.fd = bpf_map__fd(loaded->skeleton->maps.counters),
             .values = (uint8_t *)counters,
             .value_size = sizeof(*counters),
             .entries = 1},
            {.fd = bpf_map__fd(loaded->skeleton->maps.ports),
             .values = (uint8_t *)ports,
             .value_size = sizeof(*ports),
             .entries = lx_port_page(1, 0, 0)},
            {.fd = bpf_map__fd(loaded->skeleton->maps.rodata),
             .values = (uint8_t *)loaded->skeleton->rodata,
             .value_size = bpf_map__value_size(loaded->skeleton->maps.rodata),
             .entries = 1},
            {.fd = bpf_map__fd(loaded->skeleton->maps.data_flow_gate),
             .values = (uint8_t *)gate,
             .value_size = sizeof(*gate),
             .entries = 1},
            {.fd = bpf_map__fd(loaded->skeleton->maps.data_control),
             .values = control,
             .value_size = sizeof(control),
             .entries = 1},
        };
        error = lx_interpret(bpf_program__insns(program), bpf_program__insn_cnt(program), maps,
                             sizeof(maps) / sizeof(maps[0]), frame, length, execution);
    }
    free(counters);
    free(ports);
    free(gate);
    return error;
}
