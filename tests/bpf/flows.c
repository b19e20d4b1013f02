/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conversations over a real interface with both hooks: what the role sends leaves by outer0, what the world sends comes
 * in by wire0, and the counters tell how each frame was judged. Time is not waited for: a flow is made older instead.
 */
#include "tests/bpf/world.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "user/core/explain/probe.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/attachment.h"
#include "user/kernel/attachment/pick_up.h"
#include "user/kernel/attachment/publish.h"
#include "user/kernel/read/counters.h"
#include "user/kernel/read/flows.h"

TestSuite(flows, .init = enter_world, .timeout = 120);

static struct lx_failure failure;

/* --- The policy: two rows in, two rows out --- */

enum slot { STUN = 5, SIP, DNS, HTTPS, RULE_COUNT = 4 };

#define ROW_IN(name, number, transport)                                                                                \
    {                                                                                                                  \
        .id = (char *)(name), .to = {.kind = LX_ENDPOINT_SELF},                                                        \
        .destination_ports = {.count = 1, .ranges = {{number, number}}}, .transports = LX_TRANSPORT_BIT(transport)     \
    }
#define ROW_OUT(name, number, transport)                                                                               \
    {                                                                                                                  \
        .id = (char *)(name), .from = {.kind = LX_ENDPOINT_SELF},                                                      \
        .destination_ports = {.count = 1, .ranges = {{number, number}}}, .transports = LX_TRANSPORT_BIT(transport)     \
    }

static struct lx_prefix_set any_address = {.any = true}, nobody;
static struct lx_row rows[RULE_COUNT] = {
    ROW_IN("test/stun", 3478, LX_UDP),
    ROW_IN("test/sip", 5061, LX_TCP),
    ROW_OUT("test/dns", 53, LX_UDP),
    ROW_OUT("test/https", 443, LX_TCP),
};
static struct lx_rule rules[RULE_COUNT] = {
    {&rows[0], &any_address, &any_address, STUN},
    {&rows[1], &any_address, &any_address, SIP},
    {&rows[2], &any_address, &any_address, DNS},
    {&rows[3], &any_address, &any_address, HTTPS},
};
static char *role = (char *)"test";
static struct lx_policy policy = {
    .edition = (char *)"lync2010",
    .roles = {.items = &role, .count = 1},
    .rules = rules,
    .rule_count = RULE_COUNT,
    .protected = &nobody,
    .built_ins = LX_BUILT_IN_ARP | LX_BUILT_IN_ICMP_ERROR,
};

static struct lx_attachment attachment;

static struct lx_compiled compiled_policy(void)
{
    struct lx_compiled compiled;

    cr_assert_eq(lx_compile(&policy, &compiled, NULL), 0);
    return compiled;
}

