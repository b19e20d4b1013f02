/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a packet of each class costs: nanoseconds of the kernel's test runs beside the floor, instructions and helper
 * calls counted. Every round measures everything once, so that what the machine does meanwhile it does to all.
 * Writes JSON. Programs of others are measured by the same packets: --beside NAME=PROGRAM-ID.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "classes.h"
#include "floor.skel.h"
#include "loaded.h"
#include "results.h"

#define ROUNDS 25
#define REPEAT 100000
#define FLOWS 50000
#define MOST_BESIDE 4

struct beside {
    const char *name;
    int program;
};

/* lyncxdp in the states that cost more than the plain one. */
enum state { PLAIN, AUDIT, SHADOW, MANY_FLOWS, STATES };

static const char *const subjects[STATES] = {
    [PLAIN] = "lyncxdp",
    [AUDIT] = "lyncxdp, audit",
    [SHADOW] = "lyncxdp, shadow",
    [MANY_FLOWS] = "lyncxdp, 50,000 flows",
};

struct bench {
    struct floor *floor;
    struct lx_compiled compiled[STATES];
    struct lx_loaded loaded[STATES];
    struct beside beside[MOST_BESIDE];
    size_t beside_count;
    struct lx_rounds by_state[STATES][LX_PACKET_CLASSES], by_floor[LX_PACKET_CLASSES];
    struct lx_rounds by_others[MOST_BESIDE][LX_PACKET_CLASSES];
    uint32_t verdicts[MOST_BESIDE][LX_PACKET_CLASSES];
    struct lx_execution executions[LX_PACKET_CLASSES];
};

static int run_once(const struct lx_loaded *loaded, const struct lx_packet_class *class)
{
    uint8_t frame[LX_CLASS_FRAME];
    uint32_t length = (uint32_t)lx_class_frame(class, frame), verdict;
    double nanoseconds;

    return lx_time_packet(bpf_program__fd(lx_loaded_program(loaded, class->hook)), frame, length, 1, &nanoseconds,
                          &verdict);
}

/* Flows that the role begins, each from another port. */
static int begin_flows(const struct lx_loaded *loaded)
{
    struct lx_packet_class class = {.hook = LX_HOOK_FROM_ROLE,
                                    .transport = LX_UDP,
                                    .source = LX_EDGE,
                                    .destination = "203.0.113.77",
                                    .destination_port = 9};
    int error = 0;

    for (uint32_t i = 0; i < FLOWS && !error; i++) {
        class.source_port = (uint16_t)(10000 + i);
        error = run_once(loaded, &class);
    }
    return error;
}

static int open_state(struct bench *bench, enum state state)
{
    const struct lx_measured measured = {.partners = 10000, .audit = state == AUDIT};
    int error = lx_measured_compile(&measured, &bench->compiled[state]);

    error = error ?: lx_loaded_open(&bench->loaded[state], &bench->compiled[state]);
    if (!error && state == SHADOW)
        error = lx_loaded_shadow(&bench->loaded[state], &bench->compiled[state]);
    if (!error && state == MANY_FLOWS)
        error = begin_flows(&bench->loaded[state]);
    return error;
}

/* The states other than the plain one are measured by a few classes, which stand for the rest. */
static bool is_measured(enum state state, const struct lx_packet_class *class)
{
    if (state == PLAIN)
        return true;
    return strcmp(class->name, "to-role, IPv4, UDP, closed port") == 0 ||
           strcmp(class->name, "to-role, IPv4, UDP, by a row") == 0 ||
           strcmp(class->name, "to-role, IPv4, TCP ACK, by a row") == 0;
}

static int time_class(int program, const struct lx_packet_class *class, struct lx_rounds *rounds, uint32_t *verdict)
{
    uint8_t frame[LX_CLASS_FRAME];
    uint32_t length = (uint32_t)lx_class_frame(class, frame);
    double nanoseconds = 0;
    int error = lx_time_packet(program, frame, length, REPEAT, &nanoseconds, verdict);

    if (!error)
        lx_rounds_add(rounds, nanoseconds);
    return error;
}

static int measure_class(struct bench *bench, size_t i)
{
    const struct lx_packet_class *class = &lx_packet_classes[i];
    uint32_t verdict;
    int error = 0;

    if (class->hook == LX_HOOK_TO_ROLE)
        error = time_class(bpf_program__fd(bench->floor->progs.floor_parse), class, &bench->by_floor[i], &verdict);
    for (enum state state = 0; state < STATES && !error; state++)
        if (is_measured(state, class)) {
            int program = bpf_program__fd(lx_loaded_program(&bench->loaded[state], class->hook));

            error = time_class(program, class, &bench->by_state[state][i], &verdict);
            if (!error && state == PLAIN && verdict != (uint32_t)bench->executions[i].result)
                return -EPROTO;
        }
    for (size_t other = 0; other < bench->beside_count && !error; other++)
        if (class->hook == LX_HOOK_TO_ROLE)
            error = time_class(bench->beside[other].program, class, &bench->by_others[other][i],
                               &bench->verdicts[other][i]);
    return error;
}

