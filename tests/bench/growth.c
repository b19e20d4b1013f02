/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the cost of a packet grows with the policy: from no partner addresses to 100,000, and from ten rows to as many as
 * there may be. Every packet has another source, and what drawing it costs is taken off. Writes JSON.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classes.h"
#include "drawn.h"
#include "drawn.skel.h"
#include "floor.skel.h"
#include "loaded.h"
#include "results.h"

#define ROUNDS 21
#define REPEAT 200000

enum who { ANYBODY, PARTNERS, NEIGHBOURS };

/* One curve of the picture has the packets of one name. */
struct point {
    struct lx_measured policy;
    const char *packet;
    enum who who;
    uint16_t port;
    uint32_t verdict;
};

enum { DROP = 1, PASS = 2 };

static const struct point points[] = {
    {{.partners = 0}, "closed port", ANYBODY, 3389, DROP},
    {{.partners = 0}, "passed", ANYBODY, 3478, PASS},
    {{.partners = 10}, "closed port", ANYBODY, 3389, DROP},
    {{.partners = 10}, "passed, from a partner", PARTNERS, 8443, PASS},
    {{.partners = 10}, "dropped, from a stranger", ANYBODY, 8443, DROP},
    {{.partners = 10}, "dropped, from a partner's neighbour", NEIGHBOURS, 8443, DROP},
    {{.partners = 100}, "closed port", ANYBODY, 3389, DROP},
    {{.partners = 100}, "passed, from a partner", PARTNERS, 8443, PASS},
    {{.partners = 100}, "dropped, from a stranger", ANYBODY, 8443, DROP},
    {{.partners = 100}, "dropped, from a partner's neighbour", NEIGHBOURS, 8443, DROP},
    {{.partners = 1000}, "closed port", ANYBODY, 3389, DROP},
    {{.partners = 1000}, "passed, from a partner", PARTNERS, 8443, PASS},
    {{.partners = 1000}, "dropped, from a stranger", ANYBODY, 8443, DROP},
    {{.partners = 1000}, "dropped, from a partner's neighbour", NEIGHBOURS, 8443, DROP},
    {{.partners = 10000}, "closed port", ANYBODY, 3389, DROP},
    {{.partners = 10000}, "passed, from a partner", PARTNERS, 8443, PASS},
    {{.partners = 10000}, "dropped, from a stranger", ANYBODY, 8443, DROP},
    {{.partners = 10000}, "dropped, from a partner's neighbour", NEIGHBOURS, 8443, DROP},
    {{.partners = 100000}, "closed port", ANYBODY, 3389, DROP},
    {{.partners = 100000}, "passed, from a partner", PARTNERS, 8443, PASS},
    {{.partners = 100000}, "dropped, from a stranger", ANYBODY, 8443, DROP},
    {{.partners = 100000}, "dropped, from a partner's neighbour", NEIGHBOURS, 8443, DROP},
    {{.extra_rows = 10}, "passed by the last row", ANYBODY, LX_EXTRA_PORT + 10 - 1, PASS},
    {{.extra_rows = 100}, "passed by the last row", ANYBODY, LX_EXTRA_PORT + 100 - 1, PASS},
    {{.extra_rows = 1000}, "passed by the last row", ANYBODY, LX_EXTRA_PORT + 1000 - 1, PASS},
};

#define POINTS (sizeof(points) / sizeof(points[0]))

struct bench {
    struct floor *floor;
    struct drawn *drawn[POINTS];
    struct lx_compiled compiled[POINTS];
    struct lx_loaded loaded[POINTS];
    struct lx_rounds times[POINTS];
};

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void draw_sources(const struct point *point, uint32_t sources[LX_DRAWN])
{
    uint64_t state = 88172645463325252ull;

    for (size_t i = 0; i < LX_DRAWN; i++) {
        uint32_t drawn = (uint32_t)(draw(&state) >> 20);

        /* A neighbour differs from a partner in the last octet alone, of which no partner has the highest. */
        if (point->who == PARTNERS)
            drawn = LX_PARTNER(drawn % point->policy.partners);
        else if (point->who == NEIGHBOURS)
            drawn = (LX_PARTNER(drawn % point->policy.partners) & ~255u) + 251 + drawn % 5;
        else
            drawn = (16 + drawn % 96) << 24 | drawn >> 8;
        sources[i] = LX_BE32(drawn);
    }
}

/* The program that draws, and then goes on to another. */
static struct drawn *open_drawn(const struct point *point, int next)
{
    struct drawn *drawn = drawn__open_and_load();
    const uint32_t first = 0;

