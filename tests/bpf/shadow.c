/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A candidate beside the policy in force: random packets over random pairs of policies, judged by both, with exact
 * counts of where they disagree; the verdict and everything remembered are those of the policy in force alone.
 */
#include "tests/bpf/world.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <lyncxdp/fragment.h>

#include "tests/bpf/test_run.h"
#include "tests/oracle/agree.h"
#include "tests/oracle/samples.h"
#include "tests/oracle/traffic.h"
#include "user/core/explain/probe.h"
#include "user/kernel/attachment/publish.h"
#include "user/kernel/attachment/shadow.h"
#include "user/kernel/link/program.h"
#include "user/kernel/object/pins.h"

#define ROUNDS 12
#define FRAMES 300
#define FRAME_ROOM 16384
/* One size for all policies here, so that the programs are loaded once. */
#define CAPACITY (16u * LX_IMAGE_MIN_CAPACITY)

static struct lx_failure failure;

/* The programs of both hooks over maps of an attachment that is attached nowhere. */
static struct {
    struct lx_maps maps;
    struct lx_attachment pins; /* no more than the directory and the maps */
    int programs[LX_HOOK_COUNT];
    bool at_inner; /* what the role sends is seen by XDP: on the inner NIC of a pair, or */
    bool behind;   /* on the one that the role is behind, where what goes to it is seen by tc */
    struct oracle_memory memory;
    uint8_t slot; /* in force */
} loaded = {.maps = LX_MAPS_NONE};

static bool is_tc(enum lx_hook hook)
{
    return hook == LX_HOOK_FROM_ROLE ? !loaded.at_inner : loaded.behind;
}

static void load_program(enum lx_program program)
{
    int loaded_one = lx_program_load(&loaded.maps, program, false, &failure);

    cr_assert_geq(loaded_one, 0, "%s", failure.text);
    loaded.programs[lx_program_hook(program)] = loaded_one;
}

static void load(void)
{
    const struct lx_shape shape = {.capacity = CAPACITY, .flows = LX_DEFAULT_FLOWS, .from_role = true};
    const struct lx_pin_name name = {.netns = 1, .ifindex = 1};

    enter_world();
    lx_pins_path(&name, loaded.pins.directory);
    cr_assert_eq(lx_maps_create(&shape, &loaded.maps, &failure), 0, "%s", failure.text);
    loaded.pins.maps = loaded.maps;
    cr_assert_eq(lx_pins_create(loaded.pins.directory, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_maps_pin(&loaded.maps, loaded.pins.directory, &failure), 0, "%s", failure.text);
    load_program(LX_PROGRAM_TO_ROLE_XDP);
    load_program(LX_PROGRAM_FROM_ROLE_TC);
}

static void unload(void)
{
    oracle_forget(&loaded.memory);
    lx_maps_close(&loaded.maps);
}

TestSuite(shadow, .init = load, .fini = unload, .timeout = 240);

/* --- What is in force, and what is beside it --- */

/* An image into a slot. What a publication says of it besides is no matter to packets. */
static void put(const struct lx_compiled *compiled, uint32_t slot, uint32_t generation)
{
    int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "image", sizeof(slot), CAPACITY + LX_IMAGE_SLACK, 1, NULL);
    struct lx_image *image = calloc(1, CAPACITY + LX_IMAGE_SLACK);
    const uint32_t first = 0;

    cr_assert(map >= 0 && image);
    cr_assert_leq(compiled->capacity, CAPACITY, "the policy needs a larger image than this test has room for");
    memcpy(image, compiled->image, compiled->image->size);
    image->generation = generation;
    cr_assert_eq(bpf_map_update_elem(map, &first, image, BPF_ANY), 0);
    cr_assert_eq(bpf_map_update_elem(loaded.maps.fds[LX_MAP_IMAGES], &slot, &map, BPF_ANY), 0);
    close(map);
    free(image);
}