static int count_classes(struct bench *bench)
{
    uint8_t frame[LX_CLASS_FRAME];
    int error = 0;

    for (size_t i = 0; i < LX_PACKET_CLASSES && !error; i++)
        error = lx_count_packet(&bench->loaded[PLAIN], lx_packet_classes[i].hook, frame,
                                (uint32_t)lx_class_frame(&lx_packet_classes[i], frame), &bench->executions[i]);
    return error;
}

static int measure(struct bench *bench)
{
    int error = count_classes(bench);

    for (size_t round = 0; round < ROUNDS && !error; round++) {
        lx_show_progress("packets by class, round", round, ROUNDS);
        for (size_t i = 0; i < LX_PACKET_CLASSES && !error; i++)
            error = measure_class(bench, i);
    }
    lx_show_progress("", 1, 1);
    return error;
}

static void report_class(const struct bench *bench, size_t i, json_t *results)
{
    const struct lx_packet_class *class = &lx_packet_classes[i];
    const bool has_floor = bench->by_floor[i].count;
    json_t *result;

    if (has_floor)
        json_array_append_new(results, lx_rounds_json("packet", class->name, "floor", "ns", &bench->by_floor[i]));
    for (enum state state = 0; state < STATES; state++) {
        const struct lx_rounds *rounds = &bench->by_state[state][i];

        if (!rounds->count)
            continue;
        result = lx_rounds_json("packet", class->name, subjects[state], "ns", rounds);
        if (has_floor)
            json_object_set_new(result, "of_floor", json_real(lx_rounds_ratio(rounds, &bench->by_floor[i])));
        if (state == PLAIN) {
            json_object_set_new(result, "instructions", json_integer((json_int_t)bench->executions[i].instructions));
            json_object_set_new(result, "helper_calls", json_integer((json_int_t)bench->executions[i].helper_calls));
        }
        json_array_append_new(results, result);
    }
    for (size_t other = 0; other < bench->beside_count; other++) {
        const struct lx_rounds *rounds = &bench->by_others[other][i];

        if (!rounds->count)
            continue;
        result = lx_rounds_json("packet", class->name, bench->beside[other].name, "ns", rounds);
        json_object_set_new(result, "of_floor", json_real(lx_rounds_ratio(rounds, &bench->by_floor[i])));
        json_object_set_new(result, "lyncxdp_of_it", json_real(lx_rounds_ratio(&bench->by_state[PLAIN][i], rounds)));
        json_object_set_new(result, "agrees", json_boolean(bench->verdicts[other][i] == bench->executions[i].result));
        json_array_append_new(results, result);
    }
}

static int report(const struct bench *bench)
{
    json_t *results = json_array();

    for (size_t i = 0; i < LX_PACKET_CLASSES; i++)
        report_class(bench, i, results);
    return lx_results_write(results);
}

static int read_arguments(int argc, char **argv, struct bench *bench)
{
    static const struct option options[] = {{"beside", required_argument, NULL, 'b'}, {0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        struct beside *beside = &bench->beside[bench->beside_count];
        char *id = option == 'b' ? strchr(optarg, '=') : NULL;

        if (!id || bench->beside_count == MOST_BESIDE)
            return -EINVAL;
        *id++ = '\0';
        beside->name = optarg;
        beside->program = bpf_prog_get_fd_by_id((uint32_t)strtoul(id, NULL, 10));
        if (beside->program < 0)
            return -errno;
        bench->beside_count++;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    int error = read_arguments(argc, argv, &bench);

    lx_loaded_prepare();
    bench.floor = floor__open_and_load();
    if (!bench.floor)
        error = error ?: -errno;
    for (enum state state = 0; state < STATES && !error; state++)
        error = open_state(&bench, state);
    error = error ?: measure(&bench);
    error = error ?: report(&bench);
    if (error)
        fprintf(stderr, "bench: %s (needs root, in the top folder)\n", strerror(-error));
    for (enum state state = 0; state < STATES; state++) {
        lx_loaded_close(&bench.loaded[state]);
        lx_compiled_free(&bench.compiled[state]);
    }
    floor__destroy(bench.floor);
    return error ? 1 : 0;
}
