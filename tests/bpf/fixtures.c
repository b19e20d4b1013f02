/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixtures in the kernel: every frame is put to the hook's dry run in a test run, which says reason and row, and
 * then sent over a real interface, whose counters must grow by exactly that. Cases are told apart by their file and
 * line.
 */
#include "tests/bpf/world.h"

#include <bpf/bpf.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "tests/fixtures/fixtures.h"
#include "user/core/explain/probe.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/attachment.h"
#include "user/kernel/attachment/detach.h"
#include "user/kernel/attachment/publish.h"
#include "user/kernel/read/ask.h"
#include "user/kernel/read/counters.h"

/* Neither a test run nor a packet socket takes less than an Ethernet header. */
#define SHORTEST_FRAME 14
/* The policies to attach with: their images have as much room as any of the others needs. */
#define FIRST_POLICY "enforce"
#define FIRST_BEHIND "behind"

TestSuite(fixtures, .init = enter_world, .timeout = 240);

static struct lx_failure failure;
static struct lx_attachment attachment;
static struct fixture_policy policy;
static char policy_name[FIXTURE_NAME];
static uint32_t generation = 1;
static bool attached_behind;
static int wires[LX_HOOK_COUNT];
static struct lx_maps maps;                        /* to be written to */
static struct lx_counters *counted[LX_HOOK_COUNT]; /* so far */
static struct lx_cpu_counters before;              /* the same before the last frame, without ports */

/* Reads a hook's counters anew: only what has grown. */
static void count(enum lx_hook hook)
{
    cr_assert_eq(lx_attachment_counters_again(&attachment, hook, counted[hook], &failure), 0, "%s", failure.text);
}

