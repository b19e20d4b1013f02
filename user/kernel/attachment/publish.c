/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Publishes a policy. An image is never rewritten in place: packets would read half of one and half of the other. A
 * fresh map is filled, frozen and only then put into its slot.
 */
#include "publish.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "user/core/image/row_slots.h"
#include "user/core/resolve/group_dates.h"

int lx_publish_image(const struct lx_maps *maps, uint32_t slot, const void *image, struct lx_failure *failure)
{
    const uint32_t size = maps->shape.capacity + LX_IMAGE_SLACK;
    const __u32 first = 0;
    int error = 0, map;

    map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "lyncxdp_image", sizeof(first), size, 1, NULL);
    if (map < 0)
        error = -errno;
    else if (bpf_map_update_elem(map, &first, image, BPF_ANY) || bpf_map_freeze(map) ||
             bpf_map_update_elem(maps->fds[LX_MAP_IMAGES], &slot, &map, BPF_ANY))
        error = -errno;
    if (map >= 0)
        close(map);
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot give the kernel the policy's image of %u KiB: %s",
                   maps->shape.capacity >> 10, strerror(-error));
}

/* Gives a publishing's image the size of the attachment's. */
static int publish_padded(const struct lx_maps *maps, const struct lx_publishing *publishing,
                          struct lx_failure *failure)
{
    const struct lx_compiled *compiled = publishing->compiled;
    void *padded = calloc(1, (size_t)maps->shape.capacity + LX_IMAGE_SLACK);
    int error;

    if (!padded)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    compiled->image->generation = (uint32_t)publishing->generation;
    if (maps->shape.forward)
        compiled->image->built_ins |= LX_BUILT_IN_WIRE;
    if (maps->shape.behind)
        compiled->image->built_ins |= LX_BUILT_IN_BEHIND;
    memcpy(padded, compiled->image, compiled->image->size);
    error = lx_publish_image(maps, publishing->slot, padded, failure);
    free(padded);
    return error;
}

/* Labels the row slots that the policy uses. */
static int publish_labels(int labels, const struct lx_policy *policy, struct lx_failure *failure)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct lx_rule *rule = &policy->rules[i];
        struct lx_row_label label;
        __u32 slot = rule->slot;

        lx_row_label(rule->row, &label);
        if (bpf_map_update_elem(labels, &slot, &label, BPF_ANY))
            return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot label row %s: %s", rule->row->id, strerror(errno));
    }
    return 0;
}

static void clear_rows(struct lx_cpu_counters *counters, uint32_t cpus, const struct lx_slot_set *rows)
{
    for (uint32_t cpu = 0; cpu < cpus; cpu++)
        for (uint32_t slot = 0; slot < LX_ROW_SLOTS; slot++)
            if (lx_slot_set_has(rows, slot))
                counters[cpu].rows[slot] = (struct lx_counter){0};
}

/* Clears the counters of rows that are gone, in the memory where others go on counting. */
static int clear_counters(int map, const struct lx_slot_set *rows, struct lx_failure *failure)
{
    const int cpus = libbpf_num_possible_cpus();
    const size_t size = (size_t)cpus * sizeof(struct lx_cpu_counters);
    struct lx_cpu_counters *counters =
        cpus < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

    if (counters == MAP_FAILED)
        return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot clear the counters of rows that are gone: %s",
                       strerror(errno));
    clear_rows(counters, (uint32_t)cpus, rows);
    munmap(counters, size);
    return 0;
}

/* Only after the image was put into its slot: the kernel has waited then for packets that an older image judges. */
static int reclaim(const struct lx_maps *maps, const struct lx_slot_set *rows, struct lx_failure *failure)
{
    static const struct lx_slot_set none;
    int error = 0;

    if (!rows || !memcmp(rows, &none, sizeof(none)))
        return 0;
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT && !error; hook++)
        if (maps->fds[lx_map_of_counters(hook)] >= 0)
            error = clear_counters(maps->fds[lx_map_of_counters(hook)], rows, failure);
    return error;
}

int lx_publish_metadata(int map, const struct lx_metadata *metadata, struct lx_failure *failure)
{
    if (!bpf_map_update_elem(map, &metadata->member, metadata, BPF_ANY))
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot write the attachment's metadata: %s", strerror(errno));
}

