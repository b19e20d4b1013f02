/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing what is in force, over a real interface: counters go on, flows are judged anew, trials end by themselves
 * whoever lives, and what must take another's place does so while packets pass. A policy here is a handful of ports.
 */
#include "tests/bpf/world.h"

#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "user/core/explain/probe.h"
#include "user/core/image/row_slots.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/detach.h"
#include "user/kernel/attachment/publish.h"
#include "user/kernel/attachment/rebuild.h"
#include "user/kernel/attachment/update.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/running.h"
#include "user/kernel/process/clock.h"
#include "user/kernel/read/counters.h"

TestSuite(update, .init = enter_world, .timeout = 120);

static struct lx_failure failure;
static struct lx_interface outer0;

/* --- Policies --- */

#define MOST_ROWS LX_MAX_ROWS

static struct lx_prefix_set any_address = {.any = true}, nobody;
static char *role = (char *)"test";

/* A policy with one row for each port: UDP to the role, or from it. */
struct made {
    struct lx_policy policy;
    struct lx_row rows[MOST_ROWS];
    struct lx_rule rules[MOST_ROWS];
    char ids[MOST_ROWS][48];
    struct lx_compiled compiled;
};

static struct made *empty_policy(enum lx_egress egress)
{
    struct made *made = calloc(1, sizeof(*made));

    cr_assert_not_null(made);
    made->policy = (struct lx_policy){
        .edition = (char *)"lync2010",
        .roles = {.items = &role, .count = 1},
        .rules = made->rules,
        .protected = &nobody,
        .built_ins = LX_BUILT_IN_ARP,
        .egress = egress,
    };
    return made;
}

static void add_row(struct made *made, const char *id, bool outward, uint16_t port)
{
    size_t i = made->policy.rule_count++;
    struct lx_row *row = &made->rows[i];

    snprintf(made->ids[i], sizeof(made->ids[i]), "%s", id);
    *row = (struct lx_row){.id = made->ids[i],
                           .destination_ports = {.count = 1, .ranges = {{port, port}}},
                           .transports = LX_TRANSPORT_BIT(LX_UDP)};
    (outward ? &row->from : &row->to)->kind = LX_ENDPOINT_SELF;
    made->rules[i] = (struct lx_rule){row, &any_address, &any_address, (uint16_t)i};
}

/* Rows called "in/PORT", from a list that ends with 0. */
static struct made *ports_in(enum lx_egress egress, const uint16_t *ports)
{
    struct made *made = empty_policy(egress);
    char id[16];

    for (; *ports; ports++) {
        snprintf(id, sizeof(id), "in/%u", *ports);
        add_row(made, id, false, *ports);
    }
    return made;
}

#define PORTS(...) ports_in(LX_EGRESS_OFF, (const uint16_t[]){__VA_ARGS__, 0})

static void compile(struct made *made, uint32_t capacity)
{
    struct lx_image *image;

    cr_assert_eq(lx_compile(&made->policy, &made->compiled, NULL), 0);
    if (made->compiled.capacity >= capacity)
        return;
    image = calloc(1, capacity + LX_IMAGE_SLACK);
    cr_assert_not_null(image);
    memcpy(image, made->compiled.image, made->compiled.image->size);
    lx_compiled_free(&made->compiled);
    made->compiled = (struct lx_compiled){.image = image, .capacity = capacity};
}

static void drop_policy(struct made *made)
{
    lx_compiled_free(&made->compiled);
    free(made);
}

/* --- Attaching and changing --- */

static void attach(struct made *made, uint32_t try_seconds)
{
    const struct lx_attach_choices choices = {.flows = 1024, .try_seconds = try_seconds};
    struct lx_metadata metadata;

    cr_assert_eq(lx_interface_find("outer0", &outer0, &failure), 0, "%s", failure.text);
    compile(made, 0);
    cr_assert_eq(lx_attach(&outer0, &made->policy, &made->compiled, &choices, &metadata, &failure), 0, "%s",
                 failure.text);
    drop_policy(made);
}

/* Frees the policy. `capacity`: as if its image were that large. */
static int change(struct made *made, uint32_t try_seconds, uint32_t capacity)
{
    struct lx_proposal proposal = {.policy = &made->policy, .compiled = &made->compiled, .try_seconds = try_seconds};
    struct lx_update update;
    int error = lx_update_begin(&outer0, &update, &failure);

    if (!error) {
        error = lx_update_assign(&update, &made->policy, &failure);
        if (!error) {
            compile(made, capacity);
            error = lx_update_commit(&update, &proposal, &failure);
        }
        lx_update_end(&update);
    }
    drop_policy(made);
    return error;
}