static void control(uint8_t active, uint8_t shadow)
{
    const uint64_t word = lx_control_word(active, active, shadow, 0);

    cr_assert_eq(lx_publish_control(loaded.maps.fds[LX_MAP_CONTROL], word, &failure), 0, "%s", failure.text);
    loaded.slot = active;
}

/* A pair of policies out of the traffic's: in force in slot 0 or 1, the candidate in slot 2. */
static void put_pair(const struct traffic *traffic, size_t active, size_t candidate)
{
    uint8_t slot = loaded.slot ^ 1;

    control(loaded.slot, LX_NO_SHADOW);
    put(&traffic->compiled[active], slot, ++loaded.memory.policy);
    put(&traffic->compiled[candidate], 2, 1000000 + loaded.memory.policy);
    control(slot, 2);
}

/* --- What the two should disagree about --- */

struct expected {
    struct lx_shadow_counts counts;
};

static void expect_change(struct expected *expected, const struct lx_divergence *change, size_t length)
{
    struct lx_shadow_counts *counts = &expected->counts;
    size_t i;

    counts->sum.newly[change->newly].packets++;
    counts->sum.newly[change->newly].bytes += length;
    for (i = 0; i < counts->count; i++)
        if (!memcmp(&counts->changes[i].change, change, sizeof(*change)))
            break;
    if (i == counts->count) {
        counts->changes = reallocarray(counts->changes, i + 1, sizeof(*counts->changes));
        cr_assert_not_null(counts->changes);
        counts->changes[counts->count++] = (struct lx_divergence_count){.change = *change};
    }
    counts->changes[i].counter.packets++;
    counts->changes[i].counter.bytes += length;
}

static bool passes(const struct lx_policy *policy, enum lx_hook hook, const struct oracle_verdict *verdict)
{
    return lx_reason_verdict(verdict->reason) == LX_PASS ||
           (hook == LX_HOOK_FROM_ROLE && policy->egress == LX_EGRESS_TRACK &&
            verdict->reason != LX_REASON_NOT_FROM_ROLE);
}

/* What the candidate says to a frame, by a memory that is forgotten afterwards. */
static struct oracle_verdict ask_candidate(const struct lx_policy *candidate, enum lx_hook hook, const uint8_t *frame,
                                           size_t length)
{
    struct oracle_memory copy = loaded.memory;
    struct oracle_verdict verdict;

    copy.flows = malloc(copy.flow_room * sizeof(*copy.flows) + 1);
    copy.datagrams = malloc(copy.datagram_room * sizeof(*copy.datagrams) + 1);
    cr_assert(copy.flows && copy.datagrams);
    if (copy.flow_count)
        memcpy(copy.flows, loaded.memory.flows, copy.flow_count * sizeof(*copy.flows));
    if (copy.datagram_count)
        memcpy(copy.datagrams, loaded.memory.datagrams, copy.datagram_count * sizeof(*copy.datagrams));
    copy.policy += 1000000;
    verdict = oracle_watch(&copy, candidate, hook, frame, length);
    oracle_forget(&copy);
    return verdict;
}

/* Runs a frame by the policy in force, and notes what the candidate should be counted for. */
static void judge(const struct lx_policy *policy, const struct lx_policy *candidate, enum lx_hook hook,
                  const uint8_t *frame, size_t length, struct expected *expected)
{
    struct oracle_verdict verdict, other;
    struct lx_divergence change = {.transport = LX_NO_TRANSPORT};
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    loaded.memory.now = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    verdict = oracle_watch(&loaded.memory, policy, hook, frame, length);
    other = ask_candidate(candidate, hook, frame, length);
    cr_assert_eq(test_run(loaded.programs[hook], frame, length), action_of(is_tc(hook), passes(policy, hook, &verdict)),
                 "the verdict is not that of the policy in force: %s", lx_reason_name(verdict.reason));
    expected->counts.sum.packets++;
    if (passes(policy, hook, &verdict) == passes(candidate, hook, &other))
        return;
    change.newly = passes(candidate, hook, &other);
    change.reason = (uint8_t)other.reason;
    change.row = (uint16_t)(change.newly == LX_PASS ? other.row : verdict.row);
    if (other.has_ports) {
        change.transport = (uint8_t)other.transport;
        change.port = other.destination_port;
    }
    expect_change(expected, &change, length);
}

