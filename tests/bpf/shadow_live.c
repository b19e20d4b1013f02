/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A candidate beside the policy of a real interface, whichever way its programs are attached: packets that arrive and
 * packets that leave are compared, after the process that put the candidate there is gone.
 */
#include "tests/bpf/world.h"

#include <bpf/bpf.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "user/core/explain/probe.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/attachment.h"
#include "user/kernel/attachment/detach.h"
#include "user/kernel/attachment/publish.h"
#include "user/kernel/attachment/shadow.h"

TestSuite(shadow_live, .init = enter_world, .timeout = 120);

#define ROLE "131.107.155.30"
#define REMOTE "198.51.100.7"
enum { STUN = 5, SIP, DNS, NTP };

#define ROW(name, number, end)                                                                                         \
    {                                                                                                                  \
        .id = (char *)(name), .end = {.kind = LX_ENDPOINT_SELF},                                                       \
        .destination_ports = {.count = 1, .ranges = {{number, number}}}, .transports = LX_TRANSPORT_BIT(LX_UDP)        \
    }

static struct lx_prefix_set any_address = {.any = true}, nobody;
static struct lx_row rows[] = {
    ROW("test/stun", 3478, to),
    ROW("test/sip", 5061, to),
    ROW("test/dns", 53, from),
    ROW("test/ntp", 123, from),
};
static char *role = (char *)"test";
static struct lx_failure failure;
static struct lx_attachment attachment;

/* In force: STUN in, DNS out. The candidate: SIP in, NTP out. */
static struct lx_policy policy_of(struct lx_rule *rules)
{
    return (struct lx_policy){.edition = (char *)"lync2010",
                              .roles = {.items = &role, .count = 1},
                              .rules = rules,
                              .rule_count = 2,
                              .egress = LX_EGRESS_ENFORCE,
                              .protected = &nobody};
}

static struct lx_rule rules_in_force[] = {{&rows[0], &any_address, &any_address, STUN},
                                          {&rows[2], &any_address, &any_address, DNS}};
static struct lx_rule rules_of_candidate[] = {{&rows[1], &any_address, &any_address, SIP},
                                              {&rows[3], &any_address, &any_address, NTP}};

