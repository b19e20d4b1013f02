/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens an attachment by its pins and shows what state it is in. Nothing here changes anything. */
#include "attachment.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"
#include "location.h"
#include "user/kernel/link/bond.h"
#include "user/kernel/link/link_settings.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/pins.h"
#include "user/kernel/process/clock.h"
#include "user/kernel/process/namespace.h"

_Static_assert(sizeof(((struct lx_attachment *)0)->directory) >= LX_PINS_PATH, "a directory fits");

/* What is in force now. An update may switch while we read; then what was read is read again. */
static int read_publication(struct lx_attachment *attachment)
{
    uint64_t before, after = 0;
    int error = lx_control_read(&attachment->maps, &before);

    attachment->opened_ms = lx_boottime_ms();
    for (int attempt = 0; attempt < 100 && !error; attempt++) {
        error = lx_publication_read(&attachment->maps, lx_control_in_force(before, attachment->opened_ms),
                                    &attachment->publication);
        error = error ?: lx_control_read(&attachment->maps, &after);
        if (error || before == after)
            break;
        before = after;
    }
    attachment->control = before;
    return error;
}

/* Opens what a reader needs. */
static int open_pins(const char *path, struct lx_attachment *attachment)
{
    int error = lx_maps_open(path, false, &attachment->maps);

    error = error ?: lx_metadata_read(&attachment->maps, &attachment->metadata);
    return error ?: read_publication(attachment);
}

int lx_attachment_candidate(const struct lx_attachment *attachment, struct lx_publication *candidate)
{
    uint8_t slot = lx_control_shadow(attachment->control);

    return slot < LX_IMAGE_SLOTS ? lx_publication_read(&attachment->maps, slot, candidate) : -ENOENT;
}

bool lx_attachment_has_hook(const struct lx_attachment *attachment, enum lx_hook hook)
{
    return hook == LX_HOOK_TO_ROLE ||
           (attachment->metadata.from_role && attachment->publication.egress != LX_EGRESS_OFF);
}

/* A command that died after attaching left the metadata unfinished: what only attaching could show is asked again. */
static void complete_metadata(const struct lx_attachment *attachment, struct lx_metadata *metadata)
{
    static const enum lx_program programs[] = {LX_PROGRAM_TO_ROLE_XDP, LX_PROGRAM_FROM_ROLE_XDP};
    bool unknown[2];
    int came_from;

    for (int i = 0; i < 2; i++)
        unknown[i] = lx_place_of_xdp(metadata, programs[i]) &&
                     !(lx_is_at_inner(metadata, programs[i]) ? metadata->pair_program_id : metadata->program_id);
    if (!unknown[0] && !unknown[1])
        return;
    came_from = lx_namespace_enter(metadata->netns);
    if (came_from < 0)
        return;
    for (int i = 0; i < 2; i++)
        if (unknown[i])
            lx_metadata_complete(metadata, programs[i], &attachment->maps);
    lx_namespace_leave(came_from);
}

/* What is filtered with it. */
static void see_members(struct lx_attachment *attachment, bool anywhere)
{
    struct lx_members all;

    lx_members_read(attachment->maps.fds[LX_MAP_METADATA], &all);
    attachment->members.count = 0;
    for (size_t i = 0; i < all.count; i++) {
        struct lx_metadata *member = &attachment->members.items[attachment->members.count];

        *member = all.items[i];
        if ((anywhere || member->netns == lx_namespace_own()) &&
            lx_location_find(attachment->directory, member) == -ENOENT)
            member->ifindex = 0;
        else
            complete_metadata(attachment, member);
        attachment->members.count += lx_location_joined(attachment->directory, member);
    }
}

static int fail_to_open(int error, const char *path, const char *what, struct lx_failure *failure)
{
    switch (-error) {
    case ENOENT:
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT, "nothing is attached to %s", what);
    case EACCES:
    case EPERM:
        return lx_fail(failure, LX_EXIT_FAILED, -error, "reading the attachment of %s needs root; run it with sudo",
                       what);
    default:
        return lx_fail_to_open(error, path, what, failure);
    }
}

static int open_path(const char *path, const char *what, bool anywhere, struct lx_attachment *attachment,
                     struct lx_failure *failure)
{
    struct lx_attachment opened = {.maps = LX_MAPS_NONE, .dry_runs = {[0 ... LX_PROGRAM_COUNT - 1] = -1}};
    int error = lx_pins_look(path);