static const struct lx_counter *find_change(const struct lx_shadow_counts *counts, const struct lx_divergence *change)
{
    for (size_t i = 0; i < counts->count; i++)
        if (!memcmp(&counts->changes[i].change, change, sizeof(*change)))
            return &counts->changes[i].counter;
    return NULL;
}

static void check_counts(enum lx_hook hook, const struct expected *expected)
{
    const struct lx_shadow_counts *wanted = &expected->counts;
    struct lx_shadow_counts counts;

    cr_assert_eq(lx_shadow_read(&loaded.pins, hook, &counts, &failure), 0, "%s", failure.text);
    cr_expect_eq(counts.sum.packets, wanted->sum.packets);
    for (int newly = LX_DROP; newly <= LX_PASS; newly++) {
        cr_expect_eq(counts.sum.newly[newly].packets, wanted->sum.newly[newly].packets);
        cr_expect_eq(counts.sum.newly[newly].bytes, wanted->sum.newly[newly].bytes);
    }
    cr_expect_eq(counts.count, wanted->count);
    for (size_t i = 0; i < wanted->count; i++) {
        const struct lx_divergence *change = &wanted->changes[i].change;
        const struct lx_counter *counter = find_change(&counts, change);

        cr_assert_not_null(counter, "not counted: newly %s, %s, row %u, transport %u, port %u",
                           change->newly ? "passed" : "dropped", lx_reason_name(change->reason), change->row,
                           change->transport, change->port);
        cr_expect_eq(counter->packets, wanted->changes[i].counter.packets);
        cr_expect_eq(counter->bytes, wanted->changes[i].counter.bytes);
    }
    lx_shadow_counts_free(&counts);
}

/* The key under which the programs have a flow. */
static __u64 key_of(const struct oracle_tuple *tuple)
{
    struct lx_flow_ends ends = {.role_port = tuple->source_port,
                                .remote_port = tuple->destination_port,
                                .transport = (uint8_t)tuple->transport,
                                .ipv4 = !tuple->ipv6};
    const struct lx_packet_flow wanted = lx_flow_between(&ends);
    size_t size = tuple->ipv6 ? 16 : 4;
    static struct lx_flow_gate gate;
    const uint32_t first = 0;

    memcpy((uint8_t *)ends.role + 16 - size, tuple->source, size);
    memcpy((uint8_t *)ends.remote + 16 - size, tuple->destination, size);
    cr_assert_eq(bpf_map_lookup_elem(loaded.maps.fds[LX_MAP_FLOW_GATE], &first, &gate), 0);
    return lx_flow_key(&wanted, gate.key);
}

static size_t entries_of(enum lx_map map, size_t key_size)
{
    uint8_t last[64], next[64];
    size_t count = 0;

    cr_assert_leq(key_size, sizeof(last));
    while (!bpf_map_get_next_key(loaded.maps.fds[map], count ? last : NULL, next)) {
        memcpy(last, next, key_size);
        count++;
    }
    return count;
}

/* What is remembered is what the policy in force has recorded, judged by it and by nothing else. */
static void check_memory(void)
{
    const struct oracle_memory *memory = &loaded.memory;

    for (size_t i = 0; i < memory->flow_count; i++) {
        const __u64 key = key_of(&memory->flows[i].tuple);
        struct lx_flow flow;

        cr_assert_eq(bpf_map_lookup_elem(loaded.maps.fds[LX_MAP_FLOWS], &key, &flow), 0, "flow %zu is missing", i);
        cr_expect_eq(flow.row, memory->flows[i].row);
        cr_expect_eq(flow.generation, memory->flows[i].policy);
        cr_expect_eq(flow.state, memory->flows[i].state);
    }
    cr_expect_eq(entries_of(LX_MAP_FLOWS, sizeof(__u64)), memory->flow_count);
    cr_expect_eq(entries_of(LX_MAP_FRAGMENTS, sizeof(struct lx_fragment_key)), memory->datagram_count);
}