static void attach(enum lx_mode_choice mode)
{
    const struct lx_attach_choices choices = {.mode = mode};
    struct lx_policy policy = policy_of(rules_in_force);
    struct lx_interface interface;
    struct lx_metadata metadata;
    struct lx_compiled compiled;

    cr_assert_eq(lx_compile(&policy, &compiled, NULL), 0);
    cr_assert_eq(lx_interface_find("outer0", &interface, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_attach(&interface, &policy, &compiled, &choices, &metadata, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_attachment_open(&interface, &attachment, &failure), 0, "%s", failure.text);
    lx_compiled_free(&compiled);
}

/* Puts the candidate beside the policy, in a process that ends then. */
static void put_candidate(void)
{
    struct lx_policy policy = policy_of(rules_of_candidate);
    struct lx_publishing candidate = {.policy = &policy, .slot = 2, .generation = 2};
    struct lx_compiled compiled;
    struct lx_maps maps;
    int status = -1;
    pid_t child = fork();

    if (!child) {
        candidate.compiled = &compiled;
        if (lx_compile(&policy, &compiled, NULL) || lx_maps_open(attachment.directory, true, &maps) ||
            lx_shadow_prepare(&maps, attachment.directory, &failure) || lx_publish(&maps, &candidate, &failure) ||
            lx_publish_control(maps.fds[LX_MAP_CONTROL], lx_control_word(0, 0, 2, 0), &failure)) {
            fprintf(stderr, "%s\n", failure.text);
            _exit(1);
        }
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
}

/* Sends a datagram towards the hook. */
static void hand(enum lx_hook hook, uint16_t port, size_t extra)
{
    const char *name = hook == LX_HOOK_TO_ROLE ? "wire0" : "outer0";
    struct sockaddr_ll wire = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name)};
    struct lx_probe probe = {.transport = LX_UDP, .source_port = 40000, .destination_port = port};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    static uint8_t frame[LX_PROBE_FRAME + 9000];
    size_t length;

    cr_assert_geq(fd, 0);
    cr_assert_eq(lx_address_parse(hook == LX_HOOK_TO_ROLE ? REMOTE : ROLE, &probe.source, NULL), 0);
    cr_assert_eq(lx_address_parse(hook == LX_HOOK_TO_ROLE ? ROLE : REMOTE, &probe.destination, NULL), 0);
    length = lx_probe_frame(&probe, frame);
    frame[16] = (uint8_t)((length + extra - 14) >> 8); /* the lengths that IP and UDP claim */
    frame[17] = (uint8_t)(length + extra - 14);
    frame[38] = (uint8_t)((length + extra - 34) >> 8);
    frame[39] = (uint8_t)(length + extra - 34);
    if (sendto(fd, frame, length + extra, 0, (struct sockaddr *)&wire, sizeof(wire)) < 0)
        cr_assert_eq(errno, ENOBUFS, "%s", strerror(errno)); /* dropped at egress */
    close(fd);
}

static struct lx_shadow_counts counts_after(enum lx_hook hook, uint64_t packets)
{
    struct lx_shadow_counts counts = {0};

    for (int wait = 0; wait < 400; wait++) {
        cr_assert_eq(lx_shadow_read(&attachment, hook, &counts, &failure), 0, "%s", failure.text);
        if (counts.sum.packets >= packets)
            break;
        lx_shadow_counts_free(&counts);
        usleep(5000);
    }
    return counts;
}

static void expect_changed(const struct lx_shadow_counts *counts, struct lx_divergence wanted, uint64_t packets)
{
    for (size_t i = 0; i < counts->count; i++) {
        if (memcmp(&counts->changes[i].change, &wanted, sizeof(wanted)))
            continue;
        cr_expect_eq(counts->changes[i].counter.packets, packets);
        return;
    }
    cr_expect(false, "newly %s at port %u is not counted", wanted.newly ? "passed" : "dropped", wanted.port);
}

/* Two at what only the policy lists, three at what only the candidate lists, one at what neither does. */
static void hand_all(enum lx_hook hook, uint16_t listed, uint16_t candidate, size_t extra)
{
    for (int i = 0; i < 2; i++)
        hand(hook, listed, extra);
    for (int i = 0; i < 3; i++)
        hand(hook, candidate, extra);
    hand(hook, 3389, extra);
}

static void check_hook(enum lx_hook hook, uint16_t listed, uint16_t candidate, uint16_t row, uint16_t candidate_row)
{
    struct lx_shadow_counts counts = counts_after(hook, 6);

    cr_expect_eq(counts.sum.packets, 6);
    cr_expect_eq(counts.count, 2);
    cr_expect_eq(counts.sum.newly[LX_DROP].packets, 2);
    cr_expect_eq(counts.sum.newly[LX_PASS].packets, 3);
    expect_changed(&counts, (struct lx_divergence){LX_DROP, LX_REASON_NO_ROW, row, listed, LX_UDP, 0}, 2);
    expect_changed(&counts, (struct lx_divergence){LX_PASS, LX_REASON_ROW, candidate_row, candidate, LX_UDP, 0}, 3);
    lx_shadow_counts_free(&counts);
}

static void compare_live(enum lx_mode_choice mode, size_t extra)
{
    attach(mode);
    put_candidate();
    hand_all(LX_HOOK_TO_ROLE, 3478, 5061, extra);
    hand_all(LX_HOOK_FROM_ROLE, 53, 123, extra);
    check_hook(LX_HOOK_TO_ROLE, 3478, 5061, STUN, SIP);
    check_hook(LX_HOOK_FROM_ROLE, 53, 123, DNS, NTP);
}

Test(shadow_live, what_arrives_and_what_leaves_is_compared_natively)
{
    compare_live(LX_MODE_ONLY_NATIVE, 0);
}

Test(shadow_live, what_arrives_and_what_leaves_is_compared_in_generic_mode)
{
    compare_live(LX_MODE_ONLY_GENERIC, 0);
}

Test(shadow_live, jumbo_frames_are_compared)
{
    run("ip link set outer0 mtu 9000 && ip link set wire0 mtu 9000");
    compare_live(LX_MODE_ONLY_NATIVE, 8000);
}

Test(shadow_live, detaching_takes_the_shadow_along)
{
    struct lx_interface interface;

    attach(LX_MODE_AUTO);
    put_candidate();
    cr_assert_eq(lx_interface_find("outer0", &interface, &failure), 0, "%s", failure.text);
    cr_expect_eq(lx_detach(&interface, &failure), 0, "%s", failure.text);
    cr_expect_neq(access(attachment.directory, F_OK), 0);
}
