/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds the loaded programs of both hooks to the oracle: frames go through BPF test runs, once through the dry run,
 * which answers, and once through the program itself, whose counters must then be what the oracle predicts, to the
 * packet and the byte. Both hooks share their maps, so what the role sends lets answers in.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <lyncxdp/flow.h>

#include "tests/bpf/test_run.h"
#include "tests/oracle/agree.h"
#include "tests/oracle/samples.h"
#include "tests/oracle/traffic.h"
#include "user/core/report/counters.h"

/* These name the types of the maps. */
#include "from_role_tc.skel.h"
#include "from_role_xdp.skel.h"
#include "to_role_tc.skel.h"
#include "to_role_xdp.skel.h"

#define ROUNDS 50
#define MOST_ROUNDS 500
#define FRAMES 500
#define FRAME_ROOM 16384
/* One size for all policies here, so that the programs are loaded once. */
#define CAPACITY (16u * LX_IMAGE_MIN_CAPACITY)

/*
 * The programs of both hooks, each loaded twice, and what the ones that count must have counted. Either hook has two,
 * by XDP and by tc, which take turns and count together.
 */
struct loaded {
    struct to_role_xdp *to_role, *to_role_dry_run;
    struct to_role_tc *leaving, *leaving_dry_run;
    struct from_role_tc *from_role, *from_role_dry_run;
    struct from_role_xdp *inner, *inner_dry_run;
    bool at_inner, by_tc; /* the one of from-role that is of XDP, the one of to-role that is of tc */
    struct oracle_memory memory;
    struct lx_counters *expected[LX_HOOK_COUNT]; /* owned */
};

static struct loaded loaded;

static uint32_t cpus(void)
{
    return (uint32_t)libbpf_num_possible_cpus();
}

static struct to_role_xdp *load_to_role(bool dry_run)
{
    struct to_role_xdp *program = to_role_xdp__open();
    struct to_role_xdp *first = loaded.to_role;

    cr_assert(program != NULL);
    program->rodata->image_mask = CAPACITY - 1;
    program->rodata->dry_run = dry_run;
    generate_key(program->data_flow_gate->flow_gate.key, LX_FLOW_KEY_WORDS);
    cr_assert_eq(bpf_map__set_max_entries(program->maps.counters, cpus()), 0);
    cr_assert_eq(bpf_map__set_max_entries(program->maps.ports, lx_port_page(cpus(), 0, 0)), 0);
    cr_assert_eq(bpf_map__set_value_size(bpf_map__inner_map(program->maps.images), CAPACITY + LX_IMAGE_SLACK), 0);
    if (first) {
        cr_assert_eq(bpf_map__reuse_fd(program->maps.images, bpf_map__fd(first->maps.images)), 0);
        cr_assert_eq(bpf_map__reuse_fd(program->maps.data_control, bpf_map__fd(first->maps.data_control)), 0);
        cr_assert_eq(bpf_map__reuse_fd(program->maps.flows, bpf_map__fd(first->maps.flows)), 0);
        cr_assert_eq(bpf_map__reuse_fd(program->maps.data_flow_gate, bpf_map__fd(first->maps.data_flow_gate)), 0);
        cr_assert_eq(bpf_map__reuse_fd(program->maps.fragments, bpf_map__fd(first->maps.fragments)), 0);
    }
    cr_assert_eq(to_role_xdp__load(program), 0, "the to-role program does not load");
    return program;
}

static struct from_role_tc *load_from_role(bool dry_run)
{
    struct from_role_tc *program = from_role_tc__open();
    const struct to_role_xdp *first = loaded.to_role;

    cr_assert(program != NULL);
    program->rodata->image_mask = CAPACITY - 1;
    program->rodata->dry_run = dry_run;
    cr_assert_eq(bpf_map__set_max_entries(program->maps.counters, cpus()), 0);
    cr_assert_eq(bpf_map__set_max_entries(program->maps.ports, lx_port_page(cpus(), 0, 0)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.images, bpf_map__fd(first->maps.images)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.data_control, bpf_map__fd(first->maps.data_control)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.flows, bpf_map__fd(first->maps.flows)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.data_flow_gate, bpf_map__fd(first->maps.data_flow_gate)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.fragments, bpf_map__fd(first->maps.fragments)), 0);
    cr_assert_eq(from_role_tc__load(program), 0, "the from-role program does not load");
    return program;
}

