/* SPDX-License-Identifier: GPL-2.0-only */
/* Attachments to show: two hooks, two rows, a few packets, without a kernel. */
#ifndef LYNCXDP_TESTS_UNIT_OBSERVATIONS_H
#define LYNCXDP_TESTS_UNIT_OBSERVATIONS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/image/row_slots.h"
#include "user/core/report/observed.h"

static inline void label_row(struct lx_observed *observed, size_t slot, enum lx_hook hook, const char *id,
                             uint16_t port)
{
    struct lx_row_label *label = &observed->labels[slot];

    strcpy(label->id, id);
    strcpy(label->source, "A document, row 1");
    label->hook = (uint8_t)hook;
    label->transports = 1 << LX_UDP;
    label->port_count = 1;
    label->ports[0].first = label->ports[0].last = port;
    lx_slot_set_add(&observed->publication.rows, (uint32_t)slot);
}

/* As the reader of an attachment counts a dropped packet. */
static inline void drop_packets(struct lx_counters *counters, enum lx_transport transport, uint16_t port,
                                uint64_t count)
{
    counters->dropped[transport][port] += count;
    counters->all_dropped[transport] += count;
    counters->port_pages[transport][port / LX_PORT_PAGE] += count;
    counters->reasons[LX_REASON_NO_ROW].packets += count;
    counters->reasons[LX_REASON_NO_ROW].bytes += 60 * count;
}

/* A dropped packet that the role sends, by either port. */
static inline void drop_sent(struct lx_counters *counters, enum lx_transport transport, uint16_t own, uint16_t peer,
                             uint64_t count)
{
    drop_packets(counters, transport, peer, count);
    counters->own_dropped[transport][own] += count;
    counters->own_pages[transport][own / LX_PORT_PAGE] += count;
}

/* An attachment of av-edge. Free with free_observed(). */
static inline struct lx_observed *observe(const char *interface)
{
    struct lx_observed *observed = calloc(1, sizeof(*observed));

    cr_assert(observed);
    snprintf(observed->metadata.interface, sizeof(observed->metadata.interface), "%s", interface);
    observed->metadata.mode = LX_MODE_NATIVE;
    observed->metadata.netns = 4026531840;
    observed->metadata.from_role = 1;
    observed->metadata.flow_capacity = 65536;
    observed->publication.generation = 3;
    observed->publication.digest = 0xabc;
    observed->publication.egress = LX_EGRESS_TRACK;
    strcpy(observed->publication.edition, "lync2010");
    strcpy(observed->publication.roles, "av-edge");
    strcpy(observed->publication.side, "external");
    observed->flows_known = true;
    observed->flows.live = 17;
    observed->labels = calloc(LX_ROW_SLOTS, sizeof(*observed->labels));
    cr_assert(observed->labels);
    label_row(observed, 0, LX_HOOK_TO_ROLE, "stun-in", 3478);
    label_row(observed, 1, LX_HOOK_FROM_ROLE, "stun-out", 3478);
    for (int hook = 0; hook < LX_HOOK_COUNT; hook++) {
        observed->hooks[hook].present = true;
        observed->hooks[hook].counters = calloc(1, sizeof(struct lx_counters));
        cr_assert(observed->hooks[hook].counters);
    }
    return observed;
}

static inline struct lx_counters *counted_at(struct lx_observed *observed, enum lx_hook hook)
{
    return observed->hooks[hook].counters;
}

static inline void free_observed(struct lx_observed *observed)
{
    lx_observed_free(observed);
    free(observed);
}

#endif
