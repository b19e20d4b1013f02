/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_verdict.h"

#include "report_json.h"

static json_t *near_miss(const struct lx_explanation *explanation)
{
    const struct lx_row *row;

    if (!explanation->nearest)
        return json_null();
    row = explanation->nearest->near_row ? explanation->nearest->near_row->row : NULL;
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", lx_near_miss_kind(explanation->nearest), "row",
                     lx_json_text(row ? row->id : NULL), "source", lx_json_text(row ? row->source : NULL), "override",
                     lx_json_text(row ? row->override : NULL), "detail", lx_json_text(explanation->nearest_text));
}

static struct lx_protocol_text transport_of(const struct lx_probe *probe)
{
    struct lx_protocol_text name;

    if (probe->transport == LX_PORTLESS)
        return lx_protocol_name((uint8_t)probe->destination_port);
    snprintf(name.text, sizeof(name.text), "%s", lx_transport_name(probe->transport));
    return name;
}

static json_t *end_of(const struct lx_probe *probe, const struct lx_address *address, uint16_t port)
{
    char text[LX_PREFIX_TEXT];

    return probe->transport == LX_PORTLESS ? json_string(lx_address_format(address, text))
                                           : lx_json_socket(address, port);
}

json_t *lx_report_explanation(const struct lx_explanation *explanation)
{
    const struct lx_probe *probe = explanation->probe;
    bool pass = lx_reason_verdict(explanation->reason) == LX_PASS;
    bool track = explanation->hook == LX_HOOK_FROM_ROLE && explanation->egress == LX_EGRESS_TRACK;
    bool would = !pass && (explanation->audit || track);

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:b}", "verdict", pass ? "pass" : "drop",
                     "reason", lx_reason_name(explanation->reason), "meaning", lx_reason_meaning(explanation->reason),
                     "hook", lx_hook_name(explanation->hook), "row", lx_json_text(explanation->row), "source",
                     lx_json_text(explanation->source), "override", lx_json_text(explanation->override), "transport",
                     transport_of(probe).text, "from", end_of(probe, &probe->source, probe->source_port), "to",
                     end_of(probe, &probe->destination, probe->destination_port), "nearest", near_miss(explanation),
                     "would_drop", would);
}