static struct from_role_xdp *load_inner(bool dry_run)
{
    const struct from_role_tc *first = dry_run ? loaded.from_role_dry_run : loaded.from_role;
    struct from_role_xdp *program = from_role_xdp__open();

    cr_assert(program != NULL);
    program->rodata->image_mask = CAPACITY - 1;
    program->rodata->dry_run = dry_run;
    cr_assert_eq(bpf_map__reuse_fd(program->maps.counters, bpf_map__fd(first->maps.counters)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.ports, bpf_map__fd(first->maps.ports)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.own_ports, bpf_map__fd(first->maps.own_ports)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.images, bpf_map__fd(first->maps.images)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.data_control, bpf_map__fd(first->maps.data_control)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.flows, bpf_map__fd(first->maps.flows)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.data_flow_gate, bpf_map__fd(first->maps.data_flow_gate)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.fragments, bpf_map__fd(first->maps.fragments)), 0);
    cr_assert_eq(from_role_xdp__load(program), 0, "the from-role program of XDP does not load");
    return program;
}

static struct to_role_tc *load_leaving(bool dry_run)
{
    const struct to_role_xdp *first = dry_run ? loaded.to_role_dry_run : loaded.to_role;
    struct to_role_tc *program = to_role_tc__open();

    cr_assert(program != NULL);
    program->rodata->image_mask = CAPACITY - 1;
    program->rodata->dry_run = dry_run;
    cr_assert_eq(bpf_map__reuse_fd(program->maps.counters, bpf_map__fd(first->maps.counters)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.ports, bpf_map__fd(first->maps.ports)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.images, bpf_map__fd(first->maps.images)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.data_control, bpf_map__fd(first->maps.data_control)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.flows, bpf_map__fd(first->maps.flows)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.data_flow_gate, bpf_map__fd(first->maps.data_flow_gate)), 0);
    cr_assert_eq(bpf_map__reuse_fd(program->maps.fragments, bpf_map__fd(first->maps.fragments)), 0);
    cr_assert_eq(to_role_tc__load(program), 0, "the to-role program of tc does not load");
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
    loaded.to_role = load_to_role(false);
    loaded.to_role_dry_run = load_to_role(true);
    loaded.from_role = load_from_role(false);
    loaded.from_role_dry_run = load_from_role(true);
    loaded.inner = load_inner(false);
    loaded.inner_dry_run = load_inner(true);
    loaded.leaving = load_leaving(false);
    loaded.leaving_dry_run = load_leaving(true);
    loaded.expected[LX_HOOK_TO_ROLE] = calloc(1, sizeof(struct lx_counters));
    loaded.expected[LX_HOOK_FROM_ROLE] = calloc(1, sizeof(struct lx_counters));
    cr_assert(loaded.expected[LX_HOOK_TO_ROLE] && loaded.expected[LX_HOOK_FROM_ROLE]);
}

static void teardown(void)
{
    to_role_xdp__destroy(loaded.to_role);
    to_role_xdp__destroy(loaded.to_role_dry_run);
    from_role_tc__destroy(loaded.from_role);
    from_role_tc__destroy(loaded.from_role_dry_run);
    to_role_tc__destroy(loaded.leaving);
    to_role_tc__destroy(loaded.leaving_dry_run);
    from_role_xdp__destroy(loaded.inner);
    from_role_xdp__destroy(loaded.inner_dry_run);
    oracle_forget(&loaded.memory);
    free(loaded.expected[LX_HOOK_TO_ROLE]);
    free(loaded.expected[LX_HOOK_FROM_ROLE]);
}

TestSuite(kernel, .init = setup, .fini = teardown, .timeout = 240);

static int program_of(enum lx_hook hook, bool dry_run)
{
    if (hook == LX_HOOK_TO_ROLE && loaded.by_tc)
        return bpf_program__fd((dry_run ? loaded.leaving_dry_run : loaded.leaving)->progs.lyncxdp_to_role);
    if (hook == LX_HOOK_TO_ROLE)
        return bpf_program__fd((dry_run ? loaded.to_role_dry_run : loaded.to_role)->progs.lyncxdp_to_role);
    if (loaded.at_inner)
        return bpf_program__fd((dry_run ? loaded.inner_dry_run : loaded.inner)->progs.lyncxdp_from_role);
    return bpf_program__fd((dry_run ? loaded.from_role_dry_run : loaded.from_role)->progs.lyncxdp_from_role);
}

