/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes hooks off in the order that leaves nothing half in force: what drops packets first, what lets replies in last.
 */
#include "hooks.h"

#include <errno.h>
#include <string.h>

#include "filter.h"
#include "maps.h"
#include "pins.h"
#include "running.h"

int lx_hook_look(enum lx_hook hook, unsigned ifindex, uint32_t counters_id)
{
    struct lx_running running;
    struct lx_filter filter;

    if (hook == LX_HOOK_TO_ROLE)
        return lx_running_with_map(ifindex, counters_id, &running);
    return lx_filter_with_map(ifindex, counters_id, &filter);
}

static int fail_to_look(int error, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot tell what runs on the interface: %s", strerror(-error));
}

static int stop_to_role(unsigned ifindex, uint32_t map_id, bool orphans, struct lx_failure *failure)
{
    struct lx_running running;
    int error = lx_running_with_map(ifindex, map_id, &running);

    if (error == -ENOENT && orphans)
        error = lx_running_by_name(ifindex, &running);
    if (!error)
        return lx_running_stop(ifindex, &running, failure);
    return error == -ENOENT ? error : fail_to_look(error, failure);
}

static int stop_from_role(unsigned ifindex, uint32_t map_id, bool orphans, struct lx_failure *failure)
{
    struct lx_filter filter;
    int error = lx_filter_with_map(ifindex, map_id, &filter);

    if (error == -ENOENT && orphans)
        error = lx_filter_by_name(ifindex, &filter);
    if (!error)
        return lx_filter_detach(ifindex, &filter, failure);
    return error == -ENOENT ? error : fail_to_look(error, failure);
}

int lx_hooks_stop(unsigned ifindex, const char *directory, bool orphans, struct lx_failure *failure)
{
    uint32_t to_role = lx_pin_map_id(directory, lx_map_name(LX_MAP_TO_ROLE_COUNTERS));
    uint32_t from_role = lx_pin_map_id(directory, lx_map_name(LX_MAP_FROM_ROLE_COUNTERS));
    struct lx_metadata metadata;
    int error, stopped;
    bool created;

    stopped = stop_to_role(ifindex, to_role, orphans, failure);
    if (stopped && stopped != -ENOENT)
        return stopped;
    error = stop_from_role(ifindex, from_role, orphans, failure);
    if (error && error != -ENOENT)
        return error;
    if (!error)
        stopped = 0;
    /* A command that was killed may have created the qdisc and put nothing on it. Where the pins that would tell are
     * lost, it is taken for ours if ours was the last filter on it. */
    created = lx_metadata_find(directory, &metadata) ? !error : metadata.clsact;
    error = created ? lx_clsact_remove(ifindex, failure) : 0;
    return error ?: stopped;
}