static void must_change(struct made *made, uint32_t try_seconds, uint32_t capacity)
{
    cr_assert_eq(change(made, try_seconds, capacity), 0, "%s", failure.text);
}

static int decide(int (*decision)(struct lx_update *update, struct lx_failure *failure))
{
    struct lx_update update;
    int error = lx_update_begin(&outer0, &update, &failure);

    if (error)
        return error;
    error = decision(&update, &failure);
    lx_update_end(&update);
    return error;
}

static struct lx_attachment opened(void)
{
    struct lx_attachment attachment;

    cr_assert_eq(lx_attachment_open(&outer0, &attachment, &failure), 0, "%s", failure.text);
    return attachment;
}

static uint64_t generation(void)
{
    struct lx_attachment attachment = opened();
    uint64_t generation = attachment.publication.generation;

    lx_attachment_close(&attachment);
    return generation;
}

/* --- Counters --- */

static struct lx_counters *counters_of(enum lx_hook hook)
{
    struct lx_attachment attachment = opened();
    struct lx_counters *sum = malloc(sizeof(*sum));

    cr_assert_eq(lx_attachment_counters(&attachment, hook, sum, &failure), 0, "%s", failure.text);
    lx_attachment_close(&attachment);
    return sum;
}

static uint64_t seen_by(enum lx_hook hook)
{
    struct lx_counters *counters = counters_of(hook);
    uint64_t packets = 0;

    for (int i = 0; i < LX_REASON_CAPACITY; i++)
        packets += counters->reasons[i].packets + counters->would_drop_reasons[i].packets;
    free(counters);
    return packets;
}

/* The packets of the row of that name at a hook; UINT64_MAX when no slot has it. */
static uint64_t row_count(enum lx_hook hook, const char *id)
{
    struct lx_attachment attachment = opened();
    struct lx_counters *counters = counters_of(hook);
    uint64_t packets = UINT64_MAX;
    struct lx_row_label *labels;

    cr_assert_eq(lx_attachment_labels(&attachment, &labels, &failure), 0);
    for (size_t slot = 0; slot < LX_ROW_SLOTS; slot++)
        if (!strcmp(labels[slot].id, id))
            packets = counters->rows[slot].packets;
    free(labels);
    free(counters);
    lx_attachment_close(&attachment);
    return packets;
}

/* --- Frames --- */

#define ROLE "131.107.155.30"
#define REMOTE "198.51.100.7"

static size_t frame_of(bool outward, uint16_t source, uint16_t destination, uint8_t frame[LX_PROBE_FRAME])
{
    struct lx_probe probe = {.transport = LX_UDP, .source_port = source, .destination_port = destination};

    lx_address_parse(outward ? ROLE : REMOTE, &probe.source, NULL);
    lx_address_parse(outward ? REMOTE : ROLE, &probe.destination, NULL);
    return lx_probe_frame(&probe, frame);
}

static void put(const char *interface, const uint8_t *frame, size_t length)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
    static int out = -1; /* closing one takes the kernel milliseconds */

    if (out < 0)
        out = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    cr_assert_geq(out, 0);
    cr_assert_eq(sendto(out, frame, length, 0, (struct sockaddr *)&to, sizeof(to)), (ssize_t)length);
}

static void wait_for(enum lx_hook hook, uint64_t packets)
{
    for (int wait = 0; wait < 1000 && seen_by(hook) < packets; wait++)
        usleep(2000);
    cr_assert_eq(seen_by(hook), packets, "frames were lost on the way, or came from somewhere else");
}

/* Frames to a port of the role, few enough at a time that no ring overflows; they are judged when this returns. */
static void send_in(uint16_t port, unsigned count)
{
    uint64_t before = seen_by(LX_HOOK_TO_ROLE);
    uint8_t frame[LX_PROBE_FRAME];
    size_t length = frame_of(false, 40000, port, frame);

    for (unsigned sent = 1; sent <= count; sent++) {
        put("wire0", frame, length);
        if (sent % 64 == 0 || sent == count)
            wait_for(LX_HOOK_TO_ROLE, before + sent);
    }
}

