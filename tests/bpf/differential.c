/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds the loaded program to the oracle: frames go through BPF test runs, once through the twin, which answers, and
 * once through the program itself, whose counters must then be what the oracle predicts, to the packet and the byte.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/oracle/agree.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/samples.h"
#include "to_role.skel.h"

#define POLICIES 50
#define FRAMES 400
#define FRAME_ROOM 16384
/* The shortest frame that a test run takes. */
#define SHORTEST_FRAME 14
/* One size for all policies here, so that the program is loaded once. */
#define CAPACITY (16u * LX_IMAGE_MIN_CAPACITY)

/* The program, loaded twice, and what the one that counts must have counted. */
struct loaded {
    struct to_role *program, *twin;
    unsigned generation;
    struct lx_counters *expected; /* owned */
};

static struct loaded loaded;

static struct to_role *load(bool twin)
{
    struct to_role *program = to_role__open();
    struct bpf_map *inner;

    cr_assert(program != NULL);
    inner = bpf_map__inner_map(program->maps.images);
    program->rodata->image_mask = CAPACITY - 1;
    program->rodata->twin = twin;
    cr_assert_eq(bpf_map__set_max_entries(program->maps.counters, (uint32_t)libbpf_num_possible_cpus()), 0);
    cr_assert_eq(bpf_map__set_value_size(inner, CAPACITY + LX_IMAGE_SLACK), 0);
    cr_assert_eq(to_role__load(program), 0, "the program does not load");
    return program;
}

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
    return level == LIBBPF_WARN && !strstr(format, "Retrying without BTF") ? vfprintf(stderr, format, arguments) : 0;
}

static void setup(void)
{
    if (geteuid() != 0) {
        fprintf(stderr, "SKIPPED: BPF test runs need root\n");
        cr_skip_test("BPF test runs need root");
    }
    libbpf_set_print(silent);
    loaded.program = load(false);
    loaded.twin = load(true);
    loaded.expected = calloc(1, sizeof(*loaded.expected));
    cr_assert(loaded.expected != NULL);
}

static void teardown(void)
{
    to_role__destroy(loaded.program);
    to_role__destroy(loaded.twin);
    free(loaded.expected);
}

TestSuite(kernel, .init = setup, .fini = teardown, .timeout = 120);

/* A fresh inner map in the next slot, then the control word: the way an update reaches the packets. */
static void publish_to(struct to_role *program, const void *image, unsigned generation)
{
    uint32_t slot = generation % LX_IMAGE_SLOTS, first = 0;
    int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "image", sizeof(first), CAPACITY + LX_IMAGE_SLACK, 1, NULL);

    cr_assert_geq(map, 0);
    cr_assert_eq(bpf_map_update_elem(map, &first, image, BPF_ANY), 0);
    cr_assert_eq(bpf_map_update_elem(bpf_map__fd(program->maps.images), &slot, &map, BPF_ANY), 0);
    program->data_control->control.word = lx_control_word((uint8_t)slot, 0, 0);
    close(map);
}

static void publish(const struct lx_compiled *compiled)
{
    uint8_t *image = calloc(1, CAPACITY + LX_IMAGE_SLACK);

    cr_assert(image != NULL);
    cr_assert_leq(compiled->capacity, CAPACITY, "the policy needs a larger image than this test has room for");
    memcpy(image, compiled->image, compiled->image->size);
    publish_to(loaded.program, image, loaded.generation);
    publish_to(loaded.twin, image, loaded.generation);
    loaded.generation++;
    free(image);
}

static uint32_t run(struct to_role *program, const uint8_t *frame, size_t length)
{
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)length, .repeat = 1);
    int error = bpf_prog_test_run_opts(bpf_program__fd(program->progs.lyncxdp_to_role), &options);

    cr_assert_eq(error, 0, "a test run of %zu bytes fails: %d", length, error);
    return options.retval;
}

static void expect_counted(const struct oracle_verdict *verdict, size_t length)
{
    struct lx_counter *counter = verdict->reason == LX_REASON_ROW ? &loaded.expected->rows[verdict->row]
                                                                  : &loaded.expected->reasons[verdict->reason];

    counter->packets++;
    counter->bytes += length;
    if (verdict->has_ports && lx_reason_verdict(verdict->reason) == LX_DROP)
        loaded.expected->dropped[verdict->transport][verdict->destination_port]++;
}

/* Puts a frame to both programs. */
static void judge(const struct lx_policy *policy, const uint8_t *frame, size_t length)
{
    struct oracle_verdict verdict = oracle_judge_to_role(policy, frame, length);
    struct lx_judgement answer = lx_judgement_unpack(run(loaded.twin, frame, length));
    uint32_t action = lx_reason_verdict(verdict.reason) == LX_PASS ? XDP_PASS : XDP_DROP;

    if (answer.reason != verdict.reason || answer.row != verdict.row)
        agree_report(frame, length, answer.reason, answer.row, &verdict);
    cr_assert_eq(answer.reason, verdict.reason);
    cr_assert_eq(answer.row, verdict.row);
    cr_assert_eq(run(loaded.program, frame, length), action);
    expect_counted(&verdict, length);
}

static void add(uint64_t *sums, const uint64_t *values, size_t count)
{
    size_t index;

    for (index = 0; index < count; index++)
        sums[index] += values[index];
}

