/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching: everything is loaded, published and pinned first, and what the role sends is recorded before anything is
 * dropped, so that letting the to-role program onto the interface is one last step that puts a whole policy in force.
 * What a killed command left half done is tidied up on the way.
 */
#include "attachment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../core/request_words.h"
#include "filter.h"
#include "hooks.h"
#include "lock.h"
#include "pins.h"
#include "privilege.h"
#include "program.h"
#include "publish.h"
#include "rebuild.h"
#include "running.h"
#include "update.h"
#include "whereabouts.h"

#define FIRST_SLOT 0
#define FALLBACK_SLOT 1

/* An attachment on its way: what is there to be undone if a step fails. */
struct attaching {
    const struct lx_interface *interface;
    struct lx_pin_name name;
    char directory[LX_PINS_PATH];
    struct lx_maps maps;
    bool pinned; /* the directory was created */
    struct lx_metadata metadata;
};

static int fail_for_foreign(const struct lx_interface *interface, const struct lx_running *other,
                            struct lx_failure *failure)
{
    if (other->lyncxdp)
        return lx_fail(failure, LX_EXIT_BUSY, EBUSY,
                       "%s runs lyncxdp's program %u without its pins (was " LX_BPFFS " unmounted?); "
                       "take it off with: lyncxdp detach %s",
                       interface->name, other->id, interface->name);
    return lx_fail(failure, LX_EXIT_BUSY, EBUSY,
                   "%s runs another XDP program, %u (%s), without libxdp's dispatcher, so that none can run beside it; "
                   "take it off with: ip link set dev %s %s off",
                   interface->name, other->id, other->name, interface->name,
                   other->mode == LX_MODE_GENERIC ? "xdpgeneric" : "xdpdrv");
}

static int fail_to_look(int error, const struct lx_interface *interface, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot tell what runs on %s: %s", interface->name,
                   strerror(-error));
}

static int fail_for_another(const struct lx_interface *interface, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_BUSY, EEXIST, "lyncxdp is attached to %s already; detach it first",
                   interface->name);
}

/* Interfaces are moved between network namespaces with their XDP programs: this one perhaps, or the one that the pins
 * in its place belong to.
 */
static int refuse_moved(const struct attaching *attaching, struct lx_failure *failure)
{
    const struct lx_interface *interface = attaching->interface;
    struct lx_metadata metadata;
    char directory[LX_PINS_PATH];

    if (strcmp(lx_whereabouts_directory(interface, directory), attaching->directory))
        return fail_for_another(interface, failure);
    if (lx_metadata_find(directory, &metadata) || lx_whereabouts_find(directory, &metadata) ||
        (metadata.netns == interface->netns && metadata.ifindex == interface->index))
        return 0;
    return lx_fail(failure, LX_EXIT_BUSY, EBUSY,
                   "%s has the index of an interface that was moved to another network namespace and is filtered "
                   "there, as %s; detach that one first, or all with: lyncxdp detach --all",
                   interface->name, metadata.interface);
}

/* Refuses when the attachment exists; removes what is left of it when it no longer runs. */
static int remove_stale(const struct attaching *attaching, struct lx_failure *failure)
{
    const struct lx_interface *interface = attaching->interface;
    uint32_t counters = lx_pin_map_id(attaching->directory, lx_map_name(LX_MAP_TO_ROLE_COUNTERS));
    int error = lx_rebuild_recover(interface->index, attaching->directory, failure);

    if (error || lx_pins_look(attaching->directory))
        return error;
    error = lx_hook_look(LX_HOOK_TO_ROLE, interface->index, counters);
    if (!error)
        return fail_for_another(interface, failure);
    if (error != -ENOENT)
        return fail_to_look(error, interface, failure);
    error = lx_hooks_stop(interface->index, attaching->directory, false, failure);
    return error && error != -ENOENT ? error : lx_pins_remove(attaching->directory, failure);
}

/* Asked before anything is tidied up: what is refused changes nothing. */
static int refuse_replacement(const struct lx_interface *interface, struct lx_failure *failure)
{
    struct lx_running other;

    if (!lx_running_alone(interface->index, &other) && !other.lyncxdp)
        return fail_for_foreign(interface, &other, failure);
    return 0;
}

static int refuse_foreign(const struct lx_interface *interface, struct lx_failure *failure)
{
    struct lx_running other = {.lyncxdp = true};
    struct lx_filter filter;
    int error;

    /* One of ours that lost its pins may also stand behind a dispatcher, where another would run beside it. */
    error = lx_running_by_name(interface->index, &other);
    if (error == -ENOENT)
        error = lx_running_alone(interface->index, &other);
    if (error == -ENOENT) {
        error = lx_filter_by_name(interface->index, &filter);
        other.id = error ? 0 : filter.program;
    }
    if (!error)
        return fail_for_foreign(interface, &other, failure);
    return error == -ENOENT ? 0 : fail_to_look(error, interface, failure);
}