static void send_out(uint16_t source, uint16_t destination, unsigned count)
{
    uint64_t before = seen_by(LX_HOOK_FROM_ROLE);
    uint8_t frame[LX_PROBE_FRAME];
    size_t length = frame_of(true, source, destination, frame);

    for (unsigned sent = 0; sent < count; sent++)
        put("outer0", frame, length);
    wait_for(LX_HOOK_FROM_ROLE, before + count);
}

static uint64_t dropped(uint16_t port)
{
    struct lx_counters *counters = counters_of(LX_HOOK_TO_ROLE);
    uint64_t packets = counters->dropped[LX_UDP][port];

    free(counters);
    return packets;
}

/* Whether a packet to that port passes now, told by one. */
static bool passes(uint16_t port)
{
    uint64_t before = dropped(port);

    send_in(port, 1);
    return dropped(port) == before;
}

/* --- Promises --- */

Test(update, rows_that_remain_keep_their_counters)
{
    attach(PORTS(1000, 2000), 0);
    send_in(1000, 50);
    send_in(2000, 30);
    must_change(PORTS(3000, 2000), 0, 0);
    send_in(2000, 20);
    send_in(3000, 10);
    send_in(1000, 5);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "in/1000"), 50);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "in/2000"), 50);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "in/3000"), 10);
    cr_expect_eq(dropped(1000), 5);
    must_change(PORTS(1000, 2000), 0, 0);
    send_in(1000, 7);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "in/1000"), 57, "a row that comes back goes on counting");
    cr_expect_eq(generation(), 3);
}

/* Rows "many/ROUND/0"... on ports from 1000 up. */
static struct made *many_rows(unsigned round, size_t count)
{
    struct made *made = empty_policy(LX_EGRESS_OFF);
    char id[32];

    for (size_t i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "many/%u/%zu", round, i);
        add_row(made, id, false, (uint16_t)(1000 + i));
    }
    return made;
}

Test(update, counters_of_rows_that_are_gone_begin_anew_when_others_need_them)
{
    attach(many_rows(0, LX_MAX_ROWS), 0);
    send_in(1000, 9);
    must_change(many_rows(1, LX_MAX_ROWS), 0, 0);
    send_in(1000, 4);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "many/0/0"), 9);
    must_change(many_rows(2, LX_MAX_ROWS), 0, 0);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "many/0/0"), UINT64_MAX, "its slot has another name now");
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "many/1/0"), 4, "what may come back keeps its counters");
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "many/2/0"), 0);
    send_in(1000, 3);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "many/2/0"), 3);
    cr_assert_eq(decide(lx_update_rollback), 0, "%s", failure.text);
    send_in(1000, 2);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "many/1/0"), 6);
}

Test(update, too_many_rows_beside_a_trial_are_refused_and_nothing_changes)
{
    attach(many_rows(0, LX_MAX_ROWS), 0);
    must_change(many_rows(1, LX_MAX_ROWS), 600, 0);
    cr_expect_eq(change(many_rows(2, LX_MAX_ROWS), 0, 0), -ENOSPC);
    cr_expect_not_null(strstr(failure.text, "confirm or roll back"), "%s", failure.text);
    cr_expect_eq(generation(), 2);
    cr_assert_eq(decide(lx_update_confirm), 0, "%s", failure.text);
    must_change(many_rows(2, LX_MAX_ROWS), 0, 0);
}

/* One row in each direction: what comes to port 53 of others is answered. */
static struct made *with_dns(bool dns)
{
    struct made *made = empty_policy(LX_EGRESS_ENFORCE);

    add_row(made, "in/1000", false, 1000);
    if (dns)
        add_row(made, "out/53", true, 53);
    return made;
}

static uint64_t replies(void)
{
    struct lx_counters *counters = counters_of(LX_HOOK_TO_ROLE);
    uint64_t packets = counters->reasons[LX_REASON_FLOW].packets;

    free(counters);
    return packets;
}

static void send_reply(void)
{
    uint64_t before = seen_by(LX_HOOK_TO_ROLE);
    uint8_t frame[LX_PROBE_FRAME];

    put("wire0", frame, frame_of(false, 53, 41000, frame));
    wait_for(LX_HOOK_TO_ROLE, before + 1);
}