static int counters_of(enum lx_hook hook, bool dry_run)
{
    if (hook == LX_HOOK_TO_ROLE)
        return bpf_map__fd((dry_run ? loaded.to_role_dry_run : loaded.to_role)->maps.counters);
    return bpf_map__fd((dry_run ? loaded.from_role_dry_run : loaded.from_role)->maps.counters);
}

static int ports_of(enum lx_hook hook, bool dry_run)
{
    if (hook == LX_HOOK_TO_ROLE)
        return bpf_map__fd((dry_run ? loaded.to_role_dry_run : loaded.to_role)->maps.ports);
    return bpf_map__fd((dry_run ? loaded.from_role_dry_run : loaded.from_role)->maps.ports);
}

static int own_ports_of(bool dry_run)
{
    return bpf_map__fd((dry_run ? loaded.from_role_dry_run : loaded.from_role)->maps.own_ports);
}

/* A fresh inner map in the next slot, then the control word: the way an update reaches the packets. */
static void publish(const struct lx_compiled *compiled)
{
    uint32_t slot = ++loaded.memory.policy % LX_IMAGE_SLOTS, first = 0;
    int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "image", sizeof(first), CAPACITY + LX_IMAGE_SLACK, 1, NULL);
    uint8_t *image = calloc(1, CAPACITY + LX_IMAGE_SLACK);

    cr_assert(image != NULL);
    cr_assert_geq(map, 0);
    cr_assert_leq(compiled->capacity, CAPACITY, "the policy needs a larger image than this test has room for");
    compiled->image->generation = loaded.memory.policy;
    memcpy(image, compiled->image, compiled->image->size);
    cr_assert_eq(bpf_map_update_elem(map, &first, image, BPF_ANY), 0);
    cr_assert_eq(bpf_map_update_elem(bpf_map__fd(loaded.to_role->maps.images), &slot, &map, BPF_ANY), 0);
    loaded.to_role->data_control->control.word = lx_control_word((uint8_t)slot, 0, LX_NO_SHADOW, 0);
    close(map);
    free(image);
}

static uint32_t run(enum lx_hook hook, bool dry_run, const uint8_t *frame, size_t length)
{
    return test_run(program_of(hook, dry_run), frame, length);
}

static void count(struct lx_counter *counter, size_t length)
{
    counter->packets++;
    counter->bytes += length;
}

/* A row has its packets counted there, and once more under the reason when that is not `row`. */
static void expect_counted(enum lx_hook hook, bool would, const struct oracle_verdict *verdict, size_t length)
{
    struct lx_counters *expected = loaded.expected[hook];
    bool drop = lx_reason_verdict(verdict->reason) == LX_DROP;

    if (verdict->row != LX_NO_ROW)
        count(&expected->rows[verdict->row], length);
    if (verdict->reason == LX_REASON_ROW)
        return;
    count(would && drop ? &expected->would_drop_reasons[verdict->reason] : &expected->reasons[verdict->reason], length);
    if (!verdict->has_ports || !drop)
        return;
    (would ? expected->would_drop : expected->dropped)[verdict->transport][verdict->destination_port]++;
    if (hook == LX_HOOK_FROM_ROLE && verdict->source_port)
        (would ? expected->own_would_drop : expected->own_dropped)[verdict->transport][verdict->source_port]++;
}

static bool is_tc(enum lx_hook hook)
{
    return hook == LX_HOOK_FROM_ROLE ? !loaded.at_inner : loaded.by_tc;
}

