/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds the programs to what a packet of each class is recorded to cost, in BPF instructions executed and helpers
 * called: figures that repeat exactly, where a time does not. The record is tests/bench/recorded.tsv; LX_RECORD=1
 * writes it anew, and belongs into the commit that changes a cost.
 */
#include <criterion/criterion.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/loaded.h"
#include "tests/unit/given.h"
#include "user/core/probe.h"

#define RECORD "tests/bench/recorded.tsv"
#define PARTNERS 10000
#define EDGE "10.45.16.30"
#define EDGE6 "2001:db8::30"
#define FAR "203.0.113.9"
#define FAR6 "2001:db8:1::9"

/* What is done to the probe's frame before it is put to the program. */
enum change { AS_IT_IS, TAGGED, TRUNCATED, FRAGMENT, OPTIONS, AS_ARP, OTHER_ETHERTYPE, PORT_UNREACHABLE };

struct class
{
    const char *name;
    enum lx_hook hook;
    enum lx_transport transport;
    const char *source;
    uint16_t source_port;
    const char *destination;
    uint16_t destination_port;
    uint8_t flags;
    enum change change;
};

#define TO LX_HOOK_TO_ROLE
#define FROM LX_HOOK_FROM_ROLE
#define ACK LX_TCP_ACK
#define SYN LX_TCP_SYN

