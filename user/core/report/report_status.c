/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_status.h"

#include "report_json.h"
#include "user/core/text/date.h"

static bool on_inner(const struct lx_metadata *metadata, enum lx_hook hook)
{
    return hook == LX_HOOK_FROM_ROLE && metadata->pair_ifindex;
}

/* Whether the hook's program on the interface itself is one of XDP. */
static bool by_xdp(const struct lx_metadata *metadata, enum lx_hook hook)
{
    return (hook == LX_HOOK_TO_ROLE) != (metadata->placement == LX_PLACEMENT_BEHIND);
}

const char *lx_hook_mode(const struct lx_metadata *metadata, enum lx_hook hook)
{
    if (on_inner(metadata, hook))
        return lx_mode_name(metadata->pair_mode);
    return by_xdp(metadata, hook) ? lx_mode_name(metadata->mode) : "tc";
}

bool lx_hook_dispatched(const struct lx_metadata *metadata, enum lx_hook hook)
{
    if (on_inner(metadata, hook))
        return metadata->pair_dispatcher;
    return by_xdp(metadata, hook) && metadata->dispatcher;
}

/* A trial that is pending, as an object with the whole seconds left, rounded up; or null. */
static json_t *trial(const struct lx_status *status)
{
    uint64_t deadline = lx_control_deadline(status->control);

    if (!deadline || status->now_ms >= deadline)
        return json_null();
    return json_pack("{s:I}", "seconds_left", (json_int_t)((deadline - status->now_ms + 999) / 1000));
}

static bool on_fallback(const struct lx_status *status)
{
    return lx_control_in_force(status->control, status->now_ms) != lx_control_active(status->control);
}

/* The candidate that is judged beside the policy in force, or null. */
static json_t *shadow(const struct lx_publication *publication)
{
    if (!publication)
        return json_null();
    return json_pack("{s:I, s:o, s:o}", "generation", (json_int_t)publication->generation, "role",
                     lx_json_text(publication->roles), "digest",
                     json_sprintf("%016llx", (unsigned long long)publication->digest));
}

/* The groups from lists, and of which day these are. */
static json_t *lists(const struct lx_publication *publication)
{
    const struct lx_group_date *groups = publication->groups;
    json_t *array = json_array();
    char day[LX_DATE_TEXT];

    for (size_t i = 0; i < LX_GROUP_DATES && groups[i].date; i++) {
        json_t *list = json_pack("{s:o, s:s}", "group", lx_json_text(groups[i].group), "date",
                                 lx_date_format(groups[i].date, day));

        if (lx_json_add(array, list)) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* Every interface of the attachment, and how its program of the hook runs there. */
static json_t *members(const struct lx_status *status, enum lx_hook hook)
{
    json_t *array = json_array();

    for (size_t i = 0; i < status->member_count; i++) {
        const struct lx_metadata *metadata = status->members[i].metadata;
        json_t *member = json_pack("{s:o, s:o, s:s, s:b, s:s}", "interface", lx_json_text(metadata->interface), "pair",
                                   lx_json_text(metadata->pair), "mode", lx_hook_mode(metadata, hook), "dispatcher",
                                   lx_hook_dispatched(metadata, hook), "state", status->members[i].state);

        if (lx_json_add(array, member)) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

json_t *lx_report_status(const struct lx_status *status, enum lx_hook hook)
{
    const struct lx_publication *publication = status->publication;
    const struct lx_metadata *metadata = status->metadata;
    static const char *const placements[LX_PLACEMENTS] = {"host", "pair", "behind"};

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:b, s:I, s:o, s:b, s:o, s:b, s:o, s:o, s:o, s:o, s:I, s:I, s:o, "
        "s:b, s:I, s:b, s:o, s:o, s:o, s:o, s:b, s:b, s:s, s:o, s:b, s:b}",
        "interface", lx_json_text(metadata->interface), "role", lx_json_text(publication->roles), "edition",
        lx_json_text(publication->edition), "side", lx_json_text(publication->side), "hook", lx_hook_name(hook),
        "state", status->state, "mode", lx_hook_mode(metadata, hook), "egress", lx_egress_name(publication->egress),
        "dispatcher", lx_hook_dispatched(metadata, hook), "generation", (json_int_t)publication->generation, "digest",
        json_sprintf("%016llx", (unsigned long long)publication->digest), "audit", publication->audit, "trial",
        trial(status), "fallback", on_fallback(status), "shadow", shadow(status->shadow), "flows",
        status->flows ? json_integer((json_int_t)status->flows->live) : json_null(), "picked_up",
        status->flows ? json_integer((json_int_t)status->flows->picked_up) : json_null(), "flows_evicted",
        status->flows ? json_integer((json_int_t)status->flows->evicted) : json_null(), "flow_capacity",
        (json_int_t)metadata->flow_capacity, "netns", (json_int_t)metadata->netns, "pair", lx_json_text(metadata->pair),
        "forward", metadata->forward, "published", (json_int_t)publication->published, "any_self",
        (publication->traits & LX_TRAIT_ANY_SELF) != 0, "vlan_tags", lx_json_text(status->vlan_tags), "members",
        members(status, hook), "open_port", lx_json_text(status->open_port), "tcx",
        by_xdp(metadata, hook) ? json_null() : lx_json_text(status->tcx), "bypass",
        (publication->traits & LX_TRAIT_BYPASS) != 0, "bypass_unbound", (publication->traits & LX_TRAIT_UNBOUND) != 0,
        "placement", placements[metadata->placement % LX_PLACEMENTS], "lists", lists(publication), "last_good",
        lx_published_origin(publication) == LX_ORIGIN_LAST_GOOD, "closed",
        lx_published_origin(publication) == LX_ORIGIN_CLOSED);
}