static int join_roles(const struct lx_policy *policy, char *roles, size_t room, struct lx_failure *failure)
{
    size_t length = 0;

    roles[0] = '\0';
    for (size_t i = 0; i < policy->roles.count && length < room; i++)
        length += snprintf(roles + length, room - length, "%s%s", i ? "," : "", policy->roles.items[i]);
    if (length < room)
        return 0;
    return lx_fail(failure, LX_EXIT_USAGE, E2BIG, "the names of these roles take more than %zu bytes; name fewer",
                   room - 1);
}

/* Each word with its zero byte. */
static int keep_request(const struct lx_words *request, struct lx_publication *publication, struct lx_failure *failure)
{
    for (size_t i = 0; request && i < request->count; i++) {
        size_t size = strlen(request->items[i]) + 1;

        if (publication->request_size + size > sizeof(publication->request))
            return lx_fail(failure, LX_EXIT_USAGE, E2BIG,
                           "the options take more than %zu bytes; put addresses into a site file (--site) instead",
                           sizeof(publication->request));
        memcpy(publication->request + publication->request_size, request->items[i], size);
        publication->request_size += (uint32_t)size;
    }
    return 0;
}

static uint32_t traits_of(const struct lx_policy *policy)
{
    uint32_t traits = policy->own && policy->own->any ? LX_TRAIT_ANY_SELF : 0;

    if (lx_policy_reads_tags(policy))
        traits |= LX_TRAIT_VLANS;
    if (lx_bypass_any(&policy->bypass))
        traits |= LX_TRAIT_BYPASS;
    if (policy->origin == LX_ORIGIN_LAST_GOOD)
        traits |= LX_TRAIT_LAST_GOOD;
    if (policy->origin == LX_ORIGIN_CLOSED)
        traits |= LX_TRAIT_CLOSED;
    return lx_bypass_is_bound(&policy->bypass) ? traits : traits | LX_TRAIT_UNBOUND;
}

static int describe(const struct lx_publishing *publishing, struct lx_publication *publication,
                    struct lx_failure *failure)
{
    const struct lx_policy *policy = publishing->policy;
    int error;

    publication->generation = publishing->generation;
    publication->digest = lx_policy_digest(policy);
    publication->published = (__u64)time(NULL);
    publication->egress = policy->egress;
    publication->audit = policy->audit;
    publication->traits = traits_of(policy);
    for (size_t i = 0; i < policy->rule_count; i++)
        lx_slot_set_add(&publication->rows, policy->rules[i].slot);
    lx_field_copy(publication->edition, sizeof(publication->edition), policy->edition);
    lx_field_copy(publication->side, sizeof(publication->side), lx_side_name(policy->side));
    while (publication->watch_port_count < policy->watch_port_count && publication->watch_port_count < LX_WATCH_PORTS) {
        publication->watch_ports[publication->watch_port_count] = policy->watch_ports[publication->watch_port_count];
        publication->watch_port_count++;
    }
    lx_policy_group_dates(policy, publication->groups);
    error = join_roles(policy, publication->roles, sizeof(publication->roles), failure);
    return error ?: keep_request(publishing->request, publication, failure);
}

static int publish_publication(int map, const struct lx_publishing *publishing, struct lx_failure *failure)
{
    struct lx_publication *publication = calloc(1, sizeof(*publication));
    int error;

    if (!publication)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    error = describe(publishing, publication, failure);
    if (!error && bpf_map_update_elem(map, &publishing->slot, publication, BPF_ANY))
        error = lx_fail(failure, LX_EXIT_FAILED, errno, "cannot write down what the policy is: %s", strerror(errno));
    free(publication);
    return error;
}

int lx_publish(const struct lx_maps *maps, const struct lx_publishing *publishing, struct lx_failure *failure)
{
    int error = publish_publication(maps->fds[LX_MAP_PUBLICATIONS], publishing, failure);

    error = error ?: publish_padded(maps, publishing, failure);
    error = error ?: reclaim(maps, publishing->reclaimed, failure);
    return error ?: publish_labels(maps->fds[LX_MAP_LABELS], publishing->policy, failure);
}

int lx_publish_control(int control, uint64_t word, struct lx_failure *failure)
{
    struct lx_control *mapped;

    mapped = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, control, 0);
    if (mapped == MAP_FAILED)
        return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot reach the control word: %s", strerror(errno));
    __atomic_store_n(&mapped->word, word, __ATOMIC_RELEASE);
    munmap(mapped, sysconf(_SC_PAGESIZE));
    return 0;
}