    error = error ?: open_pins(path, &opened);
    if (error) {
        lx_attachment_close(&opened);
        return fail_to_open(error, path, what, failure);
    }
    snprintf(opened.directory, sizeof(opened.directory), "%s", path);
    if (anywhere || opened.metadata.netns == lx_namespace_own())
        opened.gone = lx_location_find(path, &opened.metadata) == -ENOENT;
    complete_metadata(&opened, &opened.metadata);
    see_members(&opened, anywhere);
    *attachment = opened;
    return 0;
}

static int fail_for_none(const struct lx_interface *interface, const char *directory, struct lx_failure *failure)
{
    struct lx_running orphan;
    struct lx_metadata beside;
    char path[LX_PINS_PATH];

    if (lx_bpffs_refuse_hidden(failure))
        return -ENOTSUP;
    if (lx_location_beside(interface, directory, &beside, path))
        return lx_fail_for_beside(interface, &beside, failure);
    if (lx_running_by_name(interface->index, &orphan))
        return fail_to_open(-ENOENT, NULL, interface->name, failure);
    return lx_fail(failure, LX_EXIT_FAILED, ENOENT,
                   "%s runs lyncxdp's program %u, but its pins are lost (was " LX_BPFFS " unmounted?), so that its "
                   "state is unreadable; it filters until you run: lyncxdp detach %s",
                   interface->name, orphan.id, interface->name);
}

/* Whether the pins in a directory are those of a pair whose inner side an interface is, wherever that is now. */
static bool is_inner_side(const struct lx_interface *interface, const char *directory)
{
    const struct lx_pin_name own = {.netns = interface->netns, .ifindex = interface->index, .vlan = interface->vlan};
    char path[LX_PINS_PATH];

    return strcmp(lx_pins_path(&own, path), directory) && lx_location_is_inner(interface, directory);
}

int lx_attachment_open(const struct lx_interface *interface, struct lx_attachment *attachment,
                       struct lx_failure *failure)
{
    struct lx_attachment opened;
    struct lx_metadata member;
    char path[LX_PINS_PATH];
    int error = open_path(lx_location_directory(interface, path), interface->name, true, &opened, failure);

    if (error)
        return error == -ENOENT ? fail_for_none(interface, path, failure) : error;
    /* The pins may be those of another that was in its place and is gone, or somewhere else now. */
    if ((opened.gone || opened.metadata.ifindex != interface->index || opened.metadata.netns != interface->netns) &&
        !is_inner_side(interface, path) && !lx_location_is_member(interface, path, &member) &&
        !lx_location_goes_on(path, 0)) {
        lx_attachment_close(&opened);
        return fail_for_none(interface, path, failure);
    }
    *attachment = opened;
    return 0;
}

int lx_attachment_open_directory(const char *directory, struct lx_attachment *attachment, struct lx_failure *failure)
{
    struct lx_pin_name name;

    if (lx_pins_name(directory, &name))
        return lx_fail(failure, LX_EXIT_FAILED, EINVAL, "%s is not the directory of an attachment", directory);
    return open_path(directory, directory, true, attachment, failure);
}

int lx_attachment_open_nearby(const char *directory, struct lx_attachment *attachment, struct lx_failure *failure)
{
    return open_path(directory, directory, false, attachment, failure);
}

void lx_attachment_close(struct lx_attachment *attachment)
{
    for (int program = 0; program < LX_PROGRAM_COUNT; program++) {
        if (attachment->dry_runs[program] >= 0)
            close(attachment->dry_runs[program]);
        attachment->dry_runs[program] = -1;
    }
    lx_maps_close(&attachment->maps);
}

static enum lx_state state_at(const struct lx_attachment *attachment, const struct lx_metadata *metadata,
                              enum lx_hook hook)
{
    uint32_t counters;
    int came_from, error;

    if (metadata->magic != LX_MAGIC || metadata->abi_version != LX_ABI_VERSION)
        return LX_STATE_OTHER_ABI;
    came_from = lx_namespace_enter(metadata->netns);
    if (came_from < 0)
        return LX_STATE_NOT_RUNNING;
    error = lx_map_id(attachment->maps.fds[lx_map_of_counters(hook)], &counters);
    error = error ?: lx_location_runs(metadata, hook, counters);
    lx_namespace_leave(came_from);
    return !error ? LX_STATE_FILTERING : LX_STATE_NOT_RUNNING;
}

