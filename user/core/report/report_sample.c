/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_sample.h"

#include <string.h>
#include <time.h>

#include "report_json.h"

/* An end of a sample's packet: its source or destination. */
static struct lx_address sample_address(const struct lx_sample *sample, const uint32_t words[4])
{
    struct lx_address address = {.bytes = {[10] = 0xff, [11] = 0xff}};

    if (sample->ethertype == ETH_P_IP)
        memcpy(address.bytes + 12, &words[3], 4);
    else
        memcpy(address.bytes, words, sizeof(address.bytes));
    return address;
}

static bool has_addresses(const struct lx_sample *sample)
{
    return sample->protocol && (sample->ethertype == ETH_P_IP || sample->ethertype == ETH_P_IPV6);
}

bool lx_sample_probe(const struct lx_sample *sample, struct lx_probe *probe)
{
    if (!sample->has_ports || !has_addresses(sample))
        return false;
    *probe = (struct lx_probe){
        .transport = sample->protocol == IPPROTO_TCP ? LX_TCP : LX_UDP,
        .source = sample_address(sample, sample->source),
        .destination = sample_address(sample, sample->destination),
        .source_port = sample->source_port,
        .destination_port = sample->destination_port,
        .tcp_flags = sample->tcp_flags,
    };
    return true;
}

/* "2026-11-21T16:03:12.123456Z" */
static json_t *time_of(uint64_t nanoseconds)
{
    time_t seconds = (time_t)(nanoseconds / 1000000000u);
    char text[32];
    struct tm utc;

    if (!gmtime_r(&seconds, &utc) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc))
        return json_null();
    return json_sprintf("%s.%06uZ", text, (unsigned)(nanoseconds % 1000000000u / 1000));
}

static json_t *flags_of(const struct lx_sample *sample)
{
    static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    json_t *flags = json_array();

    if (!sample->has_ports || sample->protocol != IPPROTO_TCP) {
        json_decref(flags);
        return json_null();
    }
    for (unsigned i = 0; flags && i < sizeof(names) / sizeof(*names); i++) {
        if (sample->tcp_flags >> i & 1 && lx_json_add(flags, json_string(names[i]))) {
            json_decref(flags);
            return NULL;
        }
    }
    return flags;
}

static json_t *protocol_of(const struct lx_sample *sample)
{
    if (!has_addresses(sample))
        return json_sprintf("ethertype 0x%04x", sample->ethertype);
    switch (sample->protocol) {
    case IPPROTO_TCP:
        return json_string("tcp");
    case IPPROTO_UDP:
        return json_string("udp");
    case IPPROTO_ICMP:
        return json_string("icmp");
    case IPPROTO_ICMPV6:
        return json_string("icmpv6");
    default:
        return json_string(lx_protocol_name(sample->protocol).text);
    }
}

static json_t *end_of(const struct lx_sample *sample, const uint32_t words[4], uint16_t port)
{
    struct lx_address address = sample_address(sample, words);
    char text[LX_PREFIX_TEXT];

    if (!has_addresses(sample))
        return json_null();
    return sample->has_ports ? lx_json_socket(&address, port) : json_string(lx_address_format(&address, text));
}

json_t *lx_report_sample(const struct lx_sampled *sampled)
{
    const struct lx_sample *sample = sampled->sample;
    struct lx_judgement judgement = lx_judgement_unpack(sample->judgement);

    bool pass = lx_reason_verdict(judgement.reason) == LX_PASS;

    return json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "time",
                     time_of(sampled->time), "interface", lx_json_text(sampled->interface), "hook",
                     lx_hook_name(sample->hook), "verdict",
                     pass             ? "pass"
                     : sample->passes ? "would-drop"
                                      : "drop",
                     "reason", lx_reason_name(judgement.reason), "transport", protocol_of(sample), "from",
                     end_of(sample, sample->source, sample->source_port), "to",
                     end_of(sample, sample->destination, sample->destination_port), "source_port",
                     sample->has_ports ? json_sprintf("%u", sample->source_port) : json_null(), "port",
                     sample->has_ports ? json_sprintf("%u", sample->destination_port) : json_null(), "flags",
                     flags_of(sample), "bytes", (json_int_t)sample->length, "row", lx_json_text(sampled->row),
                     "nearest", lx_json_text(sampled->nearest));
}

/* An image whose header lets everything be read; it has nothing behind it, and reading asks for nothing more. */
static const struct lx_image all_built_ins = {.built_ins = ~0u};

void lx_sample_read(const void *frame, size_t length, struct lx_sample *sample)
{
    /* As kernels receive frames: the IP header is aligned. All headers together are not longer. */
    struct {
        uint8_t pad[2];
        uint8_t bytes[4096];
    } aligned __attribute__((aligned(8)));
    size_t linear = length < sizeof(aligned.bytes) ? length : sizeof(aligned.bytes);
    struct lx_view view = {.image = &all_built_ins};
    struct lx_frame whole = {.data = aligned.bytes, .end = aligned.bytes + linear, .length = (__u32)length};
    struct lx_packet packet = {0};

    memcpy(aligned.bytes, frame, linear);
    lx_read_frame(&view, LX_HOOK_TO_ROLE, &whole, &packet);
    sample->length = (__u32)length;
    sample->ethertype = packet.ethertype;
    sample->protocol = packet.protocol;
    sample->has_ports = packet.kind == LX_KIND_PORTS && lx_is_ported(&packet) && packet.tuple.destination_port;
    sample->source_port = packet.tuple.source_port;
    sample->destination_port = packet.tuple.destination_port;
    sample->tcp_flags = packet.tcp_flags;
    memcpy(sample->source, packet.tuple.source, sizeof(sample->source));
    memcpy(sample->destination, packet.tuple.destination, sizeof(sample->destination));
}