/* In the order in which they are put to the programs: what the role sends makes the flows that replies pass by. */
static const struct class classes[] = {
    {"to-role, IPv4, UDP, closed port", TO, LX_UDP, FAR, 49152, EDGE, 3389, 0, AS_IT_IS},
    {"to-role, IPv4, TCP SYN, closed port", TO, LX_TCP, FAR, 49152, EDGE, 3389, SYN, AS_IT_IS},
    {"to-role, IPv4, TCP ACK, closed port", TO, LX_TCP, FAR, 49152, EDGE, 3389, ACK, AS_IT_IS},
    {"to-role, IPv4, UDP, other host", TO, LX_UDP, FAR, 49152, "10.45.16.31", 3478, 0, AS_IT_IS},
    {"to-role, IPv4, UDP, by a row", TO, LX_UDP, FAR, 49152, EDGE, 3478, 0, AS_IT_IS},
    {"to-role, IPv4, TCP SYN, by a row", TO, LX_TCP, FAR, 49152, EDGE, 443, SYN, AS_IT_IS},
    {"to-role, IPv4, TCP ACK, by a row", TO, LX_TCP, FAR, 49152, EDGE, 443, ACK, AS_IT_IS},
    {"to-role, IPv4, UDP, by a row of 10,000 partners", TO, LX_UDP, "198.18.3.4", 49152, EDGE, 8443, 0, AS_IT_IS},
    {"to-role, IPv4, UDP, none of 10,000 partners", TO, LX_UDP, FAR, 49152, EDGE, 8443, 0, AS_IT_IS},
    {"to-role, IPv6, UDP, closed port", TO, LX_UDP, FAR6, 49152, EDGE6, 3389, 0, AS_IT_IS},
    {"to-role, IPv6, TCP SYN, closed port", TO, LX_TCP, FAR6, 49152, EDGE6, 3389, SYN, AS_IT_IS},
    {"to-role, IPv6, UDP, by a row", TO, LX_UDP, FAR6, 49152, EDGE6, 3478, 0, AS_IT_IS},
    {"to-role, IPv6, TCP ACK, by a row", TO, LX_TCP, FAR6, 49152, EDGE6, 443, ACK, AS_IT_IS},
    {"from-role, IPv4, UDP, answer to a row", FROM, LX_UDP, EDGE, 3478, FAR, 49152, 0, AS_IT_IS},
    {"from-role, IPv4, TCP ACK, answer to a row", FROM, LX_TCP, EDGE, 443, FAR, 49152, ACK, AS_IT_IS},
    {"from-role, IPv6, UDP, answer to a row", FROM, LX_UDP, EDGE6, 3478, FAR6, 49152, 0, AS_IT_IS},
    {"from-role, IPv4, UDP, listed, first of its flow", FROM, LX_UDP, EDGE, 40000, FAR, 123, 0, AS_IT_IS},
    {"from-role, IPv4, UDP, listed, flow known", FROM, LX_UDP, EDGE, 40000, FAR, 123, 0, AS_IT_IS},
    {"from-role, IPv4, TCP SYN, unlisted", FROM, LX_TCP, EDGE, 40001, FAR, 80, SYN, AS_IT_IS},
    {"from-role, IPv6, UDP, unlisted", FROM, LX_UDP, EDGE6, 40002, FAR6, 9, 0, AS_IT_IS},
    {"to-role, IPv4, UDP, reply of a listed flow", TO, LX_UDP, FAR, 123, EDGE, 40000, 0, AS_IT_IS},
    {"to-role, IPv4, TCP ACK, reply of an unlisted flow", TO, LX_TCP, FAR, 80, EDGE, 40001, ACK, AS_IT_IS},
    {"to-role, IPv6, UDP, reply of an unlisted flow", TO, LX_UDP, FAR6, 9, EDGE6, 40002, 0, AS_IT_IS},
    {"to-role, IPv4, UDP, port of a flow, other sender", TO, LX_UDP, FAR, 124, EDGE, 40000, 0, AS_IT_IS},
    {"to-role, IPv4, UDP, tagged, by a row", TO, LX_UDP, FAR, 49152, EDGE, 3478, 0, TAGGED},
    {"to-role, IPv4, UDP, IP options", TO, LX_UDP, FAR, 49152, EDGE, 3478, 0, OPTIONS},
    {"to-role, IPv4, UDP, fragment", TO, LX_UDP, FAR, 49152, EDGE, 3478, 0, FRAGMENT},
    {"to-role, IPv4, UDP, truncated", TO, LX_UDP, FAR, 49152, EDGE, 3478, 0, TRUNCATED},
    {"to-role, IPv4, TCP, no flags", TO, LX_TCP, FAR, 49152, EDGE, 443, 0, AS_IT_IS},
    {"to-role, IPv4, martian source", TO, LX_UDP, "127.0.0.1", 49152, EDGE, 3478, 0, AS_IT_IS},
    {"to-role, IPv4, ICMP error about an answer", TO, LX_UDP, EDGE, 3478, FAR, 49152, 0, PORT_UNREACHABLE},
    {"to-role, ARP", TO, LX_UDP, FAR, 49152, EDGE, 3478, 0, AS_ARP},
    {"to-role, other ethertype", TO, LX_UDP, FAR, 49152, EDGE, 3478, 0, OTHER_ETHERTYPE},
};

#define CLASSES (sizeof(classes) / sizeof(classes[0]))

/* The A/V Edge with an address of either family, and rows of the site's own: for a crowd of partners, and outward. */
static char *site_text(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fputs("site: measured\nself:\n  av-edge: {external: [" EDGE ", \"" EDGE6 "\"]}\ngroups:\n  partners:\n", out);
    for (int i = 0; i < PARTNERS; i++)
        fprintf(out, "    - 198.18.%d.%d\n", i / 250, i % 250 + 1);
    fputs("rows:\n  - {id: partners, from: partners, to: self, port: 8443, transport: tcp/udp}\n"
          "  - {id: time, from: self, to: any, port: 123, transport: udp}\n",
          out);
    fclose(out);
    return text;
}

static struct lx_compiled compiled;
static struct lx_loaded loaded;

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
    return level == LIBBPF_WARN && !strstr(format, "Retrying without BTF") ? vfprintf(stderr, format, arguments) : 0;
}