static void describe(struct attaching *attaching, const struct lx_shape *shape)
{
    const struct lx_interface *interface = attaching->interface;
    struct lx_metadata *metadata = &attaching->metadata;

    *metadata = (struct lx_metadata){
        .magic = LX_MAGIC,
        .abi_version = LX_ABI_VERSION,
        .ifindex = interface->index,
        .netns = interface->netns,
        .image_capacity = shape->capacity,
        .program_version = LX_PROGRAM_VERSION,
        .from_role = shape->from_role,
        .flow_capacity = shape->from_role ? shape->flows : 0,
        .clsact = shape->from_role && lx_clsact_look(interface->index) == -ENOENT,
    };
    snprintf(metadata->interface, sizeof(metadata->interface), "%s", interface->name);
}

/* What a trial on a first attach falls back to: the same policy, which drops nothing and counts what it would have. */
static int publish_audit(struct attaching *attaching, const struct lx_candidate *candidate, struct lx_failure *failure)
{
    struct lx_diagnostics unheard = {0};
    struct lx_policy policy = *candidate->policy;
    struct lx_words request = {0}, audit = {.items = (char *[]){(char *)"--audit"}, .count = 1};
    struct lx_candidate fallback = *candidate;
    struct lx_compiled compiled = {0};
    int error;

    policy.audit = true;
    fallback.policy = &policy;
    fallback.compiled = &compiled;
    fallback.request = &request;
    fallback.slot = FALLBACK_SLOT;
    fallback.generation = candidate->generation - 1;
    error = lx_compile(&policy, &compiled, &unheard);
    error = error ?: lx_request_merge(candidate->request ?: &request, &audit, &request);
    if (error)
        lx_fail(failure, LX_EXIT_FAILED, -error, "cannot prepare what the trial falls back to: %s", strerror(-error));
    error = error ?: lx_publish(&attaching->maps, &fallback, failure);
    lx_words_free(&request);
    lx_compiled_free(&compiled);
    lx_diagnostics_free(&unheard);
    return error;
}

static int start_trial(const struct attaching *attaching, uint32_t seconds, struct lx_failure *failure)
{
    return lx_publish_control(
        attaching->maps.fds[LX_MAP_CONTROL],
        lx_control_word(FIRST_SLOT, FALLBACK_SLOT, LX_NO_SHADOW, lx_monotonic_ms() + seconds * 1000ull), failure);
}

static int publish(struct attaching *attaching, const struct lx_policy *policy, const struct lx_compiled *compiled,
                   const struct lx_attach_choices *choices, struct lx_failure *failure)
{
    const struct lx_candidate candidate = {.policy = policy,
                                           .compiled = compiled,
                                           .request = choices->request,
                                           .slot = FIRST_SLOT,
                                           .generation = choices->try_seconds ? 2 : 1};
    int error = lx_publish(&attaching->maps, &candidate, failure);

    error = error ?: lx_publish_metadata(attaching->maps.fds[LX_MAP_METADATA], &attaching->metadata, failure);
    if (!choices->try_seconds)
        return error
                   ?: lx_publish_control(attaching->maps.fds[LX_MAP_CONTROL],
                                         lx_control_word(FIRST_SLOT, FIRST_SLOT, LX_NO_SHADOW, 0), failure);
    error = error ?: publish_audit(attaching, &candidate, failure);
    return error ?: start_trial(attaching, choices->try_seconds, failure);
}

/* Everything that readers need, the metadata last: who finds it finds all. */
static int pin(struct attaching *attaching, struct lx_failure *failure)
{
    const char *path = attaching->directory;
    int error;

    error = lx_pins_create(path, failure);
    if (error)
        return error;
    attaching->pinned = true;
    error = lx_maps_pin(&attaching->maps, path, failure);
    return error ?: lx_pin_map(attaching->maps.fds[LX_MAP_METADATA], path, LX_PIN_METADATA, failure);
}

