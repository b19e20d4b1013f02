/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_flows.h"

#include <string.h>

#include "report_json.h"

static const char *state_name(uint8_t state)
{
    static const char *const names[LX_FLOW_STATE_COUNT] = {
        [LX_FLOW_HALF_OPEN] = "half-open", [LX_FLOW_ESTABLISHED] = "established",
        [LX_FLOW_CLOSING] = "closing",     [LX_FLOW_DATAGRAMS] = "datagrams",
        [LX_FLOW_ECHO] = "echo",           [LX_FLOW_RESET] = "closing",
    };

    return state < LX_FLOW_STATE_COUNT ? names[state] : "unknown";
}

static json_t *endpoint(const struct lx_flow_ends *ends, const __u32 words[4], uint16_t port)
{
    struct lx_address address;
    char text[LX_PREFIX_TEXT];

    memcpy(address.bytes, words, sizeof(address.bytes));
    return ends->transport == LX_PORTLESS ? json_string(lx_address_format(&address, text))
                                          : lx_json_socket(&address, port);
}

static struct lx_protocol_text transport_of(const struct lx_flow_ends *ends)
{
    struct lx_protocol_text name;

    if (ends->transport == LX_PORTLESS)
        return lx_protocol_name((uint8_t)ends->remote_port);
    snprintf(name.text, sizeof(name.text), "%s", lx_transport_name(ends->transport));
    return name;
}

/* Whole seconds; the clocks of two CPUs differ by a tick, so that `then` can lie ahead. */
static json_int_t seconds_since(uint64_t then, uint64_t now)
{
    return now > then ? (json_int_t)((now - then) / LX_SECOND) : 0;
}

json_t *lx_report_flow(const struct lx_metadata *metadata, const struct lx_flow *flow, uint64_t now,
                       const struct lx_row_label *labels)
{
    const char *row = flow->row < LX_ROW_SLOTS ? labels[flow->row].id : NULL;

    return json_pack("{s:o, s:s, s:o, s:o, s:s, s:o, s:b, s:I, s:I}", "interface", lx_json_text(metadata->interface),
                     "transport", transport_of(&flow->ends).text, "role",
                     endpoint(&flow->ends, flow->ends.role, flow->ends.role_port), "remote",
                     endpoint(&flow->ends, flow->ends.remote, flow->ends.remote_port), "state", state_name(flow->state),
                     "row", lx_json_text(row), "picked_up", flow->picked_up, "age_seconds",
                     seconds_since(flow->created, now), "idle_seconds", seconds_since(flow->seen, now));
}
