/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching: everything is loaded, published and pinned first, so that letting the program onto the interface is one
 * last step that puts a whole policy in force. What a killed command left half done is tidied up on the way.
 */
#include "attachment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"
#include "pins.h"
#include "privilege.h"
#include "program.h"
#include "publish.h"
#include "running.h"

/* An attachment on its way: what is there to be undone if a step fails. */
struct attaching {
    const struct lx_interface *interface;
    struct lx_pin_name name;
    char directory[LX_PINS_PATH];
    struct lx_twin twin;
    bool pinned; /* the directory was created */
    int program; /* on the interface, or -1 */
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

/* Refuses when the attachment exists; removes its pins when it no longer runs. */
static int remove_stale(const struct attaching *attaching, struct lx_failure *failure)
{
    const struct lx_interface *interface = attaching->interface;
    struct lx_running own;
    int error;

    if (lx_pins_look(attaching->directory))
        return 0;
    error = lx_running_with_map(interface->index, lx_pin_map_id(attaching->directory, LX_PIN_COUNTERS), &own);
    if (!error)
        return lx_fail(failure, LX_EXIT_BUSY, EEXIST, "lyncxdp is attached to %s already; detach it first",
                       interface->name);
    return error == -ENOENT ? lx_pins_remove(attaching->directory, failure) : fail_to_look(error, interface, failure);
}

static int refuse_foreign(const struct lx_interface *interface, struct lx_failure *failure)
{
    struct lx_running other;
    int error;

    /* One of ours that lost its pins may also stand behind a dispatcher, where another would run beside it. */
    error = lx_running_by_name(interface->index, &other);
    if (error == -ENOENT)
        error = lx_running_alone(interface->index, &other);
    if (!error)
        return fail_for_foreign(interface, &other, failure);
    return error == -ENOENT ? 0 : fail_to_look(error, interface, failure);
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

static int describe(struct attaching *attaching, const struct lx_policy *policy, uint32_t capacity,
                    struct lx_failure *failure)
{
    struct lx_metadata *metadata = &attaching->metadata;

    *metadata = (struct lx_metadata){
        .magic = LX_MAGIC,
        .abi_version = LX_ABI_VERSION,
        .ifindex = attaching->interface->index,
        .netns = attaching->interface->netns,
        .generation = 1,
        .digest = lx_policy_digest(policy),
        .image_capacity = capacity,
    };
    snprintf(metadata->interface, sizeof(metadata->interface), "%s", attaching->interface->name);
    snprintf(metadata->edition, sizeof(metadata->edition), "%s", policy->edition ?: "");
    snprintf(metadata->side, sizeof(metadata->side), "%s", lx_side_name(policy->side) ?: "");
    return join_roles(policy, metadata->roles, sizeof(metadata->roles), failure);
}

static int publish(struct attaching *attaching, const struct lx_policy *policy, const struct lx_compiled *compiled,
                   struct lx_failure *failure)
{
    const struct lx_twin *twin = &attaching->twin;
    int error;

    error = lx_publish_image(twin->images, 0, compiled, failure);
    error = error ?: lx_publish_labels(twin->labels, policy, failure);
    error = error ?: lx_publish_metadata(twin->metadata, &attaching->metadata, failure);
    return error ?: lx_publish_control(twin->control, lx_control_word(0, 0, 0), failure);
}

/* Everything that readers need, the metadata last: who finds it finds all. */
static int pin(struct attaching *attaching, struct lx_failure *failure)
{
    const struct lx_twin *twin = &attaching->twin;
    const char *path = attaching->directory;
    int error;

    error = lx_pins_create(path, failure);
    if (error)
        return error;
    attaching->pinned = true;
    error = lx_pin_map(twin->counters, path, LX_PIN_COUNTERS, failure);
    error = error ?: lx_pin_map(twin->control, path, LX_PIN_CONTROL, failure);
    error = error ?: lx_pin_map(twin->images, path, LX_PIN_IMAGES, failure);
    error = error ?: lx_pin_map(twin->labels, path, LX_PIN_LABELS, failure);
    error = error ?: lx_pin_program(twin->program, path, LX_PIN_TWIN, failure);
    return error ?: lx_pin_map(twin->metadata, path, LX_PIN_METADATA, failure);
}

/* The last step. The program is in force with it; the rest writes down what only attaching could tell. */
static int let_in(struct attaching *attaching, enum lx_mode_choice mode, struct lx_failure *failure)
{
    const struct lx_interface *interface = attaching->interface;
    struct lx_running running;
    int error, program;

    program = lx_program_attach(&attaching->twin, interface, mode, failure);
    /* Somebody was quicker: say who, rather than what the kernel thinks of it. */
    if ((program == -EBUSY || program == -EEXIST) && !lx_running_alone(interface->index, &running))
        return fail_for_foreign(interface, &running, failure);
    if (program < 0)
        return program;
    attaching->program = program;
    error = lx_running_with_map(interface->index, lx_pin_map_id(attaching->directory, LX_PIN_COUNTERS), &running);
    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error,
                       "the program was attached to %s but does not run there: %s; something else took it off",
                       interface->name, strerror(-error));
    attaching->metadata.mode = running.mode;
    attaching->metadata.program_id = running.id;
    attaching->metadata.dispatcher = running.dispatcher;
    error = lx_pin_program(program, attaching->directory, LX_PIN_TO_ROLE, failure);
    return error ?: lx_publish_metadata(attaching->twin.metadata, &attaching->metadata, failure);
}

static void undo(struct attaching *attaching)
{
    unsigned ifindex = attaching->interface->index;
    struct lx_running running;

    if (attaching->program >= 0 &&
        !lx_running_with_map(ifindex, lx_pin_map_id(attaching->directory, LX_PIN_COUNTERS), &running))
        lx_running_stop(ifindex, &running, NULL);
    if (attaching->pinned)
        lx_pins_remove(attaching->directory, NULL);
}

static int attach_locked(struct attaching *attaching, const struct lx_policy *policy,
                         const struct lx_compiled *compiled, enum lx_mode_choice mode, struct lx_failure *failure)
{
    int error;

    error = remove_stale(attaching, failure);
    error = error ?: refuse_foreign(attaching->interface, failure);
    error = error ?: describe(attaching, policy, compiled->capacity, failure);
    error = error ?: lx_twin_load(compiled->capacity, &attaching->twin, failure);
    error = error ?: publish(attaching, policy, compiled, failure);
    error = error ?: pin(attaching, failure);
    error = error ?: let_in(attaching, mode, failure);
    if (error)
        undo(attaching);
    if (attaching->program >= 0)
        close(attaching->program);
    lx_twin_free(&attaching->twin);
    return error;
}

int lx_attach(const struct lx_interface *interface, const struct lx_policy *policy, const struct lx_compiled *compiled,
              enum lx_mode_choice mode, struct lx_metadata *attached, struct lx_failure *failure)
{
    struct attaching attaching = {
        .interface = interface,
        .name = {.netns = interface->netns, .ifindex = interface->index},
        .program = -1,
    };
    struct lx_lock lock;
    int error;

    lx_pins_path(&attaching.name, attaching.directory);
    error = lx_privilege_check("attaching", failure);
    error = error ?: lx_bpffs_prepare(failure);
    error = error ?: lx_lock_take(&attaching.name, &lock, failure);
    if (error)
        return error;
    error = attach_locked(&attaching, policy, compiled, mode, failure);
    lx_lock_free(&lock);
    if (!error)
        *attached = attaching.metadata;
    return error;
}