/* The from-role program goes in first: the flows that already run are known before anything asks for them. */
static int let_out(struct attaching *attaching, struct lx_failure *failure)
{
    int error, program;

    if (!attaching->metadata.from_role)
        return 0;
    program = lx_program_load(&attaching->maps, LX_HOOK_FROM_ROLE, false, failure);
    if (program < 0)
        return program;
    error = lx_pin_program(program, attaching->directory, lx_program_pins[LX_HOOK_FROM_ROLE], failure);
    if (!error) {
        error = lx_clsact_create(attaching->interface, failure);
        attaching->metadata.clsact = error == 1;
        error = error < 0 ? error : lx_filter_attach(attaching->interface, program, failure);
    }
    close(program);
    return error;
}

/* What only attaching could tell is written down. */
static int complete(struct attaching *attaching, int program, struct lx_failure *failure)
{
    const struct lx_interface *interface = attaching->interface;
    struct lx_running running;
    int error;

    error = lx_running_with_map(interface->index, lx_map_id(attaching->maps.fds[LX_MAP_TO_ROLE_COUNTERS]), &running);
    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error,
                       "the program was attached to %s but does not run there: %s; something else took it off",
                       interface->name, strerror(-error));
    attaching->metadata.mode = running.mode;
    attaching->metadata.program_id = running.id;
    attaching->metadata.dispatcher = running.dispatcher;
    error = lx_pin_program(program, attaching->directory, lx_program_pins[LX_HOOK_TO_ROLE], failure);
    return error ?: lx_publish_metadata(attaching->maps.fds[LX_MAP_METADATA], &attaching->metadata, failure);
}

/* The last step. The policy is in force with it. */
static int let_in(struct attaching *attaching, enum lx_mode_choice mode, struct lx_failure *failure)
{
    const struct lx_interface *interface = attaching->interface;
    struct lx_running running;
    int error, program;

    program = lx_program_attach(&attaching->maps, interface, mode, failure);
    /* Somebody was quicker: say who, rather than what the kernel thinks of it. */
    if ((program == -EBUSY || program == -EEXIST) && !lx_running_alone(interface->index, &running))
        return fail_for_foreign(interface, &running, failure);
    if (program < 0)
        return program;
    error = complete(attaching, program, failure);
    close(program);
    return error;
}

static void undo(struct attaching *attaching)
{
    if (!attaching->pinned)
        return;
    lx_publish_metadata(attaching->maps.fds[LX_MAP_METADATA], &attaching->metadata, NULL); /* whose the qdisc is */
    lx_hooks_stop(attaching->interface->index, attaching->directory, false, NULL);
    lx_pins_remove(attaching->directory, NULL);
}

static int attach_locked(struct attaching *attaching, const struct lx_policy *policy,
                         const struct lx_compiled *compiled, const struct lx_attach_choices *choices,
                         struct lx_failure *failure)
{
    bool from_role = policy->egress != LX_EGRESS_OFF;
    const struct lx_shape shape = {
        .capacity = compiled->capacity,
        .flows = from_role ? choices->flows ?: LX_DEFAULT_FLOWS : 1, /* the table takes memory, used or not */
        .from_role = from_role,
    };
    int error;

    error = refuse_replacement(attaching->interface, failure);
    error = error ?: refuse_moved(attaching, failure);
    error = error ?: remove_stale(attaching, failure);
    error = error ?: refuse_foreign(attaching->interface, failure);
    if (error)
        return error;
    describe(attaching, &shape);
    error = lx_maps_create(&shape, &attaching->maps, failure);
    error = error ?: publish(attaching, policy, compiled, choices, failure);
    error = error ?: pin(attaching, failure);
    error = error ?: let_out(attaching, failure);
    error = error ?: let_in(attaching, choices->mode, failure);
    /* Attaching took some of the time. */
    if (!error && choices->try_seconds)
        error = start_trial(attaching, choices->try_seconds, failure);
    if (error)
        undo(attaching);
    lx_maps_close(&attaching->maps);
    return error;
}

int lx_attach(const struct lx_interface *interface, const struct lx_policy *policy, const struct lx_compiled *compiled,
              const struct lx_attach_choices *choices, struct lx_metadata *attached, struct lx_failure *failure)
{
    struct attaching attaching = {
        .interface = interface,
        .name = {.netns = interface->netns, .ifindex = interface->index},
        .maps = LX_MAPS_NONE,
    };
    struct lx_lock lock;
    int error;

    lx_pins_path(&attaching.name, attaching.directory);
    error = lx_privilege_check("attaching", failure);
    error = error ?: lx_bpffs_prepare(failure);
    if (!error)
        lx_detach_leftovers(interface);
    error = error ?: lx_lock_take(&attaching.name, &lock, failure);
    if (error)
        return error;
    error = attach_locked(&attaching, policy, compiled, choices, failure);
    lx_lock_free(&lock);
    if (!error)
        *attached = attaching.metadata;
    return error;
}
