/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be determined from the control word of an observed attachment. */
#include "observed.h"

#include <stdlib.h>
#include <string.h>

const struct lx_observed *lx_observed_named(const struct lx_observations *seen, const char *name)
{
    for (size_t i = 0; i < seen->count; i++)
        if (!seen->items[i]->elsewhere && !strcmp(lx_observed_called(seen->items[i]).text, name))
            return seen->items[i];
    return NULL;
}

struct lx_called lx_observed_called(const struct lx_observed *observed)
{
    return lx_called(observed->metadata.interface, observed->metadata.vlan);
}

bool lx_observed_runs(const struct lx_observed *observed)
{
    bool all = !observed->open_port[0];

    for (int hook = 0; hook < LX_HOOK_COUNT; hook++)
        all = all && (!observed->hooks[hook].present || observed->hooks[hook].found != LX_FOUND_GONE);
    return all;
}

uint64_t lx_observed_trial_seconds(const struct lx_observed *observed)
{
    uint64_t deadline = lx_control_deadline(observed->control);

    return deadline > observed->seen_ms ? (deadline - observed->seen_ms + 999) / 1000 : 0;
}

bool lx_observed_on_fallback(const struct lx_observed *observed)
{
    return lx_control_in_force(observed->control, observed->seen_ms) != lx_control_active(observed->control);
}

bool lx_observed_has_shadow(const struct lx_observed *observed)
{
    return lx_control_shadow(observed->control) != LX_NO_SHADOW;
}

void lx_observed_free(struct lx_observed *observed)
{
    for (int hook = 0; hook < LX_HOOK_COUNT; hook++) {
        free(observed->hooks[hook].counters);
        lx_port_series_free(&observed->hooks[hook].ports);
    }
    free(observed->labels);
    *observed = (struct lx_observed){0};
}
