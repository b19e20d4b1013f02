/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inline pairs on real interfaces: wire0 - outer0 | inner0 - role0, all in one namespace, with the kernel's bridge,
 * with nothing, or with the pair's own forwarding between the two in the middle. The world's frames come in by wire0,
 * the role's by role0, and the box's own leave by outer0.
 */
#include "tests/bpf/world.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "user/core/explain/probe.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/attachment.h"
#include "user/kernel/attachment/detach.h"
#include "user/kernel/attachment/pair.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/running.h"
#include "user/kernel/link/translation.h"
#include "user/kernel/read/ask.h"
#include "user/kernel/read/counters.h"

#define ROLE "131.107.155.30"
#define REMOTE "198.51.100.7"
#define BOX "131.107.155.1"

static struct lx_failure failure;

static void enter(void)
{
    enter_world();
    run("ip link add inner0 type veth peer name role0 && ip link set inner0 up && ip link set role0 up && "
        "for i in wire0 role0 outer0 inner0; do ethtool -K $i gro on; done >/dev/null"); /* gives veth its NAPI */
}

TestSuite(inline, .init = enter, .timeout = 120);

/* --- The policy: a row in, a row out, and an address behind the role --- */

enum slot { STUN = 5, DNS = 7 };

static struct lx_prefix_set any_address = {.any = true};
static struct lx_prefix behind = {.length = 128};
static struct lx_prefix_set behind_the_role = {.items = &behind, .count = 1};
static struct lx_row stun = {.id = (char *)"test/stun",
                             .to = {.kind = LX_ENDPOINT_SELF},
                             .destination_ports = {.count = 1, .ranges = {{3478, 3478}}},
                             .transports = LX_TRANSPORT_BIT(LX_UDP)};
static struct lx_row dns = {.id = (char *)"test/dns",
                            .from = {.kind = LX_ENDPOINT_SELF},
                            .destination_ports = {.count = 1, .ranges = {{53, 53}}},
                            .transports = LX_TRANSPORT_BIT(LX_UDP)};
static struct lx_rule rules[] = {{&stun, &any_address, &any_address, STUN}, {&dns, &any_address, &any_address, DNS}};
static char *role = (char *)"test";
static struct lx_policy policy = {
    .edition = (char *)"lync2010",
    .roles = {.items = &role, .count = 1},
    .rules = rules,
    .rule_count = 2,
    .protected = &behind_the_role,
    .egress = LX_EGRESS_ENFORCE,
    .built_ins = LX_BUILT_IN_ARP,
};

static struct lx_interface interface_named(const char *name)
{
    struct lx_interface interface;

    cr_assert_eq(lx_interface_find(name, &interface, &failure), 0, "%s", failure.text);
    return interface;
}

static struct lx_metadata attached;

static int attach_pair(const char *outer, const char *inner, bool forward, enum lx_mode_choice mode)
{
    struct lx_interface first = interface_named(outer), second = inner ? interface_named(inner) : first;
    const struct lx_attach_choices choices = {
        .mode = mode, .flows = 1024, .pair = inner ? &second : NULL, .forward = forward};
    struct lx_compiled compiled;
    int error;

    lx_address_parse(ROLE, &behind.address, NULL);
    cr_assert_eq(lx_compile(&policy, &compiled, NULL), 0);
    error = lx_attach(&first, &policy, &compiled, &choices, &attached, &failure);
    lx_compiled_free(&compiled);
    return error;
}

static void must_attach(bool forward)
{
    cr_assert_eq(attach_pair("outer0", "inner0", forward, LX_MODE_AUTO), 0, "%s", failure.text);
}

static int detach(const char *name)
{
    struct lx_interface interface = interface_named(name);

    return lx_detach(&interface, &failure);
}

static struct lx_attachment opened(const char *name)
{
    struct lx_interface interface = interface_named(name);
    struct lx_attachment attachment;

    cr_assert_eq(lx_attachment_open(&interface, &attachment, &failure), 0, "%s", failure.text);
    return attachment;
}

/* Both hooks' states, as `status` tells them of an interface's attachment. */
static void expect_states(const char *name, enum lx_state to_role, enum lx_state from_role)
{
    struct lx_attachment attachment = opened(name);

    cr_expect_eq(lx_attachment_hook_state(&attachment, LX_HOOK_TO_ROLE), to_role, "to-role");
    cr_expect_eq(lx_attachment_hook_state(&attachment, LX_HOOK_FROM_ROLE), from_role, "from-role");
    lx_attachment_close(&attachment);
}