/* --- Promises --- */

static size_t next_frame(struct traffic *traffic, enum lx_hook *hook, uint8_t *frame)
{
    struct traffic_packet next = traffic_next(traffic);

    *hook = next.hook;
    if (generate_chance(traffic->generator, 40))
        next.shape = generate_shape(traffic->generator, traffic->policy, next.hook);
    if (next.hook == LX_HOOK_TO_ROLE && generate_chance(traffic->generator, 3)) /* larger than a page: in pieces */
        next.shape.payload = (unsigned)(3000 + generate_below(traffic->generator, 6000));
    return shape_write(&next.shape, frame);
}

/* One round of traffic under changing pairs of policies; `same`: the candidate is the policy itself. */
static void play(struct generator *generator, bool same, struct expected expected[LX_HOOK_COUNT])
{
    uint8_t *frame = malloc(FRAME_ROOM);
    size_t active = 0, candidate = 0, length;
    struct traffic traffic;
    enum lx_hook hook;

    cr_assert_not_null(frame);
    cr_assert(traffic_begin(&traffic, generator, 1 + generate_below(generator, 48)));
    for (size_t i = 0; i < TRAFFIC_POLICIES && !loaded.behind; i++) {
        traffic.turns[i].built_ins &= ~(uint32_t)LX_BUILT_IN_BEHIND;
        traffic.compiled[i].image->built_ins &= ~(uint32_t)LX_BUILT_IN_BEHIND;
    }
    for (size_t i = 0; i < FRAMES; i++) {
        if (i == 0 || generate_chance(generator, 2)) {
            active = generate_below(generator, TRAFFIC_POLICIES);
            candidate = same ? active : generate_below(generator, TRAFFIC_POLICIES);
            put_pair(&traffic, active, candidate);
        }
        length = next_frame(&traffic, &hook, frame);
        /* Where egress is off, nothing looks at what the role sends. */
        if (hook == LX_HOOK_FROM_ROLE &&
            (traffic.turns[active].egress == LX_EGRESS_OFF || traffic.turns[candidate].egress == LX_EGRESS_OFF))
            continue;
        if (can_run(is_tc(hook), frame, length))
            judge(&traffic.turns[active], &traffic.turns[candidate], hook, frame, length, &expected[hook]);
    }
    traffic_end(&traffic);
    free(frame);
}

static void prepare(void)
{
    cr_assert_eq(lx_shadow_prepare(&loaded.maps, loaded.pins.directory, &failure), 0, "%s", failure.text);
}

static void compare_random(const char *test)
{
    struct generator generator = generator_from(generator_seed(test));
    struct expected expected[LX_HOOK_COUNT] = {0};

    prepare();
    for (size_t round = 0; round < ROUNDS; round++)
        play(&generator, false, expected);
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
        check_counts(hook, &expected[hook]);
        cr_expect_gt(expected[hook].counts.sum.newly[LX_DROP].packets, 0);
        cr_expect_gt(expected[hook].counts.sum.newly[LX_PASS].packets, 0);
        lx_shadow_counts_free(&expected[hook].counts);
    }
    check_memory();
}

Test(shadow, what_random_candidates_would_change_is_counted_as_the_oracle_says_and_nothing_changes)
{
    compare_random("shadow/random");
}

Test(shadow, of_an_inline_pair_as_well)
{
    loaded.at_inner = true;
    load_program(LX_PROGRAM_FROM_ROLE_XDP);
    compare_random("shadow/inline");
}

Test(shadow, and_where_the_role_is_behind_an_interface)
{
    loaded.at_inner = loaded.behind = true;
    load_program(LX_PROGRAM_FROM_ROLE_XDP);
    load_program(LX_PROGRAM_TO_ROLE_TC);
    compare_random("shadow/behind");
}