Test(update, a_flow_ends_with_its_row_and_lives_again_when_the_row_returns)
{
    attach(with_dns(true), 0);
    send_out(41000, 53, 1);
    send_reply();
    cr_expect_eq(replies(), 1);
    must_change(with_dns(false), 0, 0);
    send_reply();
    cr_expect_eq(replies(), 1);
    cr_expect_eq(dropped(41000), 1);
    cr_assert_eq(decide(lx_update_rollback), 0, "%s", failure.text);
    send_reply();
    cr_expect_eq(replies(), 2);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "out/53"), 2);
}

/* Waits until the kernel's clock is past the deadline. */
static void let_it_run_out(void)
{
    struct lx_attachment attachment = opened();

    while (lx_boottime_ms() < lx_control_deadline(attachment.control) + 20)
        usleep(10000);
    lx_attachment_close(&attachment);
}

Test(update, a_trial_ends_in_the_data_plane_with_every_process_dead)
{
    pid_t child;
    int status;

    attach(PORTS(1000), 0);
    child = fork();
    if (!child) {
        change(PORTS(2000), 5, 0);
        raise(SIGKILL);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status));
    cr_expect_eq(generation(), 2);
    cr_expect(!passes(1000));
    cr_expect(passes(2000));
    let_it_run_out();
    /* Nobody has run since: the control word still says what it said. */
    cr_expect(passes(1000));
    cr_expect(!passes(2000));
    cr_expect_eq(generation(), 1, "readers follow");
}

Test(update, a_confirmed_trial_stays)
{
    attach(PORTS(1000), 0);
    must_change(PORTS(2000), 1, 0);
    cr_assert_eq(decide(lx_update_confirm), 0, "%s", failure.text);
    usleep(1100000);
    cr_expect(passes(2000));
    cr_expect(!passes(1000));
    cr_expect_eq(decide(lx_update_confirm), -ENOENT);
    cr_expect_not_null(strstr(failure.text, "no trial"), "%s", failure.text);
    cr_assert_eq(decide(lx_update_rollback), 0, "what was confirmed can still be undone: %s", failure.text);
    cr_expect(passes(1000));
}

Test(update, it_is_too_late_to_confirm_what_has_run_out)
{
    attach(PORTS(1000), 0);
    must_change(PORTS(2000), 1, 0);
    let_it_run_out();
    cr_expect_eq(decide(lx_update_confirm), -ENOENT);
    cr_expect_not_null(strstr(failure.text, "too late"), "%s", failure.text);
    cr_expect(passes(1000));
    cr_expect_eq(generation(), 1);
}

Test(update, a_rollback_ends_a_trial_at_once)
{
    attach(PORTS(1000), 0);
    must_change(PORTS(2000), 600, 0);
    cr_assert_eq(decide(lx_update_rollback), 0, "%s", failure.text);
    cr_expect(passes(1000));
    cr_expect(!passes(2000));
}

Test(update, rollback_undoes_the_last_update_and_no_more)
{
    attach(PORTS(1000), 0);
    cr_expect_eq(decide(lx_update_rollback), -ENOENT);
    must_change(PORTS(2000), 0, 0);
    must_change(PORTS(3000), 0, 0);
    cr_assert_eq(decide(lx_update_rollback), 0, "%s", failure.text);
    cr_expect(passes(2000));
    cr_expect_eq(decide(lx_update_rollback), -ENOENT);
    cr_expect_not_null(strstr(failure.text, "nothing to return to"), "%s", failure.text);
    cr_expect(passes(2000));
}

Test(update, an_update_within_a_trial_falls_back_to_what_stood_before_it)
{
    attach(PORTS(1000), 0);
    must_change(PORTS(2000), 600, 0);
    must_change(PORTS(3000), 1, 0);
    cr_expect(passes(3000));
    let_it_run_out();
    cr_expect(passes(1000));
    cr_expect(!passes(2000));
    cr_expect(!passes(3000));
}

Test(update, a_trial_on_a_first_attach_falls_back_to_counting)
{
    struct lx_counters *counters;

    attach(PORTS(1000), 1);
    cr_expect_eq(generation(), 2);
    let_it_run_out();
    send_in(9999, 12);
    counters = counters_of(LX_HOOK_TO_ROLE);
    cr_expect_eq(counters->would_drop[LX_UDP][9999], 12);
    cr_expect_eq(counters->dropped[LX_UDP][9999], 0);
    free(counters);
    cr_expect_eq(generation(), 1);
}