static void expect_failure(int error, int expected, enum lx_exit code, const char *words)
{
    cr_expect_eq(error, -expected, "%d: %s", error, failure.text);
    cr_expect_eq(failure.exit, code);
    cr_expect_not_null(strstr(failure.text, words), "\"%s\" is not in: %s", words, failure.text);
}

static void expect_no_trace(const char *name)
{
    __u32 id = 0;

    bpf_xdp_query_id(if_nametoindex(name), 0, &id);
    cr_expect_eq(id, 0, "a program is still on %s", name);
    cr_expect_eq(lx_clsact_look(if_nametoindex(name)), -ENOENT, "%s still has a clsact qdisc", name);
    cr_expect_neq(access("/sys/fs/bpf/lyncxdp", F_OK), 0, "pins are left");
    cr_expect_neq(access("/run/lyncxdp", F_OK), 0, "a lock file is left");
}

/* --- Frames --- */

struct frame {
    uint8_t bytes[9100];
    size_t length;
};

static struct frame udp(const char *from, uint16_t source_port, const char *to, uint16_t port)
{
    struct lx_probe probe = {.transport = LX_UDP, .source_port = source_port, .destination_port = port};
    struct frame frame = {0};

    cr_assert_eq(lx_address_parse(from, &probe.source, NULL), 0);
    cr_assert_eq(lx_address_parse(to, &probe.destination, NULL), 0);
    frame.length = lx_probe_frame(&probe, frame.bytes);
    return frame;
}

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* The same datagram of another size, in bytes of the frame. */
static struct frame grown(struct frame frame, size_t length)
{
    put16(frame.bytes + 16, length - 14);
    put16(frame.bytes + 38, length - 34);
    frame.length = length;
    return frame;
}

/* The same frame with a VLAN tag in front of what it has. */
static struct frame tagged(struct frame frame, uint16_t ethertype, uint16_t vlan)
{
    memmove(frame.bytes + 16, frame.bytes + 12, frame.length - 12);
    put16(frame.bytes + 12, ethertype);
    put16(frame.bytes + 14, vlan);
    frame.length += 4;
    return frame;
}

static struct frame arp(void)
{
    static const uint8_t request[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,
                                      9,    8,    6,    0,    1,    8,    0, 6, 4, 0, 1};
    struct frame frame = {.length = 42};

    memcpy(frame.bytes, request, sizeof(request));
    return frame;
}

/* What a switch says to its neighbour, and to nobody beyond; or what Cisco's say. */
static struct frame link_control(const uint8_t group[6], uint16_t type, const char *inside, size_t size)
{
    struct frame frame = {.bytes = {[6] = 2, [11] = 9}, .length = 60};

    memcpy(frame.bytes, group, 6);
    put16(frame.bytes + 12, type);
    memcpy(frame.bytes + 14, inside, size);
    return frame;
}

static const uint8_t bridges[6] = {0x01, 0x80, 0xc2, 0, 0, 0}, nearest[6] = {0x01, 0x80, 0xc2, 0, 0, 0x0e},
                     cisco[6] = {0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc};

static int raw_socket(const char *name, int protocol)
{
    struct sockaddr_ll wire = {
        .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(name), .sll_protocol = LX_BE16(protocol)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    cr_assert_geq(fd, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&wire, sizeof(wire)), 0);
    return fd;
}

/* Receives a frame as it was on the wire: the kernel hands its first VLAN tag over apart. */
static bool receive(int wire, struct frame *frame)
{
    char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    struct iovec into = {.iov_base = frame->bytes, .iov_len = sizeof(frame->bytes) - 4};
    struct sockaddr_ll from = {0};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &into,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t length = recvmsg(wire, &message, 0);

    cr_assert_gt(length, 0);
    frame->length = (size_t)length;
    for (struct cmsghdr *each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
        struct tpacket_auxdata aside;

        memcpy(&aside, CMSG_DATA(each), sizeof(aside));
        if (each->cmsg_type == PACKET_AUXDATA && aside.tp_status & TP_STATUS_VLAN_VALID)
            *frame = tagged(*frame, aside.tp_vlan_tpid, aside.tp_vlan_tci);
    }
    return from.sll_pkttype != PACKET_OUTGOING;
}

