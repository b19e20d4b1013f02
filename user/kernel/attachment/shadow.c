/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a candidate would change is counted in a map a hook, which is there only while there is a candidate: put before
 * the programs, and pinned beside the attachment's own maps for any reader.
 */
#include "shadow.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/kernel/object/pins.h"

static const char *const pin_names[LX_HOOK_COUNT] = {
    [LX_HOOK_TO_ROLE] = "to_role_changes",
    [LX_HOOK_FROM_ROLE] = "from_role_changes",
};

/* Sums of an earlier candidate are not this one's. */
static int clear_sums(int map)
{
    const struct lx_comparisons none = {0};
    const int cpus = libbpf_num_possible_cpus();
    int error = cpus < 0 ? cpus : 0;

    for (int cpu = 0; cpu < cpus && !error; cpu++)
        error = bpf_map_update_elem(map, &cpu, &none, BPF_ANY) ? -errno : 0;
    return error;
}

static int put_changes(const struct lx_maps *maps, enum lx_hook hook, const char *directory, struct lx_failure *failure)
{
    const __u32 index = hook;
    int error, map = bpf_map_create(BPF_MAP_TYPE_HASH, "lyncxdp_changes", sizeof(struct lx_divergence),
                                    sizeof(struct lx_counter), LX_CHANGES, NULL);

    if (map < 0)
        return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot make room to count what the candidate would change: %s",
                       strerror(errno));
    error = lx_pin_map(map, directory, pin_names[hook], failure);
    if (!error && bpf_map_update_elem(maps->fds[LX_MAP_CHANGES], &index, &map, BPF_ANY))
        error = lx_fail(failure, LX_EXIT_FAILED, errno, "cannot count what the candidate would change: %s",
                        strerror(errno));
    close(map);
    return error;
}

int lx_shadow_prepare(const struct lx_maps *maps, const char *directory, struct lx_failure *failure)
{
    int error = lx_shadow_remove(maps, directory, failure);

    if (error)
        return error;
    error = clear_sums(maps->fds[LX_MAP_COMPARISONS]);
    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot begin to compare: %s", strerror(-error));
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT && !error; hook++)
        if (maps->fds[lx_map_of_counters(hook)] >= 0)
            error = put_changes(maps, hook, directory, failure);
    if (error)
        lx_shadow_remove(maps, directory, NULL);
    return error;
}

int lx_shadow_remove(const struct lx_maps *maps, const char *directory, struct lx_failure *failure)
{
    int error = 0;

    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT && !error; hook++) {
        const __u32 index = hook;

        if (bpf_map_delete_elem(maps->fds[LX_MAP_CHANGES], &index) && errno != ENOENT)
            return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot stop counting what the candidate would change: %s",
                           strerror(errno));
        error = lx_unpin(directory, pin_names[hook], failure);
    }
    return error;
}

/* --- What was counted --- */

static int read_sum(int map, enum lx_hook hook, struct lx_comparison *sum)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);

    if (bpf_obj_get_info_by_fd(map, &info, &length))
        return -errno;
    for (__u32 cpu = 0; cpu < info.max_entries; cpu++) {
        struct lx_comparisons all;
        const struct lx_comparison *one = &all.hooks[hook];

        if (bpf_map_lookup_elem(map, &cpu, &all))
            return -errno;
        sum->packets += one->packets;
        for (int i = 0; i < 2; i++) {
            sum->newly[i].packets += one->newly[i].packets;
            sum->newly[i].bytes += one->newly[i].bytes;
        }
    }
    return 0;
}

static int add_change(struct lx_shadow_counts *counts, const struct lx_divergence *change,
                      const struct lx_counter *counter)
{
    struct lx_divergence_count *grown = counts->changes;

    if (!(counts->count & (counts->count - 1))) /* room for a power of two */
        grown = reallocarray(grown, counts->count ? 2 * counts->count : 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    counts->changes = grown;
    grown[counts->count++] = (struct lx_divergence_count){.change = *change, .counter = *counter};
    return 0;
}

/* Nothing is ever removed from the map, so that walking it key by key meets every one. */
static int read_changes(int map, struct lx_shadow_counts *counts)
{
    struct lx_divergence last, next;
    struct lx_counter counter;
    int error = 0;

    for (bool begun = false; !error; begun = true) {
        if (bpf_map_get_next_key(map, begun ? &last : NULL, &next))
            return errno == ENOENT ? 0 : -errno;
        last = next;
        if (!bpf_map_lookup_elem(map, &next, &counter))
            error = add_change(counts, &next, &counter);
    }
    return error;
}

int lx_shadow_read(const struct lx_attachment *attachment, enum lx_hook hook, struct lx_shadow_counts *counts,
                   struct lx_failure *failure)
{
    struct lx_shadow_counts read = {0};
    int error = 0, map;

    map = lx_pin_open_map(attachment->directory, pin_names[hook], false, sizeof(struct lx_divergence),
                          sizeof(struct lx_counter));
    if (map == -ENOENT)
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT, "%s has no candidate",
                       lx_called(attachment->metadata.interface, attachment->metadata.vlan).text);
    if (map < 0)
        error = map;
    /* The parts first: what is counted meanwhile is in the sums too. */
    error = error ?: read_changes(map, &read);
    error = error ?: read_sum(attachment->maps.fds[LX_MAP_COMPARISONS], hook, &read.sum);
    if (map >= 0)
        close(map);
    if (!error) {
        *counts = read;
        return 0;
    }
    lx_shadow_counts_free(&read);
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read what the candidate would change: %s",
                   strerror(-error));
}

void lx_shadow_counts_free(struct lx_shadow_counts *counts)
{
    free(counts->changes);
    *counts = (struct lx_shadow_counts){0};
}