Test(shadow, a_candidate_that_is_the_policy_changes_nothing)
{
    struct generator generator = generator_from(generator_seed("shadow/same"));
    struct expected expected[LX_HOOK_COUNT] = {0};

    prepare();
    for (size_t round = 0; round < ROUNDS / 3; round++)
        play(&generator, true, expected);
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
        cr_expect_gt(expected[hook].counts.sum.packets, 0);
        cr_expect_eq(expected[hook].counts.count, 0);
        check_counts(hook, &expected[hook]);
    }
}

/* A frame that the first sample policy passes, and one of its hook that it drops. */
static size_t sample_frame(uint8_t *frame)
{
    struct sample sample = sample_at(0);

    return shape_write(&sample.shape, frame);
}

static uint64_t compared(enum lx_hook hook)
{
    struct lx_shadow_counts counts;
    uint64_t packets;

    cr_assert_eq(lx_shadow_read(&loaded.pins, hook, &counts, &failure), 0, "%s", failure.text);
    packets = counts.sum.packets;
    lx_shadow_counts_free(&counts);
    return packets;
}

Test(shadow, without_a_candidate_nothing_is_compared)
{
    struct sample_policies policies;
    uint8_t frame[FRAME_ROOM];
    size_t length = sample_frame(frame);

    cr_assert(sample_policies_make(&policies));
    put(&policies.compiled[0], 0, 1);
    put(&policies.compiled[1], 2, 2);
    prepare();
    control(0, LX_NO_SHADOW);
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
        test_run(loaded.programs[hook], frame, length);
        cr_expect_eq(compared(hook), 0);
    }
    control(0, 2);
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
        test_run(loaded.programs[hook], frame, length);
        cr_expect_eq(compared(hook), 1);
    }
    sample_policies_free(&policies);
}

Test(shadow, a_new_candidate_is_counted_from_zero)
{
    struct sample_policies policies;
    uint8_t frame[FRAME_ROOM];
    size_t length = sample_frame(frame);

    cr_assert(sample_policies_make(&policies));
    put(&policies.compiled[0], 0, 1);
    put(&policies.compiled[1], 2, 2);
    prepare();
    control(0, 2);
    test_run(loaded.programs[LX_HOOK_TO_ROLE], frame, length);
    cr_expect_eq(compared(LX_HOOK_TO_ROLE), 1);
    control(0, LX_NO_SHADOW);
    prepare();
    cr_expect_eq(compared(LX_HOOK_TO_ROLE), 0);
    sample_policies_free(&policies);
}

/* Maps go after a grace period. */
static bool gone(uint32_t id)
{
    for (int wait = 0; wait < 200; wait++) {
        int fd = bpf_map_get_fd_by_id(id);

        if (fd < 0)
            return true;
        close(fd);
        usleep(20000);
    }
    return false;
}

Test(shadow, removing_it_leaves_no_map_or_pin)
{
    static const char *const pins[LX_HOOK_COUNT] = {"to_role_changes", "from_role_changes"};
    uint32_t maps[LX_HOOK_COUNT], left;

    prepare();
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
        cr_assert_eq(lx_pin_map_id(loaded.pins.directory, pins[hook], &maps[hook]), 0, "%s", pins[hook]);
        cr_assert_neq(maps[hook], 0, "%s", pins[hook]);
    }
    cr_assert_eq(lx_shadow_remove(&loaded.maps, loaded.pins.directory, &failure), 0, "%s", failure.text);
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
        cr_assert_eq(lx_pin_map_id(loaded.pins.directory, pins[hook], &left), 0);
        cr_expect_eq(left, 0, "%s", pins[hook]);
        cr_expect(gone(maps[hook]), "%s", pins[hook]);
        cr_expect_eq(lx_shadow_read(&loaded.pins, hook, &(struct lx_shadow_counts){0}, &failure), -ENOENT);
    }
    cr_expect_eq(lx_shadow_remove(&loaded.maps, loaded.pins.directory, &failure), 0, "a second time");
}