/* Whether the frame that is next to come out of a wire within half a second is this one. */
static bool comes_out(int wire, const struct frame *expected)
{
    struct pollfd ready = {.fd = wire, .events = POLLIN};
    struct frame frame;

    while (poll(&ready, 1, 500) == 1)
        if (receive(wire, &frame))
            return frame.length == expected->length && !memcmp(frame.bytes, expected->bytes, frame.length);
    return false;
}

/* Hands a frame in at one wire and tells whether it, unchanged, comes out at the other. */
static bool crosses(const char *in, const char *out, const struct frame *frame)
{
    int from = raw_socket(in, 0), to = raw_socket(out, 0x0003 /* ETH_P_ALL */), yes = 1;
    bool crossed;

    cr_assert_eq(setsockopt(to, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof(yes)), 0);
    cr_assert_eq(send(from, frame->bytes, frame->length, 0), (ssize_t)frame->length, "%s", strerror(errno));
    crossed = comes_out(to, frame);
    close(from);
    close(to);
    return crossed;
}

static struct lx_counters *counters_of(enum lx_hook hook)
{
    struct lx_attachment attachment = opened("outer0");
    struct lx_counters *sum = malloc(sizeof(*sum));

    cr_assert_not_null(sum);
    cr_assert_eq(lx_attachment_counters(&attachment, hook, sum, &failure), 0, "%s", failure.text);
    lx_attachment_close(&attachment);
    return sum;
}

static uint64_t counted(enum lx_hook hook)
{
    struct lx_counters *sum = counters_of(hook);
    uint64_t packets = 0;

    for (int i = 0; i < LX_REASON_CAPACITY; i++)
        packets += sum->reasons[i].packets + sum->would_drop_reasons[i].packets;
    free(sum);
    return packets;
}

static uint64_t counted_as(enum lx_hook hook, enum lx_reason reason)
{
    struct lx_counters *sum = counters_of(hook);
    uint64_t packets = sum->reasons[reason].packets;

    free(sum);
    return packets;
}

/* Each of these is counted once, by that hook and no other, under that reason. */
static void expect_judged(const char *in, struct frame frame, enum lx_hook hook, enum lx_reason reason)
{
    enum lx_hook other = hook == LX_HOOK_TO_ROLE ? LX_HOOK_FROM_ROLE : LX_HOOK_TO_ROLE;
    uint64_t before = counted(hook), elsewhere = counted(other), of_reason = counted_as(hook, reason);
    int wire = raw_socket(in, 0);

    if (send(wire, frame.bytes, frame.length, 0) < 0)
        cr_assert_eq(errno, ENOBUFS, "%s", strerror(errno)); /* dropped at egress */
    close(wire);
    for (int wait = 0; wait < 400 && counted(hook) == before; wait++)
        usleep(2000);
    usleep(20000); /* for what else it may do */
    cr_expect_eq(counted(hook), before + 1, "%s counts once", lx_reason_name(reason));
    cr_expect_eq(counted(other), elsewhere, "%s is counted by one hook", lx_reason_name(reason));
    cr_expect_eq(counted_as(hook, reason), of_reason + 1, "not %s", lx_reason_name(reason));
}

static void bridge(void)
{
    run("ip link add bridge0 type bridge mcast_snooping 0 && ip link set bridge0 up && "
        "ip link set outer0 master bridge0 && ip link set inner0 master bridge0 && "
        "until bridge link | grep -c 'state forwarding' | grep -q 2; do sleep 0.05; done");
}

/* --- Promises --- */

Test(inline, a_pair_is_one_attachment_with_a_program_on_either_side)
{
    struct lx_attachment attachment;
    struct lx_running running;
    struct lx_filter filter;

    must_attach(false);
    cr_expect_eq(attached.pair_ifindex, if_nametoindex("inner0"));
    cr_expect_str_eq(attached.pair, "inner0");
    cr_expect_eq(attached.pair_mode, LX_MODE_NATIVE);
    cr_assert_eq(lx_running_by_name(if_nametoindex("inner0"), &running), 0);
    cr_expect_eq(running.id, attached.pair_program_id);
    cr_expect_eq(lx_filter_by_name(if_nametoindex("outer0"), &filter), 0, "the box's own packets leave by outer0");
    cr_expect_eq(lx_clsact_look(if_nametoindex("inner0")), -ENOENT);
    expect_states("outer0", LX_STATE_FILTERING, LX_STATE_FILTERING);
    attachment = opened("inner0"); /* either side leads to it */
    cr_expect_eq(attachment.metadata.ifindex, if_nametoindex("outer0"));
    lx_attachment_close(&attachment);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
    expect_no_trace("inner0");
}