static void setup(void)
{
    struct given given = {0};
    char *site = site_text();

    if (geteuid() != 0)
        cr_skip_test("loading BPF programs needs root");
    libbpf_set_print(silent);
    given_policy_stream(&given, fopen("policies/lync2010.yaml", "re"), "policies/lync2010.yaml");
    given_site(&given, site);
    given_role(&given, "av-edge");
    cr_assert_eq(given_resolve(&given), 0);
    given.policy.egress = LX_EGRESS_TRACK;
    cr_assert_eq(lx_compile(&given.policy, &compiled, &given.diagnostics), 0);
    cr_assert_eq(lx_loaded_open(&loaded, &compiled), 0, "the programs do not load");
    given_end(&given);
    free(site);
}

static void teardown(void)
{
    lx_loaded_close(&loaded);
    lx_compiled_free(&compiled);
}

TestSuite(packet_cost, .init = setup, .fini = teardown);

/* Makes room for `size` bytes at an offset of the frame, zeroed. Returns the frame's new length. */
static size_t open_gap(uint8_t *frame, size_t length, size_t offset, size_t size)
{
    memmove(frame + offset + size, frame + offset, length - offset);
    memset(frame + offset, 0, size);
    return length + size;
}

static size_t quote(uint8_t *frame, size_t length)
{
    size_t quoted = length - sizeof(struct ethhdr);

    length = open_gap(frame, length, sizeof(struct ethhdr), 28);
    memcpy(frame + 14, frame + 14 + 28, 20); /* the outer header, with the addresses the other way round */
    memcpy(frame + 14 + 12, frame + 14 + 28 + 16, 4);
    memcpy(frame + 14 + 16, frame + 14 + 28 + 12, 4);
    frame[14 + 3] = (uint8_t)(28 + quoted);
    frame[14 + 9] = 1;      /* ICMP */
    frame[14 + 20] = 3;     /* unreachable */
    frame[14 + 20 + 1] = 3; /* port */
    return length;
}

static size_t change_frame(uint8_t *frame, size_t length, enum change change)
{
    static const uint8_t tag[] = {0x81, 0x00, 0x00, 0x0a};
    static const uint8_t arp[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};

    switch (change) {
    case TAGGED:
        length = open_gap(frame, length, 12, sizeof(tag));
        memcpy(frame + 12, tag, sizeof(tag));
        break;
    case OPTIONS:
        length = open_gap(frame, length, 34, 4);
        memset(frame + 34, 1, 4); /* no operation */
        frame[14] = 0x46;
        frame[17] = (uint8_t)(frame[17] + 4);
        break;
    case FRAGMENT:
        frame[20] |= 0x20;
        break;
    case TRUNCATED:
        return length - 4;
    case AS_ARP:
        memcpy(frame + 12, arp, sizeof(arp));
        break;
    case OTHER_ETHERTYPE:
        frame[12] = 0x88;
        break;
    case PORT_UNREACHABLE:
        return quote(frame, length);
    default:
        break;
    }
    return length;
}

static size_t frame_of(const struct class *class, uint8_t *frame)
{
    struct lx_probe probe = {.transport = class->transport,
                             .source_port = class->source_port,
                             .destination_port = class->destination_port,
                             .tcp_flags = class->flags};

    lx_address_parse(class->source, &probe.source, NULL);
    lx_address_parse(class->destination, &probe.destination, NULL);
    return change_frame(frame, lx_probe_frame(&probe, frame), class->change);
}

static void measure(struct lx_execution costs[CLASSES])
{
    uint8_t frame[2 * LX_PROBE_FRAME];

    for (size_t i = 0; i < CLASSES; i++) {
        size_t length = frame_of(&classes[i], frame);
        int error = lx_count_packet(&loaded, classes[i].hook, frame, (uint32_t)length, &costs[i]);

        cr_assert_eq(error, 0, "%s: the interpreter stops: %d", classes[i].name, error);
    }
}

static void write_record(const struct lx_execution costs[CLASSES])
{
    FILE *record = fopen(RECORD, "we");

    cr_assert_not_null(record, RECORD " cannot be written");
    fputs("# class\tinstructions\thelpers called; LX_RECORD=1 build/tests/bpf/packet_cost writes this anew\n", record);
    for (size_t i = 0; i < CLASSES; i++)
        fprintf(record, "%s\t%llu\t%llu\n", classes[i].name, (unsigned long long)costs[i].instructions,
                (unsigned long long)costs[i].helper_calls);
    cr_assert_eq(fclose(record), 0);
}