/* `behind`: the role is at the far end of the wire. */
static void attach(bool behind)
{
    static const char *const ends[] = {"wire0", "outer0"}; /* the world's end, and the role's */
    const struct lx_attach_choices choices = {.behind = behind};
    const char *first = behind ? FIRST_BEHIND : FIRST_POLICY;
    struct lx_interface interface;
    struct lx_metadata metadata;

    cr_assert(fixture_policy_read(first, &policy));
    strcpy(policy_name, first);
    cr_assert_eq(lx_interface_find("outer0", &interface, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_attach(&interface, &policy.policy, &policy.compiled, &choices, &metadata, &failure), 0, "%s",
                 failure.text);
    cr_assert_eq(lx_attachment_open(&interface, &attachment, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_maps_open(attachment.directory, true, &maps), 0);
    for (int hook = 0; hook < LX_HOOK_COUNT; hook++) {
        struct sockaddr_ll end = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(ends[hook ^ behind])};

        wires[hook] = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
        cr_assert_geq(wires[hook], 0);
        cr_assert_eq(bind(wires[hook], (struct sockaddr *)&end, sizeof(end)), 0);
        counted[hook] = calloc(1, sizeof(**counted));
        cr_assert_not_null(counted[hook]);
        count((enum lx_hook)hook);
    }
}

static void detach(void)
{
    struct lx_interface interface;

    for (int hook = 0; hook < LX_HOOK_COUNT; hook++) {
        free(counted[hook]);
        close(wires[hook]);
    }
    lx_maps_close(&maps);
    fixture_policy_free(&policy);
    lx_attachment_close(&attachment);
    cr_assert_eq(lx_interface_find("outer0", &interface, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_detach(&interface, &failure), 0, "%s", failure.text);
}

/* Puts a policy in force the way that an update does: into another slot, then the control word. */
static void put_in_force(const char *name)
{
    struct lx_publishing candidate = {.policy = &policy.policy,
                                      .compiled = &policy.compiled,
                                      .slot = ++generation % LX_IMAGE_SLOTS,
                                      .generation = generation};
    uint64_t word = lx_control_word((uint8_t)candidate.slot, 0, LX_NO_SHADOW, 0);

    if (!strcmp(name, policy_name))
        return;
    fixture_policy_free(&policy);
    cr_assert(fixture_policy_read(name, &policy));
    maps.shape.behind = policy.behind; /* programs are the same to all policies that are not about claims */
    cr_assert_leq(policy.compiled.capacity, attachment.metadata.image_capacity, "attach with %s instead", name);
    cr_assert_eq(lx_publish(&maps, &candidate, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_publish_control(maps.fds[LX_MAP_CONTROL], word, &failure), 0, "%s", failure.text);
    strcpy(policy_name, name);
}

/* A case has no past. */
static void forget(int map)
{
    uint8_t key[64];

    while (!bpf_map_get_next_key(map, NULL, key))
        cr_assert_eq(bpf_map_delete_elem(map, key), 0);
}

static uint64_t packets_in(const struct lx_counter *reasons, const struct lx_counter *would_drop_reasons)
{
    uint64_t packets = 0;

    for (int i = 0; i < LX_REASON_CAPACITY; i++)
        packets += reasons[i].packets + would_drop_reasons[i].packets;
    return packets;
}

static uint64_t new_packets(enum lx_hook hook)
{
    return packets_in(counted[hook]->reasons, counted[hook]->would_drop_reasons) -
           packets_in(before.reasons, before.would_drop_reasons);
}

/* Sends the frame to its hook and waits until it is counted. What is dropped at egress is not sent. */
static void send_frame(const struct fixture_frame *frame)
{
    ssize_t sent;

    memcpy(&before, counted[frame->hook], offsetof(struct lx_counters, port_pages));
    sent = send(wires[frame->hook], frame->bytes, frame->length, 0);
    cr_assert(sent == (ssize_t)frame->length || (sent < 0 && errno == ENOBUFS), "%s", strerror(errno));
    count(frame->hook);
    for (int wait = 0; wait < 400 && !new_packets(frame->hook); wait++) {
        usleep(2000);
        count(frame->hook);
    }
}

static bool is_one_more(const struct lx_counter *now, const struct lx_counter *then, size_t length)
{
    return now->packets == then->packets + 1 && now->bytes == then->bytes + length;
}

/* The counters must have grown by this one frame, where it belongs, and nowhere else. */
static bool counted_once(const struct fixture_frame *frame, uint32_t row)
{
    const struct lx_counters *after = counted[frame->hook];
    const struct lx_counter *now = frame->would ? after->would_drop_reasons : after->reasons;
    const struct lx_counter *then = frame->would ? before.would_drop_reasons : before.reasons;
    uint64_t rows = 0;

    for (int i = 0; i < LX_ROW_SLOTS; i++)
        rows += after->rows[i].packets - before.rows[i].packets;
    if (new_packets(frame->hook) != 1 || rows != (row != LX_NO_ROW))
        return false;
    return is_one_more(&now[frame->reason], &then[frame->reason], frame->length) &&
           (row == LX_NO_ROW || is_one_more(&after->rows[row], &before.rows[row], frame->length));
}

static const char *counted_as(enum lx_hook hook)
{
    const struct lx_counters *after = counted[hook];

    for (uint32_t i = 0; i < LX_REASON_CAPACITY; i++)
        if (after->reasons[i].packets != before.reasons[i].packets ||
            after->would_drop_reasons[i].packets != before.would_drop_reasons[i].packets)
            return lx_reason_name(i);
    return "nothing";
}

static void check_frame(const struct fixtures *fixtures, const struct fixture *fixture,
                        const struct fixture_frame *frame)
{
    struct lx_judgement answer;
    uint32_t row;
    bool found;

    row = fixture_row_slot(&policy.policy, frame->row, &found);
    cr_expect(found, "%s:%u: no row %s", fixtures->file, frame->line, frame->row);
    cr_assert_eq(lx_attachment_ask(&attachment, frame->hook, frame->bytes, frame->length, &answer, &failure), 0,
                 "%s:%u: %s: %s", fixtures->file, frame->line, fixture->description, failure.text);
    cr_expect(answer.reason == frame->reason && answer.row == row, "%s:%u: %s: a test run says %s, row %u",
              fixtures->file, frame->line, fixture->description, lx_reason_name(answer.reason), answer.row);
    send_frame(frame);
    cr_expect(counted_once(frame, row), "%s:%u: %s: on the interface it is counted as %s", fixtures->file, frame->line,
              fixture->description, counted_as(frame->hook));
}

/* Returns the number of frames that were judged. */
static size_t check_subject(const char *subject)
{
    struct fixtures fixtures;
    size_t frames = 0;

    cr_assert(fixtures_read(subject, &fixtures));
    for (size_t i = 0; i < fixtures.count; i++) {
        const struct fixture *fixture = &fixtures.items[i];

        /* What the role may not claim is nothing to the other placement's programs. */
        if (!attached_behind && !strncmp(fixture->policy, FIRST_BEHIND, strlen(FIRST_BEHIND)))
            continue;
        put_in_force(fixture->policy);
        forget(maps.fds[LX_MAP_FLOWS]);
        forget(maps.fds[LX_MAP_FRAGMENTS]);
        for (size_t j = 0; j < fixture->frame_count; j++) {
            if (fixture->frames[j].length < SHORTEST_FRAME)
                continue;
            check_frame(&fixtures, fixture, &fixture->frames[j]);
            frames++;
        }
    }
    fixtures_free(&fixtures);
    return frames;
}

/* Several subjects by one attachment: attaching takes an emulated machine longer than all their frames. */
static void check_subjects(bool behind, size_t least, const char *const *subjects, size_t count)
{
    size_t frames = 0;

    attached_behind = behind;
    attach(behind);
    for (size_t i = 0; i < count; i++)
        frames += check_subject(subjects[i]);
    detach();
    cr_expect_geq(frames, least, "%zu frames", frames);
}

/* By the programs of a host, and by those of an interface behind which the role is. */
#define SUBJECTS_TEST(name, least, ...)                                                                                \
    Test(fixtures, name)                                                                                               \
    {                                                                                                                  \
        static const char *const subjects[] = {__VA_ARGS__};                                                           \
        check_subjects(false, least, subjects, sizeof(subjects) / sizeof(*subjects));                                  \
    }                                                                                                                  \
    Test(fixtures, name##_behind)                                                                                      \
    {                                                                                                                  \
        static const char *const subjects[] = {__VA_ARGS__};                                                           \
        check_subjects(true, least, subjects, sizeof(subjects) / sizeof(*subjects));                                   \
    }

SUBJECTS_TEST(of_the_link, 270, "arp", "bypass", "ethernet", "groups", "link_control", "trunk", "tunnels", "vlan")
SUBJECTS_TEST(of_the_network, 190, "extension_headers", "fragments", "ipv4", "ipv6", "martians")
SUBJECTS_TEST(of_control, 170, "dhcp", "icmp", "mld", "neighbour_discovery", "switches")
SUBJECTS_TEST(of_conversations, 160, "flows", "rows", "spoofing", "tcp", "udp")
SUBJECTS_TEST(without_ports, 80, "portless")

Test(fixtures, of_claims)
{
    static const char *const subjects[] = {"behind"};

    check_subjects(true, 60, subjects, 1);
}