Test(update, audit_counts_exactly_what_would_have_been_dropped)
{
    struct made *made = PORTS(1000);
    struct lx_counters *counters;

    attach(PORTS(1000), 0);
    send_in(9999, 3);
    made->policy.audit = true;
    must_change(made, 0, 0);
    send_in(1000, 40);
    send_in(9999, 25);
    must_change(PORTS(1000), 0, 0);
    send_in(9999, 4);
    counters = counters_of(LX_HOOK_TO_ROLE);
    cr_expect_eq(counters->would_drop[LX_UDP][9999], 25);
    cr_expect_eq(counters->would_drop_reasons[LX_REASON_NO_ROW].packets, 25);
    cr_expect_eq(counters->dropped[LX_UDP][9999], 7);
    cr_expect_eq(counters->reasons[LX_REASON_NO_ROW].packets, 7);
    free(counters);
    cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "in/1000"), 40);
}

/* --- While packets pass --- */

#define BURST 32

/* Sends without a pause, each burst when the one before has arrived, and holds what arrives against what should. */
struct traffic {
    atomic_bool stop;
    atomic_uint sent, arrived, wrong;
};

static int listen_on(const char *interface)
{
    struct sockaddr_ll at = {
        .sll_family = AF_PACKET, .sll_protocol = LX_BE16(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(interface)};
    int in = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), size = 8 << 20;

    cr_assert_geq(in, 0);
    setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    cr_assert_eq(bind(in, (struct sockaddr *)&at, sizeof(at)), 0);
    return in;
}

/* Counts frames to port 1000, and those that should not be there, until a burst is complete or long overdue. */
static void receive(int in, struct traffic *traffic)
{
    struct pollfd poll_in = {.fd = in, .events = POLLIN};
    unsigned arrived = 0;
    uint8_t frame[256];

    while (arrived < BURST && poll(&poll_in, 1, 5000) > 0) {
        struct sockaddr_ll from;
        socklen_t size = sizeof(from);
        ssize_t length = recvfrom(in, frame, sizeof(frame), 0, (struct sockaddr *)&from, &size);

        if (length < 42 || from.sll_pkttype == PACKET_OUTGOING)
            continue;
        if ((frame[36] << 8 | frame[37]) == 1000)
            arrived++;
        else
            traffic->wrong++;
    }
    traffic->arrived += arrived;
}

static void *keep_sending(void *data)
{
    struct traffic *traffic = data;
    uint8_t allowed[LX_PROBE_FRAME], forbidden[LX_PROBE_FRAME];
    size_t allowed_length = frame_of(false, 40000, 1000, allowed);
    size_t forbidden_length = frame_of(false, 40000, 9999, forbidden);
    int in = listen_on("outer0");

    while (!traffic->stop && traffic->arrived == traffic->sent) {
        for (int i = 0; i < BURST; i++) {
            put("wire0", forbidden, forbidden_length);
            put("wire0", allowed, allowed_length);
        }
        traffic->sent += BURST;
        receive(in, traffic);
    }
    traffic->stop = true;
    close(in);
    return NULL;
}

static unsigned program_id(void)
{
    struct lx_running running = {0};

    lx_running_by_name(outer0.index, &running);
    return running.id;
}

/* Lets some bursts pass, or sees that one was lost. */
static void let_pass(const struct traffic *traffic)
{
    unsigned enough = traffic->sent + 4 * BURST;

    while (traffic->sent < enough && !traffic->stop)
        usleep(1000);
}

static bool dispatched(void)
{
    struct lx_running running = {0};

    return !lx_running_by_name(outer0.index, &running) && running.dispatcher;
}

/* Changes what is in force while traffic passes, and expects that none of it noticed. */
static void change_under_traffic(struct made *made, uint32_t capacity, bool replaces)
{
    uint64_t before = row_count(LX_HOOK_TO_ROLE, "in/1000"), refused = dropped(9999);
    unsigned program = program_id();
    struct traffic traffic = {0};
    pthread_t sender;

    cr_assert_eq(pthread_create(&sender, NULL, keep_sending, &traffic), 0);
    let_pass(&traffic);
    must_change(made, 0, capacity);
    let_pass(&traffic);
    traffic.stop = true;
    pthread_join(sender, NULL);
    cr_expect_eq(traffic.arrived, traffic.sent, "%u frames were lost", traffic.sent - traffic.arrived);
    cr_expect_eq(traffic.wrong, 0);
    /* While a dispatcher runs both, both count what passes. */
    if (replaces && dispatched())
        cr_expect_geq(row_count(LX_HOOK_TO_ROLE, "in/1000"), before + traffic.sent);
    else
        cr_expect_eq(row_count(LX_HOOK_TO_ROLE, "in/1000"), before + traffic.sent);
    cr_expect_eq(dropped(9999), refused + traffic.sent);
    cr_expect_eq(program_id() != program, replaces);
}

