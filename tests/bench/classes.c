/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets by class, as frames; and the policy that judges them, written as a site file and compiled. */
#include "classes.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy/policy_reader.h"
#include "user/core/policy/site_file.h"
#include "user/core/resolve/resolve.h"

#define FAR "203.0.113.9"
#define FAR6 "2001:db8:1::9"
#define TO LX_HOOK_TO_ROLE
#define FROM LX_HOOK_FROM_ROLE
#define ACK LX_TCP_ACK
#define SYN LX_TCP_SYN

const struct lx_packet_class lx_packet_classes[LX_PACKET_CLASSES] = {
    {"to-role, IPv4, UDP, closed port", TO, LX_UDP, FAR, 49152, LX_EDGE, 3389, 0, LX_AS_IT_IS},
    {"to-role, IPv4, TCP SYN, closed port", TO, LX_TCP, FAR, 49152, LX_EDGE, 3389, SYN, LX_AS_IT_IS},
    {"to-role, IPv4, TCP ACK, closed port", TO, LX_TCP, FAR, 49152, LX_EDGE, 3389, ACK, LX_AS_IT_IS},
    {"to-role, IPv4, UDP, other host", TO, LX_UDP, FAR, 49152, "10.45.16.31", 3478, 0, LX_AS_IT_IS},
    {"to-role, IPv4, UDP, by a row", TO, LX_UDP, FAR, 49152, LX_EDGE, 3478, 0, LX_AS_IT_IS},
    {"to-role, IPv4, TCP SYN, by a row", TO, LX_TCP, FAR, 49152, LX_EDGE, 443, SYN, LX_AS_IT_IS},
    {"to-role, IPv4, TCP ACK, by a row", TO, LX_TCP, FAR, 49152, LX_EDGE, 443, ACK, LX_AS_IT_IS},
    {"to-role, IPv4, UDP, by a row of 10,000 partners", TO, LX_UDP, "198.18.3.4", 49152, LX_EDGE, 8443, 0, LX_AS_IT_IS},
    {"to-role, IPv4, UDP, none of 10,000 partners", TO, LX_UDP, FAR, 49152, LX_EDGE, 8443, 0, LX_AS_IT_IS},
    {"to-role, IPv6, UDP, closed port", TO, LX_UDP, FAR6, 49152, LX_EDGE6, 3389, 0, LX_AS_IT_IS},
    {"to-role, IPv6, TCP SYN, closed port", TO, LX_TCP, FAR6, 49152, LX_EDGE6, 3389, SYN, LX_AS_IT_IS},
    {"to-role, IPv6, UDP, by a row", TO, LX_UDP, FAR6, 49152, LX_EDGE6, 3478, 0, LX_AS_IT_IS},
    {"to-role, IPv6, TCP ACK, by a row", TO, LX_TCP, FAR6, 49152, LX_EDGE6, 443, ACK, LX_AS_IT_IS},
    {"from-role, IPv4, UDP, answer to a row", FROM, LX_UDP, LX_EDGE, 3478, FAR, 49152, 0, LX_AS_IT_IS},
    {"from-role, IPv4, TCP ACK, answer to a row", FROM, LX_TCP, LX_EDGE, 443, FAR, 49152, ACK, LX_AS_IT_IS},
    {"from-role, IPv6, UDP, answer to a row", FROM, LX_UDP, LX_EDGE6, 3478, FAR6, 49152, 0, LX_AS_IT_IS},
    {"from-role, IPv4, UDP, listed, first of its flow", FROM, LX_UDP, LX_EDGE, 40000, FAR, 123, 0, LX_AS_IT_IS},
    {"from-role, IPv4, UDP, listed, flow known", FROM, LX_UDP, LX_EDGE, 40000, FAR, 123, 0, LX_AS_IT_IS},
    {"from-role, IPv4, TCP SYN, unlisted", FROM, LX_TCP, LX_EDGE, 40001, FAR, 80, SYN, LX_AS_IT_IS},
    {"from-role, IPv6, UDP, unlisted", FROM, LX_UDP, LX_EDGE6, 40002, FAR6, 9, 0, LX_AS_IT_IS},
    {"to-role, IPv4, UDP, reply of a listed flow", TO, LX_UDP, FAR, 123, LX_EDGE, 40000, 0, LX_AS_IT_IS},
    {"to-role, IPv4, TCP ACK, reply of an unlisted flow", TO, LX_TCP, FAR, 80, LX_EDGE, 40001, ACK, LX_AS_IT_IS},
    {"to-role, IPv6, UDP, reply of an unlisted flow", TO, LX_UDP, FAR6, 9, LX_EDGE6, 40002, 0, LX_AS_IT_IS},
    {"to-role, IPv4, UDP, port of a flow, other sender", TO, LX_UDP, FAR, 124, LX_EDGE, 40000, 0, LX_AS_IT_IS},
    {"to-role, IPv4, UDP, tagged, by a row", TO, LX_UDP, FAR, 49152, LX_EDGE, 3478, 0, LX_TAGGED},
    {"to-role, IPv4, UDP, IP options", TO, LX_UDP, FAR, 49152, LX_EDGE, 3478, 0, LX_OPTIONS},
    {"to-role, IPv4, UDP, fragment", TO, LX_UDP, FAR, 49152, LX_EDGE, 3478, 0, LX_FRAGMENT},
    {"to-role, IPv4, UDP, truncated", TO, LX_UDP, FAR, 49152, LX_EDGE, 3478, 0, LX_TRUNCATED},
    {"to-role, IPv4, TCP, no flags", TO, LX_TCP, FAR, 49152, LX_EDGE, 443, 0, LX_AS_IT_IS},
    {"to-role, IPv4, martian source", TO, LX_UDP, "127.0.0.1", 49152, LX_EDGE, 3478, 0, LX_AS_IT_IS},
    {"to-role, IPv4, ICMP error about an answer", TO, LX_UDP, LX_EDGE, 3478, FAR, 49152, 0, LX_PORT_UNREACHABLE},
    {"to-role, ARP", TO, LX_UDP, FAR, 49152, LX_EDGE, 3478, 0, LX_AS_ARP},
    {"to-role, other ethertype", TO, LX_UDP, FAR, 49152, LX_EDGE, 3478, 0, LX_OTHER_ETHERTYPE},
    {"from-role, IPv4, UDP, tagged, answer to a row", FROM, LX_UDP, LX_EDGE, 3478, FAR, 49152, 0, LX_TAGGED},
    {"from-role, IPv4, UDP, IP options", FROM, LX_UDP, LX_EDGE, 3478, FAR, 49152, 0, LX_OPTIONS},
};

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