/* Puts a frame to both programs of a hook: first to the dry run, which must leave no trace. */
static void judge(const struct lx_policy *policy, enum lx_hook hook, const uint8_t *frame, size_t length)
{
    struct oracle_verdict verdict;
    struct lx_judgement answer;
    struct timespec now;
    bool would;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    loaded.memory.now = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    verdict = oracle_watch(&loaded.memory, policy, hook, frame, length);
    would = hook == LX_HOOK_FROM_ROLE && policy->egress == LX_EGRESS_TRACK && verdict.reason != LX_REASON_NOT_FROM_ROLE;
    answer = lx_judgement_unpack(run(hook, true, frame, length));
    if (answer.reason != verdict.reason || answer.row != verdict.row)
        agree_report(hook, frame, length, answer.reason, answer.row, &verdict);
    cr_assert_eq(answer.reason, verdict.reason);
    cr_assert_eq(answer.row, verdict.row);
    cr_assert_eq(run(hook, false, frame, length),
                 action_of(is_tc(hook), would || lx_reason_verdict(verdict.reason) == LX_PASS));
    expect_counted(hook, would, &verdict, length);
}

static void add(uint64_t *sums, const uint64_t *values, size_t values_count)
{
    size_t index;

    for (index = 0; index < values_count; index++)
        sums[index] += values[index];
}

/* The ports of all CPUs together, and what the sums of their pages make of them. */
static void add_ports(enum lx_hook hook, bool dry_run, struct lx_counters *sum)
{
    struct lx_port_page one;
    uint32_t key, port;

    for (key = 0; key < lx_port_page(cpus(), 0, 0); key++) {
        uint32_t transport = key / LX_PORT_PAGES % LX_TRANSPORT_COUNT, page = key % LX_PORT_PAGES;

        cr_assert_eq(bpf_map_lookup_elem(ports_of(hook, dry_run), &key, &one), 0);
        for (port = 0; port < LX_PORT_PAGE; port++) {
            sum->port_pages[transport][page] -= one.dropped[port] + one.would_drop[port];
            sum->dropped[transport][page * LX_PORT_PAGE + port] += one.dropped[port];
            sum->would_drop[transport][page * LX_PORT_PAGE + port] += one.would_drop[port];
        }
    }
    for (key = 0; key < LX_TRANSPORT_COUNT * LX_PORT_PAGES; key++)
        cr_expect_eq(sum->port_pages[0][key], 0, "the sum of page %u is not that of its ports", key);
}

/* The same of the role's own ports. */
static void add_own_ports(bool dry_run, struct lx_counters *sum)
{
    struct lx_port_page page;
    uint32_t key, port;

    for (key = 0; key < LX_OWN_PAGES; key++) {
        cr_assert_eq(bpf_map_lookup_elem(own_ports_of(dry_run), &key, &page), 0);
        for (port = 0; port < LX_PORT_PAGE; port++)
            sum->own_pages[0][key] -= page.dropped[port] + page.would_drop[port];
        cr_expect_eq(sum->own_pages[0][key], 0, "the sum of page %u is not that of its own ports", key);
        memcpy(&sum->own_dropped[0][key * LX_PORT_PAGE], page.dropped, sizeof(page.dropped));
        memcpy(&sum->own_would_drop[0][key * LX_PORT_PAGE], page.would_drop, sizeof(page.would_drop));
    }
}

/* The counters of all CPUs together. Caller frees. */
static struct lx_counters *counted(enum lx_hook hook, bool dry_run)
{
    struct lx_counters *sum = calloc(1, sizeof(*sum));
    struct lx_cpu_counters *one = calloc(1, sizeof(*one));
    uint32_t cpu;

    cr_assert(sum && one);
    for (cpu = 0; cpu < cpus(); cpu++) {
        cr_assert_eq(bpf_map_lookup_elem(counters_of(hook, dry_run), &cpu, one), 0);
        add((uint64_t *)sum, (const uint64_t *)one, offsetof(struct lx_cpu_counters, pad) / sizeof(uint64_t));
    }
    free(one);
    add_ports(hook, dry_run, sum);
    if (hook == LX_HOOK_FROM_ROLE)
        add_own_ports(dry_run, sum);
    return sum;
}

/* Every packet once: under its reason, or under its row when the row is the reason. */
static uint64_t packets_in(const struct lx_counters *counters)
{
    uint64_t sum = 0;
    size_t index;

    for (index = 0; index < LX_REASON_CAPACITY; index++)
        sum += counters->reasons[index].packets + counters->would_drop_reasons[index].packets;
    for (index = 0; index < LX_ROW_SLOTS; index++)
        sum += counters->rows[index].packets;
    return sum - counters->reasons[LX_REASON_FLOW].packets - counters->reasons[LX_REASON_MIRROR].packets;
}