static void expect_no_successor(void)
{
    struct lx_attachment attachment = opened();
    char next[LX_PINS_PATH];

    cr_expect_eq(lx_attachment_state(&attachment), LX_STATE_FILTERING);
    cr_expect_eq(lx_pins_look(lx_pins_next(attachment.directory, next)), -ENOENT, "%s is left", next);
    lx_attachment_close(&attachment);
}

Test(update, a_switch_loses_and_misjudges_nothing)
{
    attach(PORTS(1000, 2000), 0);
    change_under_traffic(PORTS(1000, 3000), 0, false);
}

Test(update, an_image_that_outgrows_its_room_gets_a_larger_one_while_packets_pass)
{
    struct lx_attachment attachment;

    attach(PORTS(1000, 2000), 0);
    change_under_traffic(PORTS(1000, 3000), 4 * LX_IMAGE_MIN_CAPACITY, true);
    expect_no_successor();
    attachment = opened();
    cr_expect_eq(attachment.metadata.image_capacity, 4 * LX_IMAGE_MIN_CAPACITY);
    cr_expect_eq(attachment.metadata.program_id, program_id());
    lx_attachment_close(&attachment);
    cr_expect_eq(generation(), 2);
    cr_expect(passes(3000));
    cr_expect(!passes(2000));
    cr_assert_eq(decide(lx_update_rollback), 0, "the way back leads over the replacement: %s", failure.text);
    cr_expect(passes(2000));
    cr_expect_eq(lx_detach(&outer0, &failure), 0, "%s", failure.text);
    cr_expect_neq(access("/sys/fs/bpf/lyncxdp", F_OK), 0, "pins are left");
}

Test(update, a_smaller_image_fits_where_a_larger_one_was)
{
    attach(PORTS(1000), 0);
    must_change(PORTS(1000, 2000), 0, 4 * LX_IMAGE_MIN_CAPACITY);
    change_under_traffic(PORTS(1000, 3000), 0, false);
    cr_expect(passes(3000));
}

Test(update, flows_go_on_when_programs_take_each_others_place)
{
    attach(with_dns(true), 0);
    send_out(41000, 53, 1);
    must_change(with_dns(true), 0, 4 * LX_IMAGE_MIN_CAPACITY);
    expect_no_successor();
    send_reply();
    cr_expect_eq(replies(), 1);
    send_out(41001, 53, 1);
    cr_expect_eq(row_count(LX_HOOK_FROM_ROLE, "out/53"), 2);
}

Test(update, what_the_role_sent_by_its_own_ports_goes_on_when_programs_take_each_others_place)
{
    struct lx_counters *counters;

    attach(PORTS(1000), 0);
    must_change(ports_in(LX_EGRESS_TRACK, (const uint16_t[]){1000, 0}), 0, 0);
    send_out(50010, 31337, 2);
    send_out(50010, 31338, 1);
    must_change(ports_in(LX_EGRESS_TRACK, (const uint16_t[]){1000, 0}), 0, 4 * LX_IMAGE_MIN_CAPACITY);
    expect_no_successor();
    send_out(50010, 31337, 4);
    send_out(50011, 50010, 8);
    counters = counters_of(LX_HOOK_FROM_ROLE);
    cr_expect_eq(counters->own_would_drop[LX_UDP][50010], 7);
    cr_expect_eq(counters->own_would_drop[LX_UDP][50011], 8);
    free(counters);
}