enum lx_state lx_attachment_member_state(const struct lx_attachment *attachment, size_t member, enum lx_hook hook)
{
    const struct lx_metadata *metadata = &attachment->members.items[member];

    return metadata->ifindex ? state_at(attachment, metadata, hook) : LX_STATE_GONE;
}

enum lx_state lx_attachment_own_state(const struct lx_attachment *attachment, enum lx_hook hook)
{
    enum lx_state state;

    if (attachment->gone)
        return LX_STATE_GONE;
    state = state_at(attachment, &attachment->metadata, hook);
    if (lx_attachment_unfinished(attachment) && state == LX_STATE_FILTERING)
        state = LX_STATE_NOT_RUNNING;
    return state;
}

enum lx_state lx_attachment_hook_state(const struct lx_attachment *attachment, enum lx_hook hook)
{
    enum lx_state state = lx_attachment_own_state(attachment, hook);

    for (size_t i = 0; i < attachment->members.count && state == LX_STATE_FILTERING; i++)
        if (lx_attachment_member_state(attachment, i, hook) != LX_STATE_FILTERING)
            state = LX_STATE_NOT_RUNNING;
    return state;
}

enum lx_state lx_attachment_state(const struct lx_attachment *attachment)
{
    enum lx_state state = LX_STATE_FILTERING;

    for (int hook = 0; hook < LX_HOOK_COUNT && state == LX_STATE_FILTERING; hook++)
        if (lx_attachment_has_hook(attachment, hook))
            state = lx_attachment_hook_state(attachment, hook);
    return state;
}

bool lx_attachment_open_port(const struct lx_attachment *attachment, char name[LX_INTERFACE_NAME])
{
    unsigned ports[LX_MEMBERS], port;
    size_t count = 0;
    int came_from = attachment->gone ? -ENODEV : lx_namespace_enter(attachment->metadata.netns);

    if (came_from < 0)
        return false;
    ports[count++] = attachment->metadata.ifindex;
    for (size_t i = 0; i < attachment->members.count; i++)
        ports[count++] = attachment->members.items[i].ifindex;
    port = lx_bond_port_beside(ports, count);
    port = port && !lx_interface_name(port, name) ? port : 0;
    lx_namespace_leave(came_from);
    return port;
}

static int takes_tags(const struct lx_metadata *metadata)
{
    int taken = lx_link_takes_tags(metadata->ifindex);

    return taken || !metadata->pair_ifindex ? taken : lx_link_takes_tags(metadata->pair_ifindex);
}

int lx_attachment_takes_tags(const struct lx_attachment *attachment)
{
    const struct lx_metadata *metadata = &attachment->metadata;
    int taken, came_from;

    if (!(attachment->publication.traits & LX_TRAIT_VLANS))
        return -ENOENT;
    came_from = attachment->gone ? -ENODEV : lx_namespace_enter(metadata->netns);
    if (came_from < 0)
        return came_from == -ENOENT ? -ENODEV : came_from;
    taken = takes_tags(metadata);
    for (size_t i = 0; i < attachment->members.count && !taken; i++)
        if (attachment->members.items[i].ifindex)
            taken = takes_tags(&attachment->members.items[i]);
    lx_namespace_leave(came_from);
    return taken;
}

int lx_attachment_tcx(const struct lx_attachment *attachment, struct lx_tcx *first)
{
    int error, came_from;

    if (!lx_attachment_has_hook(attachment, LX_HOOK_FROM_ROLE))
        return -ENOENT;
    came_from = attachment->gone ? -ENODEV : lx_namespace_enter(attachment->metadata.netns);
    if (came_from < 0)
        return came_from == -ENOENT ? -ENODEV : came_from;
    error = lx_hooks_tcx(&attachment->metadata, &attachment->members, first);
    lx_namespace_leave(came_from);
    return error;
}

int lx_attachment_labels(const struct lx_attachment *attachment, struct lx_row_label **labels,
                         struct lx_failure *failure)
{
    struct lx_row_label *read = calloc(LX_ROW_SLOTS, sizeof(*read));
    int error = read ? lx_labels_read(&attachment->maps, read) : -ENOMEM;

    if (error) {
        free(read);
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the row labels: %s", strerror(-error));
    }
    *labels = read;
    return 0;
}

int lx_attachments_list(struct lx_words *directories, struct lx_failure *failure)
{
    return lx_pins_list(directories, failure);
}