static void check_counter(const struct lx_counter *counter, const struct lx_counter *expected, const char *what,
                          size_t index)
{
    cr_expect_eq(counter->packets, expected->packets, "packets, %s %zu", what, index);
    cr_expect_eq(counter->bytes, expected->bytes, "bytes, %s %zu", what, index);
}

static void check_ports(const __u64 *sums, const __u64 *expected, const char *what)
{
    size_t index;

    for (index = 0; index < LX_TRANSPORT_COUNT * 65536; index++)
        if (sums[index] != expected[index])
            cr_expect(false, "%s on transport %zu, port %zu: %llu, not %llu", what, index / 65536, index % 65536,
                      (unsigned long long)sums[index], (unsigned long long)expected[index]);
}

static void check_counters(enum lx_hook hook, uint64_t frames)
{
    struct lx_counters *sum = counted(hook, false), *of_dry_run = counted(hook, true);
    const struct lx_counters *expected = loaded.expected[hook];
    size_t index;

    cr_expect_eq(packets_in(sum), frames, "the sum over reasons is not the number of packets");
    for (index = 0; index < LX_REASON_CAPACITY; index++) {
        check_counter(&sum->reasons[index], &expected->reasons[index], "reason", index);
        check_counter(&sum->would_drop_reasons[index], &expected->would_drop_reasons[index], "would-drop", index);
    }
    for (index = 0; index < LX_ROW_SLOTS; index++)
        check_counter(&sum->rows[index], &expected->rows[index], "row", index);
    check_ports(sum->dropped[0], expected->dropped[0], "dropped");
    check_ports(sum->would_drop[0], expected->would_drop[0], "would-drop");
    check_ports(sum->own_dropped[0], expected->own_dropped[0], "dropped, own");
    check_ports(sum->own_would_drop[0], expected->own_would_drop[0], "would-drop, own");
    cr_expect_eq(sum->flows_created, hook == LX_HOOK_FROM_ROLE ? loaded.memory.flow_count : 0);
    cr_expect_eq(packets_in(of_dry_run), 0, "the dry run counts");
    cr_expect_eq(of_dry_run->flows_created, 0, "the dry run makes flows");
    free(sum);
    free(of_dry_run);
}

/* A frame of the round's traffic, or one that has nothing to do with it. Returns its length. */
static size_t next_frame(struct traffic *traffic, enum lx_hook *hook, uint8_t *frame)
{
    struct traffic_packet next = traffic_next(traffic);

    *hook = next.hook;
    if (generate_chance(traffic->generator, 50))
        next.shape = generate_shape(traffic->generator, traffic->policy, next.hook);
    if (next.hook == LX_HOOK_TO_ROLE && generate_chance(traffic->generator, 3)) /* larger than a page: in pieces */
        next.shape.payload = (unsigned)(3000 + generate_below(traffic->generator, 6000));
    return shape_write(&next.shape, frame);
}

/* What only comes about when one packet follows another, which chance may leave out. */
static bool all_was_seen(void)
{
    const struct lx_counters *to_role = loaded.expected[LX_HOOK_TO_ROLE],
                             *from_role = loaded.expected[LX_HOOK_FROM_ROLE];

    return to_role->reasons[LX_REASON_LATER_FRAGMENT].packets && from_role->reasons[LX_REASON_LATER_FRAGMENT].packets &&
           to_role->reasons[LX_REASON_FLOW].packets && to_role->reasons[LX_REASON_REPLY_UNLISTED].packets &&
           from_role->reasons[LX_REASON_MIRROR].packets && from_role->would_drop_reasons[LX_REASON_NO_ROW].packets;
}