/* The counters of all CPUs together. Caller frees. */
static struct lx_counters *counted(struct to_role *program)
{
    struct lx_counters *sum = calloc(1, sizeof(*sum)), *one = calloc(1, sizeof(*one));
    int cpu, cpus = libbpf_num_possible_cpus();

    cr_assert(sum && one);
    for (cpu = 0; cpu < cpus; cpu++) {
        cr_assert_eq(bpf_map_lookup_elem(bpf_map__fd(program->maps.counters), &cpu, one), 0);
        add((uint64_t *)sum, (const uint64_t *)one, sizeof(*sum) / sizeof(uint64_t));
    }
    free(one);
    return sum;
}

static uint64_t packets_in(const struct lx_counters *counters)
{
    uint64_t sum = 0;
    size_t index;

    for (index = 0; index < LX_REASON_CAPACITY; index++)
        sum += counters->reasons[index].packets;
    for (index = 0; index < LX_ROW_SLOTS; index++)
        sum += counters->rows[index].packets;
    return sum;
}

static void check_counters(uint64_t frames)
{
    struct lx_counters *sum = counted(loaded.program), *of_twin = counted(loaded.twin);
    unsigned transport, port;
    size_t index;

    cr_expect_eq(packets_in(sum), frames, "the sum over reasons is not the number of packets");
    for (index = 0; index < LX_REASON_CAPACITY; index++) {
        cr_expect_eq(sum->reasons[index].packets, loaded.expected->reasons[index].packets, "packets %s",
                     agree_reason_name((uint32_t)index));
        cr_expect_eq(sum->reasons[index].bytes, loaded.expected->reasons[index].bytes, "bytes %s",
                     agree_reason_name((uint32_t)index));
    }
    for (index = 0; index < LX_ROW_SLOTS; index++) {
        cr_expect_eq(sum->rows[index].packets, loaded.expected->rows[index].packets, "packets of row %zu", index);
        cr_expect_eq(sum->rows[index].bytes, loaded.expected->rows[index].bytes, "bytes of row %zu", index);
    }
    for (transport = 0; transport < LX_TRANSPORT_COUNT; transport++)
        for (port = 0; port < 65536; port++)
            if (sum->dropped[transport][port] != loaded.expected->dropped[transport][port])
                cr_expect(false, "dropped on transport %u, port %u: %llu, not %llu", transport, port,
                          (unsigned long long)sum->dropped[transport][port],
                          (unsigned long long)loaded.expected->dropped[transport][port]);
    cr_expect_eq(packets_in(of_twin), 0, "the twin counts");
    free(sum);
    free(of_twin);
}

Test(kernel, random_policies_are_judged_and_counted_as_the_oracle_says)
{
    struct generator generator = generator_from(generator_seed("kernel/random"));
    uint8_t *frame = malloc(FRAME_ROOM);
    uint64_t frames = 0;
    size_t round, index;

    cr_assert(frame != NULL);
    for (round = 0; round < POLICIES; round++) {
        struct lx_policy *policy = generate_policy(&generator, 1 + generate_below(&generator, 48));
        struct lx_compiled compiled;

        cr_assert(policy != NULL);
        cr_assert_eq(lx_compile(policy, &compiled, NULL), 0);
        publish(&compiled);
        for (index = 0; index < FRAMES; index++, frames++) {
            struct shape shape = generate_shape(&generator, policy);

            if (generate_chance(&generator, 3)) /* larger than a page: in fragments */
                shape.payload = (unsigned)(3000 + generate_below(&generator, 6000));
            judge(policy, frame, shape_write(&shape, frame));
        }
        lx_compiled_free(&compiled);
        generated_policy_free(policy);
    }
    check_counters(frames);
    free(frame);
}

Test(kernel, damaged_frames_are_judged_and_counted_as_the_oracle_says)
{
    struct sample_policies policies;
    uint8_t frame[FRAME_ROOM] = {0};
    size_t index, bit, length;
    uint64_t frames = 0;

    cr_assert(sample_policies_make(&policies));
    publish(&policies.compiled[1]);
    for (index = 0; index < sample_count(); index++) {
        struct sample sample = sample_at(index);
        size_t whole = shape_write(&sample.shape, frame);

        for (length = SHORTEST_FRAME; length < whole; length++, frames++)
            judge(policies.policy[1], frame, length);
        for (bit = 0; bit < whole * 8; bit++, frames++) {
            frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            judge(policies.policy[1], frame, whole);
            frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        }
    }
    check_counters(frames);
    sample_policies_free(&policies);
}

Test(kernel, without_an_image_everything_is_dropped_and_counted)
{
    struct sample sample = sample_at(0);
    uint8_t frame[FRAME_ROOM];
    size_t length = shape_write(&sample.shape, frame);
    struct lx_counters *sum;

    cr_assert_eq(lx_judgement_unpack(run(loaded.twin, frame, length)).reason, LX_REASON_NO_POLICY);
    cr_assert_eq(run(loaded.program, frame, length), XDP_DROP);
    sum = counted(loaded.program);
    cr_expect_eq(sum->reasons[LX_REASON_NO_POLICY].packets, 1);
    cr_expect_eq(sum->reasons[LX_REASON_NO_POLICY].bytes, length);
    cr_expect_eq(packets_in(sum), 1);
    free(sum);
}
