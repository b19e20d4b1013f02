/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the filters of monitor into the form in which the programs apply them. */
#include "monitor_options.h"

#include <string.h>

#include "user/core/explain/probe.h"

#include "user/cli/print/output.h"
#include "user/core/text/number.h"

#define MOST_RATE 100000

static int take_reason(void *field, const char *value)
{
    char reasons[1024] = "";
    size_t length = 0;

    for (uint32_t reason = 0; reason < LX_REASON_COUNT; reason++) {
        if (lx_reason_verdict(reason) == LX_PASS)
            continue;
        if (!strcmp(value, lx_reason_name(reason))) {
            *(__u64 *)field |= 1ull << reason;
            return LX_EXIT_DONE;
        }
        length += (size_t)snprintf(reasons + length, sizeof(reasons) - length, " %s", lx_reason_name(reason));
    }
    return lx_usage_error("--reason '%s' is no reason for a drop; write one of:%s", value, reasons);
}

/* PORT, tcp/PORT or udp/PORT. */
static int take_port(void *field, const char *value)
{
    const char *slash = strchr(value, '/'), *digits = slash ? slash + 1 : value;
    bool tcp = slash && !strncmp(value, "tcp/", 4), udp = slash && !strncmp(value, "udp/", 4);
    uint32_t port;

    if (!lx_number_parse(digits, 0, 65535, &port) || (slash && !tcp && !udp))
        return lx_usage_error("--port '%s': write a port, such as 3389, tcp/3389 or udp/3389", value);
    *(__u32 *)field = slash ? lx_service(tcp ? LX_TCP : LX_UDP, (uint16_t)port) : LX_SAMPLE_PORT(port);
    return LX_EXIT_DONE;
}

static int take_prefix(void *field, const char *value)
{
    struct lx_sample_filter *filter = field;
    const char *problem = "not an address";
    struct lx_prefix prefix;
    uint8_t mask[16];

    if (lx_prefix_parse(value, &prefix, &problem))
        return lx_usage_error("--prefix '%s': %s", value, problem);
    for (unsigned i = 0; i < sizeof(mask); i++)
        mask[i] = prefix.length >= 8 * (i + 1) ? 0xff
                  : prefix.length <= 8 * i     ? 0
                                               : (uint8_t)(0xff00 >> prefix.length % 8);
    filter->prefixed = 1;
    memcpy(filter->address, prefix.address.bytes, sizeof(filter->address));
    memcpy(filter->mask, mask, sizeof(filter->mask));
    return LX_EXIT_DONE;
}

static int take_number(const char *option, const char *value, uint32_t most, uint32_t *number)
{
    if (lx_number_parse(value, 1, most, number))
        return LX_EXIT_DONE;
    return lx_usage_error("--%s '%s': write a number from 1 to %u", option, value, most);
}

static int take_rate(void *field, const char *value)
{
    return take_number("rate", value, MOST_RATE, field);
}

static int take_count(void *field, const char *value)
{
    return take_number("count", value, 1000000000, field);
}

static const struct lx_option options_of_monitor[] = {
    {"write", "FILE", "also write the packets to a capture file; - writes it to standard output instead", lx_take_text,
     offsetof(struct lx_monitor_options, write)},
    {"reason", "REASON", "only packets dropped for this reason; repeatable", take_reason,
     offsetof(struct lx_monitor_options, filter.reasons)},
    {"port", "[tcp/|udp/]PORT", "only packets to this port", take_port,
     offsetof(struct lx_monitor_options, filter.service)},
    {"prefix", "ADDR[/LENGTH]", "only packets from or to these addresses", take_prefix,
     offsetof(struct lx_monitor_options, filter)},
    {"rate", "N", "show at most N packets a second", take_rate, offsetof(struct lx_monitor_options, rate), "20"},
    {"count", "N", "show N packets, then stop", take_count, offsetof(struct lx_monitor_options, count)},
    {"json", NULL, "print one JSON object a line", lx_take_flag, offsetof(struct lx_monitor_options, json)},
};

struct lx_option_set lx_monitor_option_set(struct lx_monitor_options *options)
{
    struct lx_option_set set = LX_OPTION_SET(options_of_monitor, options);

    set.letters = "w";
    return set;
}
