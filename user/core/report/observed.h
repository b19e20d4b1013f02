/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attachment as a reader last saw it, with what the reader must remember so that what it shows only grows. The one
 * noun between the pins and whatever shows them for longer than a moment: metrics, the page, live views.
 */
#ifndef LYNCXDP_CORE_OBSERVED_H
#define LYNCXDP_CORE_OBSERVED_H

#include <stdbool.h>
#include <stdint.h>

#include "counters.h"
#include "flow_numbers.h"
#include "port_series.h"
#include "range_series.h"
#include "user/core/policy/row.h"
#include "user/core/text/called.h"

/* Whether the program of a hook was found where it belongs. */
enum lx_found {
    LX_FOUND_RUNNING,
    LX_FOUND_GONE,
    LX_FOUND_UNKNOWN, /* in a network namespace that this reader cannot enter */
};

struct lx_observed_hook {
    bool present; /* false for the from-role hook under `--egress off` */
    enum lx_found found;
    struct lx_counters *counters; /* owned; NULL before the first look */
    struct lx_port_series ports;
    struct lx_range_series ranges;
};

struct lx_observed {
    struct lx_metadata metadata;
    struct lx_publication publication; /* of the policy in force */
    struct lx_publication shadow;      /* of the candidate beside it, while there is one */
    uint64_t control;                  /* the control word */
    uint64_t seen_ms;                  /* when that was: milliseconds of CLOCK_BOOTTIME */
    uint64_t seen_at;                  /* the same as seconds of CLOCK_REALTIME */
    char missed[LX_CALLED];            /* an interface of it where a program was found gone, or empty */
    char open_port[16];                /* a port of its bond that is not filtered, or empty */
    bool elsewhere;                    /* in another network namespace than the reader's */
    bool flows_known;
    struct lx_flow_numbers flows; /* that live */
    struct lx_row_label *labels;  /* owned; LX_ROW_SLOTS, or NULL before the first look */
    struct lx_observed_hook hooks[LX_HOOK_COUNT];
};

/* All attachments that were seen. */
struct lx_observations {
    const struct lx_observed **items; /* no two of one namespace are called the same */
    size_t count;
    const struct lx_words *declared; /* interfaces of the reader's namespace that are to be filtered; NULL: none */
    bool declaration_broken;         /* not all of what is declared could be read */
};

/* What it is called by; in the reader's own namespace alone it is a name. */
struct lx_called lx_observed_called(const struct lx_observed *observed);

/* The one of that name in the reader's own namespace, or NULL. */
const struct lx_observed *lx_observed_named(const struct lx_observations *seen, const char *name);

/* True unless a program of it was found gone, or a port of its bond is not filtered. */
bool lx_observed_runs(const struct lx_observed *observed);

/* Until a pending trial falls back, rounded up to whole seconds; 0 when none is pending. */
uint64_t lx_observed_trial_seconds(const struct lx_observed *observed);

/* True when a trial has run out and what was in force before it is again. */
bool lx_observed_on_fallback(const struct lx_observed *observed);

/* True while `shadow` is that of a candidate. */
bool lx_observed_has_shadow(const struct lx_observed *observed);

/* What it owns, not the structure itself. */
void lx_observed_free(struct lx_observed *observed);

#endif