Test(inline, a_pair_can_be_detached_by_its_inner_side)
{
    must_attach(false);
    cr_expect_eq(detach("inner0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
    expect_no_trace("inner0");
    cr_expect_eq(detach("inner0"), -ENOENT);
}

Test(inline, bridged_packets_are_counted_once_and_flows_are_shared)
{
    struct frame request = udp(ROLE, 40000, REMOTE, 53), reply = udp(REMOTE, 53, ROLE, 40000),
                 other = udp(REMOTE, 54, ROLE, 40000), stray = udp(ROLE, 40000, REMOTE, 123),
                 stranger = udp("192.0.2.9", 40000, REMOTE, 53);

    bridge();
    must_attach(false);
    expect_judged("wire0", reply, LX_HOOK_TO_ROLE, LX_REASON_NO_ROW); /* nobody has asked */
    expect_judged("role0", request, LX_HOOK_FROM_ROLE, LX_REASON_ROW);
    expect_judged("wire0", reply, LX_HOOK_TO_ROLE, LX_REASON_FLOW);
    expect_judged("wire0", other, LX_HOOK_TO_ROLE, LX_REASON_NO_ROW);
    expect_judged("role0", stray, LX_HOOK_FROM_ROLE, LX_REASON_NO_ROW);
    expect_judged("role0", stranger, LX_HOOK_FROM_ROLE, LX_REASON_SPOOFED);
    expect_judged("wire0", udp(REMOTE, 40000, ROLE, 3478), LX_HOOK_TO_ROLE, LX_REASON_ROW);
    expect_judged("role0", udp(ROLE, 3478, REMOTE, 40000), LX_HOOK_FROM_ROLE, LX_REASON_MIRROR);
    expect_judged("role0", arp(), LX_HOOK_FROM_ROLE, LX_REASON_ARP);
    cr_expect(crosses("role0", "wire0", &request));
    cr_expect(crosses("wire0", "role0", &reply));
    cr_expect_not(crosses("role0", "wire0", &stray));
    cr_expect_not(crosses("role0", "wire0", &stranger));
    cr_expect_not(crosses("wire0", "role0", &other));
}

Test(inline, the_box_itself_is_judged_at_the_outer_egress_without_being_behind_the_role)
{
    must_attach(false);
    expect_judged("outer0", udp(BOX, 40000, REMOTE, 53), LX_HOOK_FROM_ROLE, LX_REASON_ROW);
    expect_judged("wire0", udp(REMOTE, 53, BOX, 40000), LX_HOOK_TO_ROLE, LX_REASON_FLOW);
    expect_judged("outer0", udp(BOX, 40000, REMOTE, 123), LX_HOOK_FROM_ROLE, LX_REASON_NO_ROW);
    expect_judged("outer0", udp(BOX, 3478, REMOTE, 40000), LX_HOOK_FROM_ROLE, LX_REASON_MIRROR);
    expect_judged("role0", udp(BOX, 40000, REMOTE, 53), LX_HOOK_FROM_ROLE, LX_REASON_SPOOFED);
}

Test(inline, without_egress_the_inner_side_is_not_looked_at)
{
    struct lx_running running;
    struct lx_attachment attachment;

    policy.egress = LX_EGRESS_OFF;
    must_attach(false);
    cr_expect_eq(lx_running_by_name(if_nametoindex("inner0"), &running), -ENOENT);
    attachment = opened("outer0");
    cr_expect_eq(lx_attachment_state(&attachment), LX_STATE_FILTERING);
    cr_expect_not(lx_attachment_has_hook(&attachment, LX_HOOK_FROM_ROLE));
    lx_attachment_close(&attachment);
}

Test(inline, asking_about_what_the_role_sends_asks_the_inner_side)
{
    struct frame frame = udp("192.0.2.9", 40000, REMOTE, 53);
    struct lx_judgement answer;
    struct lx_attachment attachment;

    must_attach(false);
    attachment = opened("outer0");
    cr_assert_eq(lx_attachment_ask(&attachment, LX_HOOK_FROM_ROLE, frame.bytes, frame.length, &answer, &failure), 0,
                 "%s", failure.text);
    cr_expect_eq(answer.reason, LX_REASON_SPOOFED);
    frame = udp(ROLE, 40000, REMOTE, 53);
    cr_assert_eq(lx_attachment_ask(&attachment, LX_HOOK_FROM_ROLE, frame.bytes, frame.length, &answer, &failure), 0);
    cr_expect_eq(answer.row, DNS);
    cr_expect_eq(counted(LX_HOOK_FROM_ROLE), 0, "asking counts nothing");
    lx_attachment_close(&attachment);
}

/* --- Forwarding --- */

static void forwards(enum lx_mode_choice mode)
{
    struct frame request = udp(ROLE, 40000, REMOTE, 53), reply = udp(REMOTE, 53, ROLE, 40000), question = arp(),
                 inbound = udp(REMOTE, 40000, ROLE, 3478), closed = udp(REMOTE, 40000, ROLE, 3479),
                 stray = udp(ROLE, 40000, REMOTE, 123);
    struct lx_filter filter;

    cr_assert_eq(attach_pair("outer0", "inner0", true, mode), 0, "%s", failure.text);
    cr_expect_neq(lx_filter_by_name(if_nametoindex("outer0"), &filter), 0, "nothing of the box's leaves by outer0");
    cr_expect(crosses("wire0", "role0", &question));
    cr_expect(crosses("role0", "wire0", &question));
    cr_expect(crosses("wire0", "role0", &inbound));
    cr_expect_not(crosses("wire0", "role0", &closed));
    cr_expect_not(crosses("wire0", "role0", &reply));
    cr_expect(crosses("role0", "wire0", &request));
    cr_expect(crosses("wire0", "role0", &reply));
    cr_expect_not(crosses("role0", "wire0", &stray));
    cr_expect_eq(counted(LX_HOOK_TO_ROLE), 5);
    cr_expect_eq(counted(LX_HOOK_FROM_ROLE), 3);
}

Test(inline, a_pair_forwards_by_itself_natively)
{
    forwards(LX_MODE_ONLY_NATIVE);
}

Test(inline, a_pair_forwards_by_itself_in_generic_mode)
{
    forwards(LX_MODE_ONLY_GENERIC);
}

Test(inline, vlan_tags_cross_a_forwarding_pair_as_they_came)
{
    struct frame inbound = udp(REMOTE, 40000, ROLE, 3478), closed = udp(REMOTE, 40000, ROLE, 3479), frame;

    /* A veth keeps a tag aside, where no program sees it, unless it is told not to. */
    run("for i in wire0 role0; do ethtool -K $i txvlan off tx-vlan-stag-hw-insert off; done >/dev/null");
    must_attach(true);
    frame = tagged(inbound, 0x8100, 100);
    cr_expect(crosses("wire0", "role0", &frame));
    frame = tagged(tagged(inbound, 0x8100, 100), 0x88a8, 200);
    cr_expect(crosses("wire0", "role0", &frame));
    frame = tagged(closed, 0x8100, 100);
    cr_expect_not(crosses("wire0", "role0", &frame));
    frame = tagged(udp(ROLE, 40000, REMOTE, 53), 0x8100, 100);
    cr_expect(crosses("role0", "wire0", &frame));
}

Test(inline, jumbo_frames_cross_a_forwarding_pair)
{
    struct frame large = grown(udp(REMOTE, 40000, ROLE, 3478), 9014);

    run("for i in wire0 outer0 inner0 role0; do ip link set $i mtu 9000; done");
    must_attach(true);
    cr_expect(crosses("wire0", "role0", &large));
    large = grown(udp(ROLE, 40000, REMOTE, 53), 9014);
    cr_expect(crosses("role0", "wire0", &large));
}

Test(inline, sides_of_different_mtu_do_not_forward)
{
    run("ip link set inner0 mtu 9000 && ip link set role0 mtu 9000");
    expect_failure(attach_pair("outer0", "inner0", true, LX_MODE_AUTO), EMSGSIZE, LX_EXIT_FAILED,
                   "ip link set dev outer0 mtu 9000");
    expect_no_trace("outer0");
    must_attach(false);
}

Test(inline, forwarding_falls_back_to_generic_mode_on_both_sides_together)
{
    run("ip link set lo up mtu 1500");
    cr_assert_eq(attach_pair("lo", "inner0", true, LX_MODE_AUTO), 0, "%s", failure.text);
    cr_expect_eq(attached.mode, LX_MODE_GENERIC);
    cr_expect_eq(attached.pair_mode, LX_MODE_GENERIC);
}

/* --- What forwarding changes on the interfaces --- */

#define SETTINGS                                                                                                       \
    "for i in outer0 inner0; do ip -d -o link show $i | grep -o '<.*>'; ethtool -k $i | grep -E "                      \
    "'rx-vlan-(off|stag)'; done"

Test(inline, what_forwarding_changes_is_set_back_and_nothing_else)
{
    run("ip link set inner0 promisc on && ethtool -K inner0 rx-vlan-stag-hw-parse off"); /* as somebody likes it */
    run(SETTINGS " >/tmp/inline-settings.$PPID");
    must_attach(true);
    run("ip link show outer0 | grep -q PROMISC && ip link show inner0 | grep -q PROMISC");
    run("for i in outer0 inner0; do ethtool -k $i | grep -q 'rx-vlan-offload: off' && "
        "ethtool -k $i | grep -q 'rx-vlan-stag-hw-parse: off' || exit; done");
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    run(SETTINGS " | diff /tmp/inline-settings.$PPID - && rm /tmp/inline-settings.$PPID");
    expect_no_trace("outer0");
    expect_no_trace("inner0");
}

Test(inline, without_forwarding_nothing_is_changed)
{
    must_attach(false);
    cr_expect_eq(attached.restore, 0);
    run("! ip link show outer0 | grep -q PROMISC && ethtool -k outer0 | grep -q 'rx-vlan-offload: on'");
}

Test(inline, an_attach_that_fails_at_its_last_step_sets_everything_back)
{
    run("ip link set lo up mtu 1500");
    cr_expect_lt(attach_pair("lo", "inner0", true, LX_MODE_ONLY_NATIVE), 0);
    cr_expect_not_null(strstr(failure.text, "native"), "%s", failure.text);
    expect_no_trace("lo");
    expect_no_trace("inner0");
    run("! ip link show inner0 | grep -q PROMISC && ethtool -k inner0 | grep -q 'rx-vlan-offload: on'");
}

/* What a command leaves that is killed before its last step. */
Test(inline, what_a_killed_attach_leaves_is_set_back_by_the_next)
{
    must_attach(true);
    run("ip link set dev outer0 xdpdrv off && rm /sys/fs/bpf/lyncxdp/*/to_role_xdp");
    expect_states("outer0", LX_STATE_NOT_RUNNING, LX_STATE_FILTERING);
    must_attach(false);
    run("! ip link show outer0 | grep -q PROMISC && ethtool -k inner0 | grep -q 'rx-vlan-offload: on'");
    expect_states("outer0", LX_STATE_FILTERING, LX_STATE_FILTERING);
    run("ip link set dev outer0 xdpdrv off");
    cr_expect_eq(attach_pair("outer0", NULL, false, LX_MODE_AUTO), 0, "%s", failure.text);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
    expect_no_trace("inner0");
}

/* --- What cannot be a pair --- */

Test(inline, one_interface_is_no_pair)
{
    expect_failure(attach_pair("outer0", "outer0", false, LX_MODE_AUTO), EINVAL, LX_EXIT_USAGE, "both sides");
}

Test(inline, the_inner_side_of_a_pair_takes_no_other_attachment)
{
    must_attach(false);
    expect_failure(attach_pair("inner0", NULL, false, LX_MODE_AUTO), EEXIST, LX_EXIT_BUSY,
                   "the inner side of the pair outer0 - inner0");
    expect_failure(attach_pair("wire0", "inner0", false, LX_MODE_AUTO), EEXIST, LX_EXIT_BUSY, "the inner side of");
    expect_failure(attach_pair("inner0", "wire0", false, LX_MODE_AUTO), EEXIST, LX_EXIT_BUSY, "the inner side of");
    expect_states("outer0", LX_STATE_FILTERING, LX_STATE_FILTERING);
}

Test(inline, an_interface_with_an_attachment_is_no_inner_side)
{
    cr_assert_eq(attach_pair("inner0", NULL, false, LX_MODE_AUTO), 0, "%s", failure.text);
    expect_failure(attach_pair("outer0", "inner0", false, LX_MODE_AUTO), EEXIST, LX_EXIT_BUSY, "inner0 already");
    expect_states("inner0", LX_STATE_FILTERING, LX_STATE_FILTERING);
}

Test(inline, a_command_at_work_on_the_inner_side_is_waited_for_and_then_named)
{
    struct lx_interface inner = interface_named("inner0");
    char path[64];
    int held;

    snprintf(path, sizeof(path), "/run/lyncxdp/%lu-%u.lock", (unsigned long)inner.netns, inner.index);
    cr_assert_eq(mkdir("/run/lyncxdp", 0755), 0);
    held = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    cr_assert_eq(flock(held, LOCK_EX), 0);
    expect_failure(attach_pair("outer0", "inner0", false, LX_MODE_AUTO), EWOULDBLOCK, LX_EXIT_BUSY, "another lyncxdp");
    close(held);
    must_attach(false);
}

/* --- What becomes of interfaces meanwhile --- */

Test(inline, a_side_that_lost_its_program_is_not_called_filtering)
{
    must_attach(false);
    run("ip link set dev inner0 xdpdrv off");
    expect_states("outer0", LX_STATE_FILTERING, LX_STATE_NOT_RUNNING);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    must_attach(false);
    run("tc filter del dev outer0 egress");
    expect_states("outer0", LX_STATE_FILTERING, LX_STATE_NOT_RUNNING);
}

Test(inline, when_the_inner_side_vanishes_nothing_passes_and_status_tells)
{
    struct frame inbound = udp(REMOTE, 40000, ROLE, 3478);

    must_attach(true);
    run("ip link del inner0");
    expect_states("outer0", LX_STATE_FILTERING, LX_STATE_NOT_RUNNING);
    expect_judged("wire0", inbound, LX_HOOK_TO_ROLE, LX_REASON_ROW); /* and goes nowhere */
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
    run("! ip link show outer0 | grep -q PROMISC");
}

Test(inline, when_the_outer_side_vanishes_the_inner_one_leads_to_what_is_left)
{
    must_attach(true);
    run("ip link del outer0");
    expect_states("inner0", LX_STATE_GONE, LX_STATE_GONE);
    cr_expect_eq(detach("inner0"), 0, "%s", failure.text);
    expect_no_trace("inner0");
    run("! ip link show inner0 | grep -q PROMISC && ethtool -k inner0 | grep -q 'rx-vlan-offload: on'");
}

Test(inline, a_side_that_is_down_is_still_filtered_and_forwards_again_when_it_is_up)
{
    struct frame inbound = udp(REMOTE, 40000, ROLE, 3478);

    must_attach(true);
    run("ip link set inner0 down");
    expect_states("outer0", LX_STATE_FILTERING, LX_STATE_FILTERING);
    run("ip link set inner0 up; ip link set outer0 down; ip link set outer0 up");
    expect_states("outer0", LX_STATE_FILTERING, LX_STATE_FILTERING);
    cr_expect(crosses("wire0", "role0", &inbound));
}

Test(inline, a_renamed_side_is_known_by_its_new_name)
{
    struct lx_attachment attachment;

    must_attach(true);
    run("for i in outer inner; do ip link set ${i}0 down; ip link set ${i}0 name ${i}9; ip link set ${i}9 up; done");
    attachment = opened("outer9");
    cr_expect_str_eq(attachment.metadata.interface, "outer9");
    cr_expect_str_eq(attachment.metadata.pair, "inner9");
    cr_expect_eq(lx_attachment_state(&attachment), LX_STATE_FILTERING);
    lx_attachment_close(&attachment);
    cr_expect_eq(detach("inner9"), 0, "%s", failure.text);
    expect_no_trace("outer9");
    run("! ip link show outer9 | grep -q PROMISC && ethtool -k inner9 | grep -q 'rx-vlan-offload: on'");
}

Test(inline, a_side_that_is_moved_away_is_not_called_filtering)
{
    must_attach(true);
    run("mkdir -p /run/netns && ip netns add elsewhere && ip link set inner0 netns elsewhere");
    expect_states("outer0", LX_STATE_FILTERING, LX_STATE_NOT_RUNNING);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

/* --- What a person is warned of --- */

Test(inline, translation_is_found_where_there_are_rules)
{
    cr_expect_not(lx_translation_found());
    run("nft add table ip t && nft 'add chain ip t filter { type filter hook input priority 0; }' && "
        "nft add rule ip t filter accept && nft 'add chain ip t p { type nat hook postrouting priority 100; }'");
    cr_expect_not(lx_translation_found(), "a chain without rules translates nothing");
    run("nft add rule ip t p masquerade");
    cr_expect(lx_translation_found());
    run("nft delete table ip t && nft add table ip6 t && "
        "nft 'add chain ip6 t p { type nat hook prerouting priority -100; }' && "
        "nft add rule ip6 t p tcp dport 443 dnat to 2001:db8::1");
    cr_expect(lx_translation_found());
}

Test(inline, translation_by_the_older_iptables_is_found)
{
    if (access("/usr/sbin/iptables-legacy", X_OK))
        cr_skip_test("iptables-legacy is not installed");
    run("iptables-legacy -t nat -L -n >/dev/null");
    cr_expect_not(lx_translation_found(), "an empty table translates nothing");
    run("iptables-legacy -t nat -A POSTROUTING -j MASQUERADE");
    cr_expect(lx_translation_found());
}

Test(inline, it_is_known_whether_the_kernel_carries_packets_across)
{
    struct lx_interface outer = interface_named("outer0"), inner = interface_named("inner0");

    cr_expect_not(lx_pair_carried(&outer, &inner));
    run("echo 1 >/proc/sys/net/ipv4/ip_forward");
    cr_expect(lx_pair_carried(&outer, &inner));
    run("echo 0 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
    cr_expect(lx_pair_carried(&outer, &inner));
    run("echo 0 >/proc/sys/net/ipv6/conf/all/forwarding");
    cr_expect_not(lx_pair_carried(&outer, &inner));
    bridge();
    cr_expect(lx_pair_carried(&outer, &inner));
}

/* --- The verifier --- */

Test(inline, a_pair_that_forwards_by_itself_carries_link_control_and_a_bridged_one_hands_it_up)
{
    struct frame bpdu = link_control(bridges, 38, "\x42\x42\x03", 3), lldp = link_control(nearest, 0x88cc, "\2\7", 2);
    struct frame discovery = link_control(cisco, 46, "\xaa\xaa\x03\0\0\x0c\x20\0", 8);

    policy.built_ins |= LX_BUILT_IN_L2_CONTROL;
    must_attach(true);
    cr_expect(crosses("wire0", "role0", &bpdu) && crosses("role0", "wire0", &bpdu), "spanning tree");
    cr_expect(crosses("wire0", "role0", &lldp) && crosses("role0", "wire0", &lldp), "LLDP");
    cr_expect(crosses("wire0", "role0", &discovery) && crosses("role0", "wire0", &discovery), "Cisco's discovery");
    cr_expect_eq(counted_as(LX_HOOK_TO_ROLE, LX_REASON_L2_CONTROL), 3);
    cr_expect_eq(counted_as(LX_HOOK_FROM_ROLE, LX_REASON_L2_CONTROL), 3);
    cr_assert_eq(detach("outer0"), 0, "%s", failure.text);
    bridge();
    must_attach(false);
    expect_judged("wire0", lldp, LX_HOOK_TO_ROLE, LX_REASON_L2_CONTROL);
    expect_judged("role0", bpdu, LX_HOOK_FROM_ROLE, LX_REASON_L2_CONTROL);
    expect_judged("wire0", discovery, LX_HOOK_TO_ROLE, LX_REASON_ETHERTYPE);
    cr_expect_not(crosses("wire0", "role0", &lldp), "bridges do not pass it on");
}

Test(inline, the_verifier_has_half_of_its_reach_left)
{
    static const char *const pins[] = {"to_role_xdp", "from_role_tc", "from_role_xdp"};
    struct lx_attachment attachment;

    must_attach(false);
    attachment = opened("outer0");
    for (size_t i = 0; i < sizeof(pins) / sizeof(*pins); i++) {
        struct bpf_prog_info info = {0};
        __u32 length = sizeof(info);
        char path[192];
        int program;

        snprintf(path, sizeof(path), "%s/%s", attachment.directory, pins[i]);
        program = bpf_obj_get(path);
        cr_assert_geq(program, 0, "%s", path);
        cr_assert_eq(bpf_obj_get_info_by_fd(program, &info, &length), 0);
        cr_expect_gt(info.verified_insns, 0);
        cr_expect_lt(info.verified_insns, 700000, "%s: %u instructions followed", pins[i], info.verified_insns);
        close(program);
    }
    lx_attachment_close(&attachment);
}