    if (!drawn)
        return NULL;
    if (bpf_map_update_elem(bpf_map__fd(drawn->maps.measured), &first, &next, BPF_ANY)) {
        drawn__destroy(drawn);
        return NULL;
    }
    draw_sources(point, drawn->bss->sources);
    return drawn;
}

static int open_point(struct bench *bench, size_t i)
{
    int error = lx_measured_compile(&points[i].policy, &bench->compiled[i]);

    error = error ?: lx_loaded_open(&bench->loaded[i], &bench->compiled[i]);
    if (error)
        return error;
    bench->drawn[i] = open_drawn(&points[i], bpf_program__fd(lx_loaded_program(&bench->loaded[i], LX_HOOK_TO_ROLE)));
    return bench->drawn[i] ? 0 : -errno;
}

/* Once through all sources first, so that no point pays for what the ones before have left in the caches. */
static int time_frame(int program, uint16_t port, uint32_t expected, double *nanoseconds)
{
    const struct lx_packet_class class = {.transport = LX_UDP,
                                          .source = "203.0.113.9",
                                          .source_port = 49152,
                                          .destination = LX_EDGE,
                                          .destination_port = port};
    uint8_t frame[LX_CLASS_FRAME];
    uint32_t verdict, length = (uint32_t)lx_class_frame(&class, frame);
    int error = lx_time_packet(program, frame, length, LX_DRAWN, nanoseconds, &verdict);

    error = error ?: lx_time_packet(program, frame, length, REPEAT, nanoseconds, &verdict);
    return error ?: verdict == expected ? 0 : -EPROTO;
}

/* What it takes to draw a source, by a program that does nothing after it. */
static int time_drawing(const struct bench *bench, double *nanoseconds)
{
    struct drawn *drawn = open_drawn(&points[0], bpf_program__fd(bench->floor->progs.floor_drop));
    double alone = 0, both = 0;
    int error = drawn ? 0 : -errno;

    error = error ?: time_frame(bpf_program__fd(bench->floor->progs.floor_drop), 1, DROP, &alone);
    error = error ?: time_frame(bpf_program__fd(drawn->progs.drawn), 1, DROP, &both);
    drawn__destroy(drawn);
    *nanoseconds = both - alone;
    return error;
}

static int measure(struct bench *bench)
{
    double drawing = 0, both = 0;
    int error = 0;

    for (size_t round = 0; round < ROUNDS && !error; round++) {
        lx_show_progress("growth, round", round, ROUNDS);
        error = time_drawing(bench, &drawing);
        for (size_t i = 0; i < POINTS && !error; i++) {
            error = time_frame(bpf_program__fd(bench->drawn[i]->progs.drawn), points[i].port, points[i].verdict, &both);
            if (!error)
                lx_rounds_add(&bench->times[i], both - drawing);
        }
    }
    lx_show_progress("", 1, 1);
    return error;
}

/* The point that another is held against: without partners, or with the fewest rows. */
static size_t base_of(size_t i)
{
    size_t base = 0;

    while (points[base].policy.extra_rows ? !points[i].policy.extra_rows
                                          : points[i].policy.extra_rows || points[base].verdict != points[i].verdict)
        base++;
    return base;
}

static int report(const struct bench *bench)
{
    json_t *results = json_array();

    for (size_t i = 0; i < POINTS; i++) {
        json_t *result = lx_rounds_json("growth", points[i].packet, "lyncxdp", "ns", &bench->times[i]);

        json_object_set_new(result, points[i].policy.extra_rows ? "rows" : "partners",
                            json_integer(points[i].policy.extra_rows ?: points[i].policy.partners));
        json_object_set_new(result, "of_none", json_real(lx_rounds_ratio(&bench->times[i], &bench->times[base_of(i)])));
        json_array_append_new(results, result);
    }
    return lx_results_write(results);
}

int main(void)
{
    static struct bench bench;
    int error = 0;

    lx_loaded_prepare();
    bench.floor = floor__open_and_load();
    if (!bench.floor)
        error = -errno;
    for (size_t i = 0; i < POINTS && !error; i++)
        error = open_point(&bench, i);
    error = error ?: measure(&bench);
    error = error ?: report(&bench);
    if (error)
        fprintf(stderr, "bench: %s (needs root, in the top folder)\n", strerror(-error));
    for (size_t i = 0; i < POINTS; i++) {
        drawn__destroy(bench.drawn[i]);
        lx_loaded_close(&bench.loaded[i]);
        lx_compiled_free(&bench.compiled[i]);
    }
    floor__destroy(bench.floor);
    return error ? 1 : 0;
}