Test(kernel, random_policies_are_judged_and_counted_as_the_oracle_says)
{
    struct generator generator = generator_from(generator_seed("kernel/random"));
    uint64_t frames[LX_HOOK_COUNT] = {0};
    uint8_t *frame = malloc(FRAME_ROOM);
    size_t round, index, turn, length;
    struct traffic traffic;
    enum lx_hook hook;

    cr_assert(frame != NULL);
    for (round = 0; round < ROUNDS || (!all_was_seen() && round < MOST_ROUNDS); round++) {
        cr_assert(traffic_begin(&traffic, &generator, 1 + generate_below(&generator, 48)));
        for (index = 0, turn = 0; index < FRAMES; index++) {
            if (index == 0 || generate_chance(&generator, 1)) {
                turn = generate_below(&generator, TRAFFIC_POLICIES);
                publish(&traffic.compiled[turn]);
            }
            length = next_frame(&traffic, &hook, frame);
            /* What a role behind an interface may not claim is nothing to the host's own program. */
            loaded.at_inner = index & 1 || traffic.turns[turn].built_ins & LX_BUILT_IN_BEHIND;
            loaded.by_tc = index & 2;
            /* Where egress is off, nothing looks at what the role sends. */
            if (hook == LX_HOOK_FROM_ROLE && traffic.turns[turn].egress == LX_EGRESS_OFF)
                continue;
            if (can_run(is_tc(hook), frame, length)) {
                judge(&traffic.turns[turn], hook, frame, length);
                frames[hook]++;
            }
        }
        traffic_end(&traffic);
    }
    check_counters(LX_HOOK_TO_ROLE, frames[LX_HOOK_TO_ROLE]);
    check_counters(LX_HOOK_FROM_ROLE, frames[LX_HOOK_FROM_ROLE]);
    cr_expect(all_was_seen(), "%zu rounds and not all that should be tried", round);
    free(frame);
}

static void judge_on_both(const struct lx_policy *policy, const uint8_t *frame, size_t length,
                          uint64_t frames[LX_HOOK_COUNT])
{
    loaded.at_inner = !loaded.at_inner || policy->built_ins & LX_BUILT_IN_BEHIND;
    loaded.by_tc = !loaded.by_tc;
    if (can_run(is_tc(LX_HOOK_FROM_ROLE), frame, length)) {
        judge(policy, LX_HOOK_FROM_ROLE, frame, length);
        frames[LX_HOOK_FROM_ROLE]++;
    }
    if (can_run(is_tc(LX_HOOK_TO_ROLE), frame, length)) {
        judge(policy, LX_HOOK_TO_ROLE, frame, length);
        frames[LX_HOOK_TO_ROLE]++;
    }
}

Test(kernel, damaged_frames_are_judged_and_counted_as_the_oracle_says)
{
    uint64_t frames[LX_HOOK_COUNT] = {0};
    struct sample_policies policies;
    uint8_t frame[FRAME_ROOM] = {0};
    size_t index, bit, length;

    cr_assert(sample_policies_make(&policies));
    publish(&policies.compiled[1]);
    for (index = 0; index < sample_count(); index++) {
        struct sample sample = sample_at(index);
        size_t whole = shape_write(&sample.shape, frame);

        for (length = SHORTEST_FRAME; length < whole; length++)
            judge_on_both(policies.policy[1], frame, length, frames);
        for (bit = 0; bit < whole * 8; bit++) {
            frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            judge_on_both(policies.policy[1], frame, whole, frames);
            frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        }
    }
    check_counters(LX_HOOK_TO_ROLE, frames[LX_HOOK_TO_ROLE]);
    check_counters(LX_HOOK_FROM_ROLE, frames[LX_HOOK_FROM_ROLE]);
    sample_policies_free(&policies);
}

Test(kernel, without_an_image_everything_is_dropped_and_counted)
{
    struct sample sample = sample_at(0);
    uint8_t frame[FRAME_ROOM];
    size_t length = shape_write(&sample.shape, frame);
    struct lx_counters *sum;
    enum lx_hook hook;

    for (hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
        cr_assert_eq(lx_judgement_unpack(run(hook, true, frame, length)).reason, LX_REASON_NO_POLICY);
        cr_assert_eq(run(hook, false, frame, length), action_of(is_tc(hook), false));
        sum = counted(hook, false);
        cr_expect_eq(sum->reasons[LX_REASON_NO_POLICY].packets, 1);
        cr_expect_eq(sum->reasons[LX_REASON_NO_POLICY].bytes, length);
        cr_expect_eq(packets_in(sum), 1);
        free(sum);
    }
}
