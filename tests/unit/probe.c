/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame that `explain` asks about is one that a stack could have sent: lengths, checksums and addresses are right,
 * so that a verdict is about the question and never about the frame.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "user/core/explain/simulation.h"

#define ETHERNET 14

static struct lx_address address(const char *text)
{
    struct lx_address address;

    cr_assert_eq(lx_address_parse(text, &address, NULL), 0, "%s", text);
    return address;
}

static struct lx_probe probe(enum lx_transport transport, const char *source, const char *destination)
{
    return (struct lx_probe){
        .transport = transport,
        .source = address(source),
        .destination = address(destination),
        .source_port = 49152,
        .destination_port = 443,
        .tcp_flags = LX_TCP_SYN,
    };
}

/* A sum that is right comes to 0xffff when the checksum itself is part of it (RFC 1071). */
static unsigned ones_complement(unsigned sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        sum += i % 2 ? bytes[i] : bytes[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static unsigned transport_sum(const uint8_t *addresses, size_t addresses_size, unsigned protocol, const uint8_t *header,
                              size_t size)
{
    return ones_complement(ones_complement(protocol + size, addresses, addresses_size), header, size);
}

Test(probe, tcp_over_ipv4)
{
    struct lx_probe asked = probe(LX_TCP, "198.51.100.7", "10.45.16.10");
    uint8_t frame[LX_PROBE_FRAME];
    const uint8_t *ip = frame + ETHERNET, *tcp = ip + 20;

    cr_assert_eq(lx_probe_frame(&asked, frame), ETHERNET + 20 + 20);
    cr_expect_arr_eq(frame + 12, ((uint8_t[]){0x08, 0x00}), 2);
    cr_expect_eq(ip[0], 0x45);
    cr_expect_arr_eq(ip + 2, ((uint8_t[]){0, 40}), 2);
    cr_expect_eq(ip[8], 64, "TTL");
    cr_expect_eq(ip[9], 6);
    cr_expect_arr_eq(ip + 12, ((uint8_t[]){198, 51, 100, 7, 10, 45, 16, 10}), 8);
    cr_expect_eq(ones_complement(0, ip, 20), 0xffff);
    cr_expect_arr_eq(tcp, ((uint8_t[]){49152 >> 8, 49152 & 0xff, 443 >> 8, 443 & 0xff}), 4);
    cr_expect_eq(tcp[12], 0x50, "data offset");
    cr_expect_eq(tcp[13], LX_TCP_SYN);
    cr_expect_eq(transport_sum(ip + 12, 8, 6, tcp, 20), 0xffff);
}

Test(probe, udp_over_ipv4)
{
    struct lx_probe asked = probe(LX_UDP, "198.51.100.7", "10.45.16.30");
    uint8_t frame[LX_PROBE_FRAME];
    const uint8_t *ip = frame + ETHERNET, *udp = ip + 20;

    cr_assert_eq(lx_probe_frame(&asked, frame), ETHERNET + 20 + 8);
    cr_expect_eq(ip[9], 17);
    cr_expect_arr_eq(udp + 4, ((uint8_t[]){0, 8}), 2, "UDP length");
    cr_expect_eq(transport_sum(ip + 12, 8, 17, udp, 8), 0xffff);
}

Test(probe, tcp_over_ipv6)
{
    struct lx_probe asked = probe(LX_TCP, "2001:db8::1", "2001:db8:45:16::10");
    uint8_t frame[LX_PROBE_FRAME];
    const uint8_t *ip = frame + ETHERNET, *tcp = ip + 40;

    asked.tcp_flags = LX_TCP_ACK | LX_TCP_PSH;
    cr_assert_eq(lx_probe_frame(&asked, frame), ETHERNET + 40 + 20);
    cr_expect_arr_eq(frame + 12, ((uint8_t[]){0x86, 0xdd}), 2);
    cr_expect_eq(ip[0], 0x60);
    cr_expect_arr_eq(ip + 4, ((uint8_t[]){0, 20, 6, 64}), 4, "length, next header, hop limit");
    cr_expect_arr_eq(ip + 8, asked.source.bytes, 16);
    cr_expect_arr_eq(ip + 24, asked.destination.bytes, 16);
    cr_expect_eq(tcp[13], LX_TCP_ACK | LX_TCP_PSH);
    cr_expect_eq(transport_sum(ip + 8, 32, 6, tcp, 20), 0xffff);
}

/* Over IPv6 a UDP checksum of 0 is not allowed at all, over IPv4 it says that there is none: neither is ever sent. */
Test(probe, a_udp_checksum_is_never_zero)
{
    struct lx_probe asked = probe(LX_UDP, "2001:db8::1", "2001:db8:45:16::30");
    uint8_t frame[LX_PROBE_FRAME];
    const uint8_t *ip = frame + ETHERNET, *udp = ip + 40;
    bool all_ones = false;

    for (unsigned port = 1; port < 65536; port++) {
        asked.source_port = port;
        cr_assert_eq(lx_probe_frame(&asked, frame), ETHERNET + 40 + 8);
        cr_assert_eq(transport_sum(ip + 8, 32, 17, udp, 8), 0xffff, "port %u", port);
        cr_assert(udp[6] || udp[7], "port %u", port);
        all_ones = all_ones || (udp[6] == 0xff && udp[7] == 0xff);
    }
    cr_expect(all_ones, "the case was among them");
}

Test(probe, link_addresses_are_local_and_unicast)
{
    struct lx_probe asked = probe(LX_TCP, "198.51.100.7", "10.45.16.10");
    uint8_t frame[LX_PROBE_FRAME];

    lx_probe_frame(&asked, frame);
    cr_expect_eq(frame[0] & 3, 2);
    cr_expect_eq(frame[6] & 3, 2);
    cr_expect_neq(memcmp(frame, frame + 6, 6), 0);
}

/* A policy without rows, which is enough to be judged by. */
static struct lx_compiled nothing_allowed(void)
{
    static struct lx_prefix_set nobody;
    struct lx_policy policy = {.protected = &nobody, .built_ins = LX_BUILT_IN_ARP};
    struct lx_diagnostics diagnostics = {0};
    struct lx_compiled compiled;

    cr_assert_eq(lx_compile(&policy, &compiled, &diagnostics), 0);
    lx_diagnostics_free(&diagnostics);
    return compiled;
}

Test(probe, frames_are_judged_at_any_alignment_and_length)
{
    struct lx_compiled compiled = nothing_allowed();
    struct lx_probe asked = probe(LX_TCP, "198.51.100.7", "10.45.16.10");
    uint8_t frame[LX_PROBE_FRAME], moved[LX_PROBE_FRAME + 8];
    size_t length = lx_probe_frame(&asked, frame);

    for (size_t offset = 0; offset < 8; offset++) {
        memcpy(moved + offset, frame, length);
        cr_expect_eq(lx_judge_offline(&compiled, LX_HOOK_TO_ROLE, moved + offset, length).reason, LX_REASON_NO_ROW);
        for (size_t cut = 0; cut < length; cut++)
            cr_expect_eq(lx_reason_verdict(lx_judge_offline(&compiled, LX_HOOK_TO_ROLE, moved + offset, cut).reason),
                         LX_DROP);
    }
    cr_expect_eq(lx_judge_offline(&compiled, LX_HOOK_TO_ROLE, NULL, 0).reason, LX_REASON_SHORT_FRAME);
    lx_compiled_free(&compiled);
}

/* Longer than any IP packet: only the headers matter, and the IP length is held against the true length. */
Test(probe, an_oversized_frame_is_judged_by_its_headers)
{
    struct lx_compiled compiled = nothing_allowed();
    struct lx_probe asked = probe(LX_TCP, "198.51.100.7", "10.45.16.10");
    size_t size = 1 << 20;
    uint8_t *frame = calloc(1, size);

    cr_assert_not_null(frame);
    lx_probe_frame(&asked, frame);
    cr_expect_eq(lx_judge_offline(&compiled, LX_HOOK_TO_ROLE, frame, size).reason, LX_REASON_NO_ROW,
                 "padding is allowed");
    free(frame);
    lx_compiled_free(&compiled);
}

Test(probe, every_reason_has_a_name_and_a_meaning_of_its_own)
{
    for (uint32_t i = 0; i < LX_REASON_COUNT; i++) {
        cr_expect_gt(strlen(lx_reason_name(i)), 0);
        cr_expect_eq(strspn(lx_reason_name(i), "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(lx_reason_name(i)),
                     "kebab-case");
        cr_expect_gt(strlen(lx_reason_meaning(i)), 0);
        for (uint32_t j = 0; j < i; j++) {
            cr_expect_str_neq(lx_reason_name(i), lx_reason_name(j));
            cr_expect_str_neq(lx_reason_meaning(i), lx_reason_meaning(j));
        }
    }
    cr_expect_str_eq(lx_reason_name(LX_REASON_NO_ROW), "no-row");
    cr_expect_str_eq(lx_reason_name(LX_REASON_COUNT), "unknown");
    cr_expect_str_eq(lx_reason_name(0xffffffff), "unknown");
    cr_expect_str_eq(lx_reason_meaning(LX_REASON_COUNT), "unknown");
}
