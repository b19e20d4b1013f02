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
                     lx_transport_name(probe->transport), "from", lx_json_socket(&probe->source, probe->source_port),
                     "to", lx_json_socket(&probe->destination, probe->destination_port), "nearest",
                     near_miss(explanation), "would_drop", would);
}