static void attach_with(enum lx_egress egress, uint32_t flows)
{
    const struct lx_attach_choices choices = {.flows = flows};
    struct lx_interface interface;
    struct lx_metadata metadata;
    struct lx_compiled compiled;

    policy.egress = egress;
    compiled = compiled_policy();
    cr_assert_eq(lx_interface_find("outer0", &interface, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_attach(&interface, &policy, &compiled, &choices, &metadata, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_attachment_open(&interface, &attachment, &failure), 0, "%s", failure.text);
    lx_compiled_free(&compiled);
}

/* Puts the policy, changed meanwhile, in force as the next generation. */
static void update_policy(void)
{
    struct lx_compiled compiled = compiled_policy();
    const struct lx_publishing candidate = {.policy = &policy, .compiled = &compiled, .slot = 1, .generation = 2};
    struct lx_maps maps;

    cr_assert_eq(lx_maps_open(attachment.directory, true, &maps), 0);
    cr_assert_eq(lx_publish(&maps, &candidate, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_publish_control(maps.fds[LX_MAP_CONTROL], lx_control_word(1, 0, LX_NO_SHADOW, 0), &failure), 0,
                 "%s", failure.text);
    lx_maps_close(&maps);
    lx_compiled_free(&compiled);
}

/* --- Frames --- */

#define ROLE "131.107.155.30"
#define REMOTE "198.51.100.7"

struct frame {
    uint8_t bytes[256];
    size_t length;
};

struct end {
    const char *address;
    uint16_t port;
};

static struct frame frame_of(enum lx_transport transport, struct end from, struct end to, uint8_t flags)
{
    struct lx_probe probe = {
        .transport = transport, .source_port = from.port, .destination_port = to.port, .tcp_flags = flags};
    struct frame frame;

    cr_assert_eq(lx_address_parse(from.address, &probe.source, NULL), 0);
    cr_assert_eq(lx_address_parse(to.address, &probe.destination, NULL), 0);
    frame.length = lx_probe_frame(&probe, frame.bytes);
    return frame;
}

static struct frame udp(struct end from, struct end to)
{
    return frame_of(LX_UDP, from, to, 0);
}

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = value >> 8;
    at[1] = value & 0xff;
}

/* What an ICMP message of a family begins with. The rest of an IP header is that of a UDP frame. */
static size_t begin_icmp(struct frame *frame, const char *from, const char *to, size_t size)
{
    bool ipv4 = !strchr(from, ':');
    uint8_t *ip = frame->bytes + 14;

    *frame = udp((struct end){from, 1}, (struct end){to, 1});
    ip[ipv4 ? 9 : 6] = ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    put16(ip + (ipv4 ? 2 : 4), (ipv4 ? 20 : 0) + size);
    frame->length = 14 + (ipv4 ? 20 : 40) + size;
    memset(ip + (ipv4 ? 20 : 40), 0, size);
    return 14 + (ipv4 ? 20 : 40);
}

static struct frame echo(bool request, const char *from, const char *to, uint16_t identifier)
{
    struct frame frame;
    size_t at = begin_icmp(&frame, from, to, 16);
    bool ipv4 = !strchr(from, ':');

    frame.bytes[at] = ipv4 ? (request ? 8 : 0) : (request ? 128 : 129);
    put16(frame.bytes + at + 4, identifier);
    return frame;
}

/* "Fragmentation needed" or "packet too big" about a frame, to whoever is to believe to have sent it. */
static struct frame too_big(const char *from, const char *to, const struct frame *about)
{
    struct frame frame;
    bool ipv4 = !strchr(from, ':');
    size_t quoted = (ipv4 ? 20 : 40) + 8, at = begin_icmp(&frame, from, to, 8 + quoted);

    frame.bytes[at] = ipv4 ? 3 : 2;
    frame.bytes[at + 1] = ipv4 ? 4 : 0;
    put16(frame.bytes + at + 6, 1280);
    memcpy(frame.bytes + at + 8, about->bytes + 14, quoted);
    return frame;
}

/* --- What becomes of them --- */

static int wires[LX_HOOK_COUNT] = {-1, -1};

/* Hands a frame to the hook: the world's arrive from the other end, the role's leave by the interface. */
static bool hand(enum lx_hook hook, const struct frame *frame)
{
    const char *name = hook == LX_HOOK_TO_ROLE ? "wire0" : "outer0";
    struct sockaddr_ll wire = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(name)};

    if (wires[hook] < 0)
        wires[hook] = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    cr_assert_geq(wires[hook], 0);
    if (sendto(wires[hook], frame->bytes, frame->length, 0, (struct sockaddr *)&wire, sizeof(wire)) ==
        (ssize_t)frame->length)
        return true;
    cr_assert_eq(errno, ENOBUFS, "%s", strerror(errno)); /* dropped at egress */
    return false;
}

static struct lx_counters *counters_of(enum lx_hook hook)
{
    struct lx_counters *sum = malloc(sizeof(*sum));

    cr_assert_not_null(sum);
    cr_assert_eq(lx_attachment_counters(&attachment, hook, sum, &failure), 0, "%s", failure.text);
    return sum;
}

static uint64_t packets_in(const struct lx_counters *counters)
{
    uint64_t packets = 0;

    for (int i = 0; i < LX_REASON_CAPACITY; i++)
        packets += counters->reasons[i].packets + counters->would_drop_reasons[i].packets;
    return packets;
}

/* The counters once `count` more packets were judged than before. */
static struct lx_counters *counters_after(enum lx_hook hook, const struct lx_counters *before, uint64_t count)
{
    struct lx_counters *after = counters_of(hook);

    for (int wait = 0; wait < 400 && packets_in(after) < packets_in(before) + count; wait++) {
        free(after);
        usleep(2000);
        after = counters_of(hook);
    }
    return after;
}

/* How a hook judged one frame: its reason, the row that was credited, and whether it only would have been dropped. */
struct seen {
    uint32_t reason, row;
    bool would, sent;
};

static struct seen judge(enum lx_hook hook, struct frame frame)
{
    struct lx_counters *before = counters_of(hook), *after;
    struct seen seen = {.reason = LX_REASON_COUNT, .row = LX_NO_ROW};

    seen.sent = hand(hook, &frame);
    after = counters_after(hook, before, 1);
    cr_assert_eq(packets_in(after), packets_in(before) + 1, "one frame is one packet");
    for (uint32_t i = 0; i < LX_REASON_CAPACITY; i++) {
        if (after->reasons[i].packets != before->reasons[i].packets)
            seen.reason = i;
        if (after->would_drop_reasons[i].packets == before->would_drop_reasons[i].packets)
            continue;
        seen.reason = i;
        seen.would = true;
    }
    for (uint32_t i = 0; i < LX_ROW_SLOTS; i++)
        if (after->rows[i].packets != before->rows[i].packets)
            seen.row = i;
    free(before);
    free(after);
    return seen;
}

#define expect_in(frame, expected, credited)                                                                           \
    do {                                                                                                               \
        struct seen in = judge(LX_HOOK_TO_ROLE, frame);                                                                \
        cr_expect_eq(in.reason, expected, "in: %s, not %s", lx_reason_name(in.reason), lx_reason_name(expected));      \
        cr_expect_eq(in.row, (uint32_t)(credited));                                                                    \
        cr_expect_not(in.would);                                                                                       \
    } while (0)

#define expect_out(frame, expected, credited, only_would)                                                              \
    do {                                                                                                               \
        struct seen out = judge(LX_HOOK_FROM_ROLE, frame);                                                             \
        cr_expect_eq(out.reason, expected, "out: %s, not %s", lx_reason_name(out.reason), lx_reason_name(expected));   \
        cr_expect_eq(out.row, (uint32_t)(credited));                                                                   \
        cr_expect_eq(out.would, only_would);                                                                           \
        cr_expect_eq(out.sent, out.would || lx_reason_verdict(out.reason) == LX_PASS);                                 \
    } while (0)

/* --- The flow table --- */

static size_t flow_count(void)
{
    struct lx_flow *flows;
    size_t count;

    cr_assert_eq(lx_attachment_flows(&attachment, &flows, &count, &failure), 0, "%s", failure.text);
    free(flows);
    return count;
}

static struct lx_flow only_flow(void)
{
    struct lx_flow *flows, flow;
    size_t count;

    cr_assert_eq(lx_attachment_flows(&attachment, &flows, &count, &failure), 0, "%s", failure.text);
    cr_assert_eq(count, 1);
    flow = flows[0];
    free(flows);
    return flow;
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * LX_SECOND + time.tv_nsec;
}

static int open_map(const char *name)
{
    char path[192];
    int map;

    snprintf(path, sizeof(path), "%s/%s", attachment.directory, name);
    map = bpf_obj_get(path);
    cr_assert_geq(map, 0);
    return map;
}

static __u64 key_of(const struct lx_flow *flow)
{
    const struct lx_packet_flow wanted = lx_flow_between(&flow->ends);
    static struct lx_flow_gate gate;
    const uint32_t first = 0;
    int map = open_map("flow_gate");

    cr_assert_eq(bpf_map_lookup_elem(map, &first, &gate), 0);
    close(map);
    cr_assert_neq(gate.key[0], 0);
    return lx_flow_key(&wanted, gate.key);
}

/* Makes a flow as if the role had been silent for so long. */
static void age(struct lx_flow flow, uint64_t silence)
{
    const __u64 key = key_of(&flow);
    int map = open_map("flows");

    flow.seen = now() - silence;
    cr_assert_eq(bpf_map_update_elem(map, &key, &flow, BPF_EXIST), 0);
    close(map);
}

/* --- Promises --- */

static void only_the_reply_passes(const char *mine, const char *theirs, const char *other)
{
    const struct end client = {mine, 40000}, server = {theirs, 53};
    struct lx_flow entry;

    attach_with(LX_EGRESS_ENFORCE, 0);
    expect_in(udp(server, client), LX_REASON_NO_ROW, LX_NO_ROW); /* nobody has asked */
    expect_out(udp(client, server), LX_REASON_ROW, DNS, false);
    expect_in(udp(server, client), LX_REASON_FLOW, DNS);
    expect_in(udp((struct end){theirs, 54}, client), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_in(udp((struct end){other, 53}, client), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_in(udp(server, (struct end){mine, 40001}), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_in(udp(server, (struct end){other, 40000}), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_in(frame_of(LX_TCP, server, client, LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW);
    entry = only_flow();
    cr_expect_eq(entry.row, DNS);
    cr_expect_eq(entry.state, LX_FLOW_DATAGRAMS);
    cr_expect_eq(entry.generation, 1);
    cr_expect_eq(entry.ends.role_port, 40000);
    cr_expect_eq(entry.ends.remote_port, 53);
    cr_expect_eq(entry.ends.transport, LX_UDP);
}

Test(flows, of_datagrams_only_the_reply_passes)
{
    only_the_reply_passes(ROLE, REMOTE, "198.51.100.8");
}

Test(flows, of_ipv6_datagrams_only_the_reply_passes)
{
    only_the_reply_passes("2001:db8:1::30", "2001:db8:2::7", "2001:db8:2::8");
}

Test(flows, of_a_tcp_connection_only_replies_pass_that_have_ack_or_rst)
{
    const struct end client = {ROLE, 40000}, server = {REMOTE, 443};

    attach_with(LX_EGRESS_ENFORCE, 0);
    expect_out(frame_of(LX_TCP, client, server, LX_TCP_SYN), LX_REASON_ROW, HTTPS, false);
    cr_expect_eq(only_flow().state, LX_FLOW_HALF_OPEN);
    expect_in(frame_of(LX_TCP, server, client, LX_TCP_SYN), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_in(frame_of(LX_TCP, server, client, LX_TCP_SYN | LX_TCP_ACK), LX_REASON_FLOW, HTTPS);
    expect_out(frame_of(LX_TCP, client, server, LX_TCP_ACK), LX_REASON_ROW, HTTPS, false);
    cr_expect_eq(only_flow().state, LX_FLOW_ESTABLISHED);
    expect_in(frame_of(LX_TCP, (struct end){REMOTE, 444}, client, LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_in(frame_of(LX_TCP, (struct end){"198.51.100.8", 443}, client, LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_out(frame_of(LX_TCP, client, server, LX_TCP_FIN | LX_TCP_ACK), LX_REASON_ROW, HTTPS, false);
    cr_expect_eq(only_flow().state, LX_FLOW_CLOSING);
    expect_in(frame_of(LX_TCP, server, client, LX_TCP_RST), LX_REASON_FLOW, HTTPS);
}

/* The egress hook goes in first so that this works: a connection from before, of which no SYN was seen. */
Test(flows, a_connection_that_already_runs_is_known_by_its_next_packet)
{
    const struct end client = {ROLE, 40000}, server = {REMOTE, 443};

    attach_with(LX_EGRESS_ENFORCE, 0);
    expect_out(frame_of(LX_TCP, client, server, LX_TCP_ACK), LX_REASON_ROW, HTTPS, false);
    cr_expect_eq(only_flow().state, LX_FLOW_ESTABLISHED);
    expect_in(frame_of(LX_TCP, server, client, LX_TCP_ACK), LX_REASON_FLOW, HTTPS);
}

/* Whoever answers has not begun: not with a SYN and ACK, and not with what follows it from the same port. */
Test(flows, what_the_role_answers_is_no_flow_of_its_own)
{
    const struct end server = {ROLE, 22}, caller = {REMOTE, 50000}, https = {REMOTE, 443};

    attach_with(LX_EGRESS_TRACK, 0);
    expect_out(frame_of(LX_TCP, server, caller, LX_TCP_SYN | LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW, true);
    expect_out(frame_of(LX_TCP, server, caller, LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW, true);
    expect_out(frame_of(LX_TCP, server, https, LX_TCP_SYN | LX_TCP_ACK), LX_REASON_ROW, HTTPS, false);
    expect_out(frame_of(LX_TCP, server, https, LX_TCP_RST), LX_REASON_ROW, HTTPS, false);
    cr_expect_eq(flow_count(), 0);
    expect_in(frame_of(LX_TCP, caller, server, LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_in(frame_of(LX_TCP, https, server, LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW);
}

/* Ends the time in which unlisted conversations are picked up; and what was, goes. */
static void forget_picked_up(void)
{
    struct lx_maps maps;

    cr_assert_eq(lx_maps_open(attachment.directory, true, &maps), 0);
    cr_assert_eq(lx_forget_picked_up(&maps, &failure), 0, "%s", failure.text);
    lx_maps_close(&maps);
}

Test(flows, what_no_row_lists_is_picked_up_only_for_a_time)
{
    const struct end client = {ROLE, 40000}, game = {REMOTE, 9999}, later = {ROLE, 40001}, https = {REMOTE, 443};

    attach_with(LX_EGRESS_TRACK, 0);
    expect_out(frame_of(LX_TCP, client, game, LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW, true);
    cr_expect_eq(only_flow().picked_up, 1);
    expect_in(frame_of(LX_TCP, game, client, LX_TCP_ACK), LX_REASON_REPLY_UNLISTED, LX_NO_ROW);
    forget_picked_up();
    cr_expect_eq(flow_count(), 0);
    expect_out(frame_of(LX_TCP, client, game, LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW, true);
    expect_in(frame_of(LX_TCP, game, client, LX_TCP_ACK), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_out(frame_of(LX_TCP, client, game, LX_TCP_SYN), LX_REASON_NO_ROW, LX_NO_ROW, true);
    cr_expect_eq(only_flow().picked_up, 0);
    expect_in(frame_of(LX_TCP, game, client, LX_TCP_SYN | LX_TCP_ACK), LX_REASON_REPLY_UNLISTED, LX_NO_ROW);
    expect_out(frame_of(LX_TCP, later, https, LX_TCP_ACK), LX_REASON_ROW, HTTPS, false);
    cr_expect_eq(flow_count(), 2);
    expect_in(frame_of(LX_TCP, https, later, LX_TCP_ACK), LX_REASON_FLOW, HTTPS);
}

/* A role that connects answers a forged SYN with ACK by a RST, and the connection comes up all the same. */
Test(flows, forged_answers_do_not_shorten_the_life_of_a_connection)
{
    const struct end client = {ROLE, 40000}, server = {REMOTE, 443};
    struct frame answer = frame_of(LX_TCP, server, client, LX_TCP_ACK);

    attach_with(LX_EGRESS_ENFORCE, 0);
    judge(LX_HOOK_FROM_ROLE, frame_of(LX_TCP, client, server, LX_TCP_SYN));
    judge(LX_HOOK_FROM_ROLE, frame_of(LX_TCP, client, server, LX_TCP_RST));
    judge(LX_HOOK_FROM_ROLE, frame_of(LX_TCP, client, server, LX_TCP_RST));
    cr_expect_eq(only_flow().state, LX_FLOW_RESET);
    judge(LX_HOOK_FROM_ROLE, frame_of(LX_TCP, client, server, LX_TCP_ACK));
    cr_expect_eq(only_flow().state, LX_FLOW_ESTABLISHED);
    age(only_flow(), 12 * LX_SECOND);
    expect_in(answer, LX_REASON_FLOW, HTTPS);
    judge(LX_HOOK_FROM_ROLE, frame_of(LX_TCP, client, server, LX_TCP_FIN | LX_TCP_ACK));
    judge(LX_HOOK_FROM_ROLE, frame_of(LX_TCP, client, server, LX_TCP_RST));
    judge(LX_HOOK_FROM_ROLE, frame_of(LX_TCP, client, server, LX_TCP_ACK));
    cr_expect_eq(only_flow().state, LX_FLOW_CLOSING);
    age(only_flow(), 12 * LX_SECOND);
    expect_in(answer, LX_REASON_NO_ROW, LX_NO_ROW);
}

Test(flows, of_an_echo_only_the_reply_passes)
{
    policy.built_ins |= LX_BUILT_IN_ECHO;
    attach_with(LX_EGRESS_ENFORCE, 0);
    expect_in(echo(false, REMOTE, ROLE, 77), LX_REASON_ICMP_TYPE, LX_NO_ROW);
    expect_out(echo(true, ROLE, REMOTE, 77), LX_REASON_ECHO, LX_NO_ROW, false);
    cr_expect_eq(only_flow().state, LX_FLOW_ECHO);
    expect_in(echo(false, REMOTE, ROLE, 77), LX_REASON_ECHO, LX_NO_ROW);
    expect_in(echo(false, REMOTE, ROLE, 78), LX_REASON_ICMP_TYPE, LX_NO_ROW);
    expect_in(echo(false, "198.51.100.8", ROLE, 77), LX_REASON_ICMP_TYPE, LX_NO_ROW);
}

Test(flows, an_echo_that_the_site_has_not_switched_on_is_tracked_as_unlisted)
{
    attach_with(LX_EGRESS_TRACK, 0);
    expect_out(echo(true, "2001:db8::1", "2001:db8::2", 77), LX_REASON_BUILT_IN_OFF, LX_NO_ROW, true);
    expect_in(echo(false, "2001:db8::2", "2001:db8::1", 77), LX_REASON_REPLY_UNLISTED, LX_NO_ROW);
    expect_in(echo(true, "2001:db8::2", "2001:db8::1", 77), LX_REASON_BUILT_IN_OFF, LX_NO_ROW);
}

Test(flows, what_the_world_begins_makes_none)
{
    const struct end caller = {REMOTE, 50000}, stun = {ROLE, 3478}, sip = {ROLE, 5061};

    attach_with(LX_EGRESS_TRACK, 0);
    expect_in(udp(caller, stun), LX_REASON_ROW, STUN);
    expect_out(udp(stun, caller), LX_REASON_MIRROR, STUN, false);
    expect_in(frame_of(LX_TCP, caller, sip, LX_TCP_SYN), LX_REASON_ROW, SIP);
    expect_out(frame_of(LX_TCP, sip, caller, LX_TCP_SYN | LX_TCP_ACK), LX_REASON_MIRROR, SIP, false);
    expect_out(frame_of(LX_TCP, sip, caller, LX_TCP_RST), LX_REASON_MIRROR, SIP, false);
    cr_expect_eq(flow_count(), 0);
    /* A SYN is no answer, whatever port it comes from. */
    expect_out(frame_of(LX_TCP, sip, caller, LX_TCP_SYN), LX_REASON_NO_ROW, LX_NO_ROW, true);
    cr_expect_eq(flow_count(), 1);
}

Test(flows, a_flood_from_outside_leaves_the_table_untouched)
{
    struct lx_counters *before, *after;

    attach_with(LX_EGRESS_TRACK, 0);
    before = counters_of(LX_HOOK_TO_ROLE);
    for (unsigned i = 0; i < 2000; i++) {
        struct frame frame = udp((struct end){REMOTE, 1024 + i}, (struct end){ROLE, i % 2 ? 3478 : 53});

        put16(frame.bytes + 26, 0x1400 + i);
        put16(frame.bytes + 28, i * 7919);
        hand(LX_HOOK_TO_ROLE, &frame);
        if (i % 64 == 63) /* no more than the ring holds */
            free(counters_after(LX_HOOK_TO_ROLE, before, i + 1));
    }
    after = counters_after(LX_HOOK_TO_ROLE, before, 2000);
    cr_expect_eq(after->rows[STUN].packets, 1000);
    cr_expect_eq(after->reasons[LX_REASON_NO_ROW].packets, 1000);
    cr_expect_eq(flow_count(), 0);
    free(before);
    free(after);
}

Test(flows, track_lets_out_and_counts_what_no_row_lists_and_lets_its_replies_in)
{
    const struct end client = {ROLE, 40000}, game = {REMOTE, 9999};
    struct lx_counters *counters;

    attach_with(LX_EGRESS_TRACK, 0);
    expect_out(udp(client, game), LX_REASON_NO_ROW, LX_NO_ROW, true);
    expect_out(frame_of(LX_TCP, client, game, LX_TCP_SYN), LX_REASON_NO_ROW, LX_NO_ROW, true);
    expect_in(udp(game, client), LX_REASON_REPLY_UNLISTED, LX_NO_ROW);
    expect_in(frame_of(LX_TCP, game, client, LX_TCP_SYN | LX_TCP_ACK), LX_REASON_REPLY_UNLISTED, LX_NO_ROW);
    expect_in(udp(game, (struct end){ROLE, 40001}), LX_REASON_NO_ROW, LX_NO_ROW);
    counters = counters_of(LX_HOOK_FROM_ROLE);
    cr_expect_eq(counters->would_drop[LX_UDP][9999], 1);
    cr_expect_eq(counters->would_drop[LX_TCP][9999], 1);
    cr_expect_eq(counters->dropped[LX_UDP][9999], 0);
    cr_expect_eq(counters->flows_created, 2);
    free(counters);
}

Test(flows, enforce_drops_what_no_row_lists)
{
    const struct end client = {ROLE, 40000}, game = {REMOTE, 9999};
    struct lx_counters *counters;

    attach_with(LX_EGRESS_ENFORCE, 0);
    expect_out(udp(client, game), LX_REASON_NO_ROW, LX_NO_ROW, false);
    expect_in(udp(game, client), LX_REASON_NO_ROW, LX_NO_ROW);
    cr_expect_eq(flow_count(), 0);
    counters = counters_of(LX_HOOK_FROM_ROLE);
    cr_expect_eq(counters->dropped[LX_UDP][9999], 1);
    cr_expect_eq(counters->would_drop[LX_UDP][9999], 0);
    free(counters);
}

Test(flows, off_lets_everything_out_and_no_reply_in)
{
    const struct end client = {ROLE, 40000}, server = {REMOTE, 53};
    struct frame request = udp(client, server);

    attach_with(LX_EGRESS_OFF, 0);
    cr_expect(hand(LX_HOOK_FROM_ROLE, &request));
    expect_in(udp(server, client), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_in(udp((struct end){REMOTE, 50000}, (struct end){ROLE, 3478}), LX_REASON_ROW, STUN);
}

/* Just before its time a flow still counts; after it neither replies nor readers know it; the role's packet revives. */
static void expires(struct frame request, struct frame reply, uint8_t state, uint64_t idle)
{
    struct lx_flow entry = only_flow();

    cr_assert_eq(entry.state, state);
    age(entry, idle - 5 * LX_SECOND);
    expect_in(reply, LX_REASON_FLOW, entry.row);
    age(entry, idle + LX_SECOND);
    cr_expect_eq(flow_count(), 0);
    expect_in(reply, LX_REASON_NO_ROW, LX_NO_ROW);
    expect_out(request, LX_REASON_ROW, entry.row, false);
    expect_in(reply, LX_REASON_FLOW, entry.row);
}

Test(flows, flows_expire_by_their_state)
{
    const struct end client = {ROLE, 40000}, dns = {REMOTE, 53}, https = {REMOTE, 443};
    struct frame reply = frame_of(LX_TCP, https, client, LX_TCP_SYN | LX_TCP_ACK);
    struct frame syn = frame_of(LX_TCP, client, https, LX_TCP_SYN), ack = frame_of(LX_TCP, client, https, LX_TCP_ACK);
    struct frame fin = frame_of(LX_TCP, client, https, LX_TCP_FIN | LX_TCP_ACK);

    attach_with(LX_EGRESS_ENFORCE, 0);
    judge(LX_HOOK_FROM_ROLE, syn);
    expires(syn, reply, LX_FLOW_HALF_OPEN, 60 * LX_SECOND);
    judge(LX_HOOK_FROM_ROLE, ack);
    expires(ack, reply, LX_FLOW_ESTABLISHED, (2 * 60 + 4) * 60 * LX_SECOND);
    judge(LX_HOOK_FROM_ROLE, fin);
    expires(fin, reply, LX_FLOW_CLOSING, 10 * LX_SECOND);
    age(only_flow(), 11 * LX_SECOND);
    judge(LX_HOOK_FROM_ROLE, udp(client, dns));
    expires(udp(client, dns), udp(dns, client), LX_FLOW_DATAGRAMS, 300 * LX_SECOND);
}

Test(flows, a_reply_keeps_no_flow_alive_and_the_role_does)
{
    const struct end client = {ROLE, 40000}, server = {REMOTE, 53};
    uint64_t silent;

    attach_with(LX_EGRESS_ENFORCE, 0);
    judge(LX_HOOK_FROM_ROLE, udp(client, server));
    age(only_flow(), 100 * LX_SECOND);
    silent = only_flow().seen;
    expect_in(udp(server, client), LX_REASON_FLOW, DNS);
    cr_expect_eq(only_flow().seen, silent);
    judge(LX_HOOK_FROM_ROLE, udp(client, server));
    cr_expect_gt(only_flow().seen, silent + 99 * LX_SECOND);
}

Test(flows, a_flow_whose_row_is_gone_is_not_honoured)
{
    const struct end client = {ROLE, 40000}, dns = {REMOTE, 53}, https = {REMOTE, 443};
    struct frame answer = frame_of(LX_TCP, https, client, LX_TCP_ACK);

    attach_with(LX_EGRESS_ENFORCE, 0);
    judge(LX_HOOK_FROM_ROLE, udp(client, dns));
    judge(LX_HOOK_FROM_ROLE, frame_of(LX_TCP, client, https, LX_TCP_SYN));
    rules[2] = rules[3]; /* https moves into the place of dns */
    rules[2].slot = 99;
    policy.rule_count--;
    update_policy();
    expect_in(udp(dns, client), LX_REASON_NO_ROW, LX_NO_ROW);
    expect_in(answer, LX_REASON_FLOW, 99);
}

Test(flows, under_track_a_flow_outlives_its_row)
{
    const struct end client = {ROLE, 40000}, dns = {REMOTE, 53};

    attach_with(LX_EGRESS_TRACK, 0);
    judge(LX_HOOK_FROM_ROLE, udp(client, dns));
    rules[2] = rules[3];
    policy.rule_count--;
    update_policy();
    expect_in(udp(dns, client), LX_REASON_REPLY_UNLISTED, LX_NO_ROW);
}

static void errors_are_judged_by_what_they_quote(const char *mine, const char *theirs, const char *router)
{
    const struct end stun = {mine, 3478}, caller = {theirs, 50000}, client = {mine, 40000}, game = {theirs, 9999};
    struct frame mirrored = udp(stun, caller),
                 outbound = frame_of(LX_TCP, client, (struct end){theirs, 443}, LX_TCP_ACK);
    struct frame tracked = udp(client, game), forged = udp((struct end){mine, 40001}, game);
    struct frame others = udp((struct end){router, 3478}, caller);

    attach_with(LX_EGRESS_TRACK, 0);
    expect_in(too_big(router, mine, &mirrored), LX_REASON_ICMP_ERROR, LX_NO_ROW);
    expect_in(too_big(router, mine, &outbound), LX_REASON_ICMP_ERROR, LX_NO_ROW);
    expect_in(too_big(router, mine, &tracked), LX_REASON_ICMP_ERROR_UNRELATED, LX_NO_ROW);
    judge(LX_HOOK_FROM_ROLE, tracked);
    expect_in(too_big(router, mine, &tracked), LX_REASON_ICMP_ERROR, LX_NO_ROW);
    expect_in(too_big(router, mine, &forged), LX_REASON_ICMP_ERROR_UNRELATED, LX_NO_ROW);
    expect_in(too_big(router, mine, &others), LX_REASON_ICMP_ERROR_UNRELATED, LX_NO_ROW); /* another's packet */
    cr_expect_eq(flow_count(), 1);
}

Test(flows, icmp_errors_are_judged_by_what_they_quote)
{
    errors_are_judged_by_what_they_quote(ROLE, REMOTE, "192.0.2.1");
}

Test(flows, icmpv6_errors_are_judged_by_what_they_quote)
{
    errors_are_judged_by_what_they_quote("2001:db8:1::30", "2001:db8:2::7", "2001:db8:3::1");
}

#define ROOM ((unsigned)LX_DEFAULT_FLOWS)

/* The flows of a role that speaks with one DNS server after the other, from half of all ports each time. */
static struct frame numbered(unsigned number)
{
    char server[16];

    snprintf(server, sizeof(server), "198.51.100.%u", number / 32768 + 1);
    return udp((struct end){ROLE, 32768 + number % 32768}, (struct end){server, 53});
}

Test(flows, filling_the_table_from_inside_evicts_the_old)
{
    unsigned tolerated = 256 * libbpf_num_possible_cpus(), lost = ROOM;
    struct lx_flow_numbers numbers;
    struct lx_flow *flows;
    struct lx_counters *counters;
    size_t count;

    attach_with(LX_EGRESS_ENFORCE, 0);
    cr_expect_eq(attachment.metadata.flow_capacity, ROOM);
    for (unsigned i = 0; i < 2 * ROOM; i++) {
        struct frame frame = numbered(i);

        cr_assert(hand(LX_HOOK_FROM_ROLE, &frame));
    }
    counters = counters_of(LX_HOOK_FROM_ROLE);
    cr_expect_eq(counters->flows_created, 2 * ROOM);
    cr_expect_eq(counters->rows[DNS].packets, 2 * ROOM);
    cr_assert_eq(lx_attachment_flows(&attachment, &flows, &count, &failure), 0, "%s", failure.text);
    cr_expect_leq(count, ROOM);
    cr_assert_eq(lx_attachment_flow_numbers(&attachment, &numbers, &failure), 0, "%s", failure.text);
    cr_expect_eq(numbers.live, count);
    cr_expect_eq(numbers.evicted, 2 * ROOM - count);
    for (size_t i = 0; i < count; i++)
        lost -= ((const uint8_t *)flows[i].ends.remote)[15] > ROOM / 32768; /* the servers of the younger half */
    cr_expect_leq(lost, tolerated, "%u of the younger half were lost", lost);
    free(flows);
    free(counters);
}

Test(flows, those_that_expire_are_neither_live_nor_evicted)
{
    const struct end server = {REMOTE, 53};
    struct lx_flow_numbers numbers;
    struct lx_flow *flows;
    size_t count;

    attach_with(LX_EGRESS_ENFORCE, 0);
    for (unsigned i = 0; i < 5; i++)
        judge(LX_HOOK_FROM_ROLE, udp((struct end){ROLE, 40000 + i}, server));
    cr_assert_eq(lx_attachment_flows(&attachment, &flows, &count, &failure), 0, "%s", failure.text);
    cr_assert_eq(count, 5);
    for (size_t i = 0; i < 3; i++)
        age(flows[i], 301 * LX_SECOND);
    cr_assert_eq(lx_attachment_flow_numbers(&attachment, &numbers, &failure), 0, "%s", failure.text);
    cr_expect_eq(numbers.live, 2);
    cr_expect_eq(numbers.evicted, 0);
    /* One of them begins anew, in its old place. */
    judge(LX_HOOK_FROM_ROLE, udp((struct end){ROLE, flows[0].ends.role_port}, server));
    cr_assert_eq(lx_attachment_flow_numbers(&attachment, &numbers, &failure), 0, "%s", failure.text);
    cr_expect_eq(numbers.live, 3);
    cr_expect_eq(numbers.evicted, 0);
    free(flows);
}

/* Puts a flow where another has its place: both have one key, as if the hash had wanted it so. */
static void put_in_place_of(const struct lx_flow *flow, struct end client, struct end server)
{
    struct lx_flow other = *flow;
    int map = open_map("flows");
    __u64 key;

    other.ends.role_port = client.port;
    other.ends.remote_port = server.port;
    key = key_of(&other);
    cr_assert_eq(bpf_map_update_elem(map, &key, flow, BPF_ANY), 0);
    close(map);
}

Test(flows, one_that_counts_no_more_gives_way_to_another_with_its_key)
{
    const struct end client = {ROLE, 40000}, other = {ROLE, 40001}, dns = {REMOTE, 53};
    struct frame request = udp(other, dns), reply = udp(dns, other);
    struct lx_flow flow;

    attach_with(LX_EGRESS_ENFORCE, 0);
    judge(LX_HOOK_FROM_ROLE, udp(client, dns));
    flow = only_flow();
    put_in_place_of(&flow, other, dns);
    expect_out(request, LX_REASON_ROW, DNS, false);
    expect_in(reply, LX_REASON_NO_ROW, LX_NO_ROW); /* the one in its place lives */
    flow.seen = now() - 301 * LX_SECOND;
    put_in_place_of(&flow, other, dns);
    expect_out(request, LX_REASON_ROW, DNS, false);
    expect_in(reply, LX_REASON_FLOW, DNS);
    flow.seen = now();
    flow.row = LX_NO_ROW; /* its row is gone */
    put_in_place_of(&flow, other, dns);
    expect_out(request, LX_REASON_ROW, DNS, false);
    expect_in(reply, LX_REASON_FLOW, DNS);
    flow.ends.remote_port = 54; /* no row lists it, and no image has said so yet */
    flow.row = DNS;
    flow.generation = 7;
    put_in_place_of(&flow, other, dns);
    expect_out(request, LX_REASON_ROW, DNS, false);
    expect_in(reply, LX_REASON_FLOW, DNS);
}

/* --- With the stacks of two hosts --- */

/* The other host: answers each datagram to port 53, and each connection to port 443 with what it says first. */
static void serve(void)
{
    struct sockaddr_in dns = {.sin_family = AF_INET, .sin_port = LX_BE16(53)}, from;
    struct sockaddr_in https = {.sin_family = AF_INET, .sin_port = LX_BE16(443)};
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0), connections = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof(from);
    char text[2048];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (bind(datagrams, (struct sockaddr *)&dns, sizeof(dns)) ||
        bind(connections, (struct sockaddr *)&https, sizeof(https)) || listen(connections, 4))
        _exit(1);
    if (!fork()) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            ssize_t length = recvfrom(datagrams, text, sizeof(text), 0, (struct sockaddr *)&from, &size);
            sendto(datagrams, text, length > 0 ? length : 0, 0, (struct sockaddr *)&from, size);
        }
    }
    for (;;) {
        int connection = accept(connections, NULL, NULL);
        ssize_t length = read(connection, text, sizeof(text));
        if (length > 0 && write(connection, text, length) != length)
            _exit(1);
        close(connection);
    }
}

/* Moves wire0 to a host of its own. Returns its process. */
static pid_t start_host(void)
{
    char command[192];
    int pipes[2];
    char ready = 0;
    pid_t host;

    cr_assert_eq(pipe(pipes), 0);
    host = fork();
    if (!host) {
        if (unshare(CLONE_NEWNET) || write(pipes[1], "n", 1) != 1)
            _exit(1);
        while (!if_nametoindex("wire0"))
            usleep(1000);
        run("ip address add 10.77.0.2/24 dev wire0 && ip link set wire0 up");
        serve();
    }
    cr_assert_eq(read(pipes[0], &ready, 1), 1);
    snprintf(command, sizeof(command),
             "ip link set wire0 netns %d && ip address add 10.77.0.1/24 dev outer0 && "
             "for i in {1..100}; do ip link show outer0 | grep -q LOWER_UP && break; sleep 0.05; done",
             host);
    run(command);
    return host;
}

static bool answered(int type, uint16_t port)
{
    struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = LX_BE16(port)};
    struct timeval patience = {.tv_sec = 3};
    int talk = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    char text[8] = "";
    bool echoed;

    memcpy(&host.sin_addr, (const uint8_t[]){10, 77, 0, 2}, 4);
    setsockopt(talk, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(talk, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    echoed = !connect(talk, (struct sockaddr *)&host, sizeof(host)) && send(talk, "hello", 5, 0) == 5 &&
             recv(talk, text, sizeof(text), 0) == 5 && !memcmp(text, "hello", 5);
    close(talk);
    return echoed;
}

Test(flows, requests_of_a_real_host_are_answered)
{
    pid_t host = start_host();
    struct lx_counters *in, *out;

    attach_with(LX_EGRESS_ENFORCE, 0);
    cr_expect(answered(SOCK_STREAM, 443));
    cr_expect(answered(SOCK_DGRAM, 53));
    cr_expect_not(answered(SOCK_DGRAM, 54));
    in = counters_of(LX_HOOK_TO_ROLE);
    out = counters_of(LX_HOOK_FROM_ROLE);
    cr_expect_gt(in->reasons[LX_REASON_FLOW].packets, 3);
    cr_expect_eq(in->reasons[LX_REASON_FLOW].packets, in->rows[DNS].packets + in->rows[HTTPS].packets);
    cr_expect_eq(out->dropped[LX_UDP][54], 1);
    kill(host, SIGKILL);
    waitpid(host, NULL, 0);
    free(in);
    free(out);
}