/* The recorded costs, in the order of the classes; a class that has none keeps zeroes. Returns the lines read. */
static size_t read_record(struct lx_execution costs[CLASSES])
{
    FILE *record = fopen(RECORD, "re");
    unsigned long long instructions, calls;
    char line[256], name[128];
    size_t lines = 0;

    cr_assert_not_null(record, RECORD " is missing");
    memset(costs, 0, CLASSES * sizeof(costs[0]));
    while (fgets(line, sizeof(line), record)) {
        if (line[0] == '#')
            continue;
        cr_assert_eq(sscanf(line, "%127[^\t]\t%llu\t%llu", name, &instructions, &calls), 3, "%s", line);
        lines++;
        for (size_t i = 0; i < CLASSES; i++)
            if (strcmp(classes[i].name, name) == 0)
                costs[i] = (struct lx_execution){.instructions = instructions, .helper_calls = calls};
    }
    fclose(record);
    return lines;
}

static void compare(const char *class, const char *what, uint64_t now, uint64_t then)
{
    cr_expect(now * 100 <= then * 105,
              "%s: %llu %s, recorded are %llu. Make it cheaper; or if it must be, record it (LX_RECORD=1)", class,
              (unsigned long long)now, what, (unsigned long long)then);
    cr_expect(now * 105 >= then * 100, "%s: only %llu %s, recorded are %llu: lower the record (LX_RECORD=1)", class,
              (unsigned long long)now, what, (unsigned long long)then);
}

Test(packet_cost, no_class_of_packets_costs_more_than_is_recorded_nor_much_less)
{
    struct lx_execution now[CLASSES], then[CLASSES];

    measure(now);
    if (getenv("LX_RECORD"))
        write_record(now);
    cr_expect_eq(read_record(then), CLASSES, "the record has other classes than are measured");
    for (size_t i = 0; i < CLASSES; i++) {
        compare(classes[i].name, "instructions", now[i].instructions, then[i].instructions);
        compare(classes[i].name, "helper calls", now[i].helper_calls, then[i].helper_calls);
    }
}

/* A count is worth nothing unless it is of what the kernel runs. */
Test(packet_cost, what_is_counted_does_as_the_kernel_does)
{
    struct lx_execution costs[CLASSES];
    uint32_t nanoseconds, verdict = 0;
    uint8_t frame[2 * LX_PROBE_FRAME];

    measure(costs);
    for (size_t i = 0; i < CLASSES; i++) {
        const struct bpf_program *program = lx_loaded_program(&loaded, classes[i].hook);
        size_t length = frame_of(&classes[i], frame);

        if (strstr(classes[i].name, "reply"))
            continue; /* the kernel's two programs share no flows here */
        cr_assert_eq(lx_time_packet(bpf_program__fd(program), frame, (uint32_t)length, 1, &nanoseconds, &verdict), 0,
                     "%s", classes[i].name);
        cr_expect_eq((uint32_t)costs[i].result, verdict, "%s: %u, in the kernel %u", classes[i].name,
                     (uint32_t)costs[i].result, verdict);
    }
}

Test(packet_cost, a_closed_port_costs_the_same_whoever_sends)
{
    struct class stranger = classes[0], partner = classes[0];
    struct lx_execution costs[2];
    uint8_t frame[2 * LX_PROBE_FRAME];

    partner.source = "198.18.3.4";
    cr_assert_eq(lx_count_packet(&loaded, TO, frame, (uint32_t)frame_of(&stranger, frame), &costs[0]), 0);
    cr_assert_eq(lx_count_packet(&loaded, TO, frame, (uint32_t)frame_of(&partner, frame), &costs[1]), 0);
    cr_expect_eq(costs[0].instructions, costs[1].instructions);
    cr_expect_eq(costs[0].helper_calls, costs[1].helper_calls);
}