Test(update, the_other_hook_comes_and_goes_with_an_update)
{
    struct lx_attachment attachment;
    struct lx_filter filter;

    attach(PORTS(1000), 0);
    cr_expect_eq(lx_filter_by_name(outer0.index, &filter), -ENOENT);
    change_under_traffic(ports_in(LX_EGRESS_TRACK, (const uint16_t[]){1000, 0}), 0, true);
    cr_expect_eq(lx_filter_by_name(outer0.index, &filter), 0);
    expect_no_successor();
    send_out(41000, 53, 1);
    send_reply();
    cr_expect_eq(dropped(41000), 0, "a conversation that the role began is answered");
    must_change(PORTS(1000), 0, 0);
    attachment = opened();
    cr_expect(!lx_attachment_has_hook(&attachment, LX_HOOK_FROM_ROLE));
    lx_attachment_close(&attachment);
    cr_expect(!passes(41000));
    change_under_traffic(with_dns(true), 0, false);
    send_out(41000, 53, 1);
    cr_expect_eq(lx_detach(&outer0, &failure), 0, "%s", failure.text);
    cr_expect_eq(lx_clsact_look(outer0.index), -ENOENT, "the qdisc goes with what needed it");
}

Test(update, programs_of_another_version_are_replaced_where_they_stand)
{
    struct lx_attachment attachment;
    struct lx_metadata metadata;
    struct lx_maps maps;

    attach(PORTS(1000, 2000), 0);
    attachment = opened();
    cr_assert_eq(lx_maps_open(attachment.directory, true, &maps), 0);
    metadata = attachment.metadata;
    metadata.program_version = LX_PROGRAM_VERSION - 1;
    cr_assert_eq(lx_publish_metadata(maps.fds[LX_MAP_METADATA], &metadata, &failure), 0);
    lx_maps_close(&maps);
    lx_attachment_close(&attachment);
    change_under_traffic(PORTS(1000, 3000), 0, true);
    attachment = opened();
    cr_expect_eq(attachment.metadata.program_version, LX_PROGRAM_VERSION);
    lx_attachment_close(&attachment);
}

Test(update, nothing_is_changed_where_nothing_filters)
{
    struct lx_running running;

    cr_assert_eq(lx_interface_find("outer0", &outer0, &failure), 0);
    cr_expect_eq(change(PORTS(1000), 0, 0), -ENOENT);
    cr_expect_not_null(strstr(failure.text, "attach first"), "%s", failure.text);
    attach(PORTS(1000), 0);
    cr_assert_eq(lx_running_by_name(outer0.index, &running), 0);
    cr_assert_eq(lx_running_stop(outer0.index, &running, &failure), 0, "%s", failure.text);
    cr_expect_eq(change(PORTS(2000), 0, 0), -ENOENT);
    cr_expect_not_null(strstr(failure.text, "not filtered"), "%s", failure.text);
}

/* As if a candidate were loaded there. */
static void name_shadow(uint8_t slot)
{
    struct lx_attachment attachment = opened();
    struct lx_maps maps;

    cr_assert_eq(lx_maps_open(attachment.directory, true, &maps), 0);
    cr_assert_eq(lx_publish_control(maps.fds[LX_MAP_CONTROL],
                                    lx_control_word(lx_control_active(attachment.control),
                                                    lx_control_fallback(attachment.control), slot, 0),
                                    &failure),
                 0);
    lx_maps_close(&maps);
    lx_attachment_close(&attachment);
}

static uint8_t in_force(void)
{
    struct lx_attachment attachment = opened();
    uint8_t slot = lx_control_active(attachment.control);

    lx_attachment_close(&attachment);
    return slot;
}

Test(update, no_change_of_the_policy_touches_the_shadow)
{
    struct lx_attachment attachment;

    attach(PORTS(1000), 0);
    must_change(PORTS(2000), 0, 0);
    name_shadow(3);
    for (int i = 0; i < 5; i++)
        must_change(PORTS(3000), i == 4 ? 600 : 0, 0);
    cr_assert_eq(decide(lx_update_confirm), 0);
    attachment = opened();
    cr_expect_eq(lx_control_shadow(attachment.control), 3);
    lx_attachment_close(&attachment);
}

Test(update, a_rollback_discards_the_shadow_before_it_touches_the_policy)
{
    uint8_t active;

    attach(PORTS(1000), 0);
    must_change(PORTS(2000), 0, 0);
    name_shadow(3);
    active = in_force();
    cr_assert_eq(decide(lx_update_rollback), 0);
    cr_expect_eq(in_force(), active);
    cr_assert_eq(decide(lx_update_rollback), 0);
    cr_expect_neq(in_force(), active);
}