static size_t change_frame(uint8_t *frame, size_t length, enum lx_change change)
{
    static const uint8_t tag[] = {0x81, 0x00, 0x00, 0x0a};
    static const uint8_t arp[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};

    switch (change) {
    case LX_TAGGED:
        length = open_gap(frame, length, 12, sizeof(tag));
        memcpy(frame + 12, tag, sizeof(tag));
        break;
    case LX_OPTIONS:
        length = open_gap(frame, length, 34, 4);
        memset(frame + 34, 1, 4); /* no operation */
        frame[14] = 0x46;
        frame[17] = (uint8_t)(frame[17] + 4);
        break;
    case LX_FRAGMENT:
        frame[20] |= 0x20;
        break;
    case LX_TRUNCATED:
        return length - 4;
    case LX_AS_ARP:
        memcpy(frame + 12, arp, sizeof(arp));
        break;
    case LX_OTHER_ETHERTYPE:
        frame[12] = 0x88;
        break;
    case LX_PORT_UNREACHABLE:
        return quote(frame, length);
    default:
        break;
    }
    return length;
}

size_t lx_class_frame(const struct lx_packet_class *class, uint8_t frame[LX_CLASS_FRAME])
{
    struct lx_probe probe = {.transport = class->transport,
                             .source_port = class->source_port,
                             .destination_port = class->destination_port,
                             .tcp_flags = class->flags};

    lx_address_parse(class->source, &probe.source, NULL);
    lx_address_parse(class->destination, &probe.destination, NULL);
    return change_frame(frame, lx_probe_frame(&probe, frame), class->change);
}

/* Owned by the caller; NULL without memory. */
static char *site_text(const struct lx_measured *measured)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs("site: measured\nself:\n  av-edge: {external: [" LX_EDGE ", \"" LX_EDGE6 "\"]}\n", out);
    if (measured->partners)
        fputs("groups:\n  partners:\n", out);
    for (uint32_t i = 0; i < measured->partners; i++)
        fprintf(out, "    - %u.%u.%u.%u\n", LX_PARTNER(i) >> 24, LX_PARTNER(i) >> 16 & 255, LX_PARTNER(i) >> 8 & 255,
                LX_PARTNER(i) & 255);
    fputs("rows:\n  - {id: time, from: self, to: any, port: 123, transport: udp}\n", out);
    if (measured->partners)
        fputs("  - {id: partners, from: partners, to: self, port: 8443, transport: tcp/udp}\n", out);
    for (uint32_t i = 0; i < measured->extra_rows; i++)
        fprintf(out, "  - {id: extra-%u, from: any, to: self, port: %u, transport: udp}\n", i, LX_EXTRA_PORT + i);
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}

static int compile_site(FILE *site_stream, const struct lx_measured *measured, struct lx_compiled *compiled)
{
    static const char name[] = "policies/lync2010.yaml";
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file = {0};
    struct lx_site site = {0};
    struct lx_policy policy = {0};
    struct lx_request request = {0};
    FILE *stream = fopen(name, "re");
    int error = stream ? lx_words_add(&request.roles, "av-edge") : -errno;

    error = error ?: lx_policy_file_read(stream, name, &file, &diagnostics);
    error = error ?: lx_site_file_read(site_stream, "measured", &site, &diagnostics);
    error = error ?: lx_resolve(&file, &site, &request, &policy, &diagnostics);
    policy.egress = LX_EGRESS_TRACK; /* as attach does it */
    policy.audit = measured->audit;
    error = error ?: lx_compile(&policy, compiled, &diagnostics);
    if (error && diagnostics.count)
        fprintf(stderr, "%s:%u: %s\n", diagnostics.items[0].file, diagnostics.items[0].line,
                diagnostics.items[0].message);
    if (stream)
        fclose(stream);
    lx_policy_free(&policy);
    lx_site_free(&site);
    lx_policy_file_free(&file);
    lx_words_free(&request.roles);
    lx_diagnostics_free(&diagnostics);
    return error;
}

int lx_measured_compile(const struct lx_measured *measured, struct lx_compiled *compiled)
{
    char *text = site_text(measured);
    FILE *stream = text ? fmemopen(text, strlen(text), "r") : NULL;
    int error = stream ? compile_site(stream, measured, compiled) : -ENOMEM;

    if (stream)
        fclose(stream);
    free(text);
    return error;
}
