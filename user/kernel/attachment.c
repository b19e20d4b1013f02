/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens an attachment by its pins and tells what state it is in. Nothing here changes anything. */
#include "attachment.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "namespace.h"
#include "pins.h"
#include "running.h"

_Static_assert(sizeof(((struct lx_attachment *)0)->directory) >= LX_PINS_PATH, "a directory fits");

/* Opens the maps that a reader needs. The twin may be root's alone. */
static int open_pins(const char *path, struct lx_attachment *attachment)
{
    const struct {
        const char *name;
        uint32_t value_size;
        int *fd;
    } maps[] = {
        {LX_PIN_COUNTERS, sizeof(struct lx_counters), &attachment->counters},
        {LX_PIN_LABELS, sizeof(struct lx_row_label), &attachment->labels},
        {LX_PIN_CONTROL, sizeof(struct lx_control), &attachment->control},
        {LX_PIN_IMAGES, sizeof(__u32), &attachment->images},
    };
    const __u32 first = 0;
    int metadata = lx_pin_open_map(path, LX_PIN_METADATA, sizeof(attachment->metadata));
    int error = metadata < 0 ? metadata : 0;

    if (!error && bpf_map_lookup_elem(metadata, &first, &attachment->metadata))
        error = -errno;
    if (metadata >= 0)
        close(metadata);
    if (!error && (attachment->metadata.magic != LX_MAGIC || attachment->metadata.abi_version != LX_ABI_VERSION))
        error = -EPROTO;
    for (size_t i = 0; !error && i < sizeof(maps) / sizeof(maps[0]); i++) {
        *maps[i].fd = lx_pin_open_map(path, maps[i].name, maps[i].value_size);
        error = *maps[i].fd < 0 ? *maps[i].fd : 0;
    }
    attachment->twin = lx_pin_open_program(path, LX_PIN_TWIN);
    if (attachment->twin < 0)
        attachment->twin = -1;
    return error;
}

static uint32_t map_id(int fd)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);

    return bpf_obj_get_info_by_fd(fd, &info, &length) ? 0 : info.id;
}

/* A command that died after attaching left the metadata unfinished: what only attaching could tell is asked again. */
static void complete_metadata(struct lx_attachment *attachment)
{
    struct lx_running running;
    int came_from;

    if (attachment->metadata.program_id)
        return;
    came_from = lx_namespace_enter(attachment->metadata.netns);
    if (came_from < 0)
        return;
    if (!lx_running_with_map(attachment->metadata.ifindex, map_id(attachment->counters), &running)) {
        attachment->metadata.program_id = running.id;
        attachment->metadata.mode = running.mode;
        attachment->metadata.dispatcher = running.dispatcher;
    }
    lx_namespace_leave(came_from);
}

static int fail_to_open(int error, const char *what, struct lx_failure *failure)
{
    switch (-error) {
    case ENOENT:
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT, "nothing is attached to %s", what);
    case EACCES:
    case EPERM:
        return lx_fail(failure, LX_EXIT_FAILED, -error, "reading the attachment of %s needs root; run it with sudo",
                       what);
    case EPROTO:
        return lx_fail(
            failure, LX_EXIT_FAILED, EPROTO,
            "%s was attached by a lyncxdp that this one cannot read; use that one, or detach and attach anew", what);
    default:
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot open the attachment of %s: %s", what, strerror(-error));
    }
}

static int open_path(const char *path, const char *what, struct lx_attachment *attachment, struct lx_failure *failure)
{
    struct lx_attachment opened = {.counters = -1, .labels = -1, .control = -1, .images = -1, .twin = -1};
    int error = lx_pins_look(path);

    error = error ?: open_pins(path, &opened);
    if (error) {
        lx_attachment_close(&opened);
        return fail_to_open(error, what, failure);
    }
    snprintf(opened.directory, sizeof(opened.directory), "%s", path);
    complete_metadata(&opened);
    *attachment = opened;
    return 0;
}

int lx_attachment_open(const struct lx_interface *interface, struct lx_attachment *attachment,
                       struct lx_failure *failure)
{
    const struct lx_pin_name name = {.netns = interface->netns, .ifindex = interface->index};
    char path[LX_PINS_PATH];

    return open_path(lx_pins_path(&name, path), interface->name, attachment, failure);
}

int lx_attachment_open_directory(const char *directory, struct lx_attachment *attachment, struct lx_failure *failure)
{
    struct lx_pin_name name;

    if (lx_pins_name(directory, &name))
        return lx_fail(failure, LX_EXIT_FAILED, EINVAL, "%s is not the directory of an attachment", directory);
    return open_path(directory, directory, attachment, failure);
}

void lx_attachment_close(struct lx_attachment *attachment)
{
    int *const fds[] = {&attachment->counters, &attachment->labels, &attachment->control, &attachment->images,
                        &attachment->twin};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

/* For a reader who may not look at programs: what anybody can ask the interface. */
static bool plausible(const struct lx_metadata *metadata)
{
    uint32_t id = lx_running_id(metadata->ifindex);

    /* A dispatcher's id says nothing of the programs behind it; that there is one must do. */
    return metadata->dispatcher ? id != 0 : id && id == metadata->program_id;
}

enum lx_state lx_attachment_state(const struct lx_attachment *attachment)
{
    const struct lx_metadata *metadata = &attachment->metadata;
    struct lx_running running;
    int came_from, error;
    bool runs;

    if (metadata->magic != LX_MAGIC || metadata->abi_version != LX_ABI_VERSION)
        return LX_STATE_OTHER_ABI;
    came_from = lx_namespace_enter(metadata->netns);
    if (came_from < 0)
        return LX_STATE_NOT_RUNNING;
    error = lx_running_with_map(metadata->ifindex, map_id(attachment->counters), &running);
    runs = error == -EPERM || error == -EACCES ? plausible(metadata) : !error;
    lx_namespace_leave(came_from);
    return runs ? LX_STATE_FILTERING : LX_STATE_NOT_RUNNING;
}

int lx_attachment_labels(const struct lx_attachment *attachment, struct lx_row_label **labels,
                         struct lx_failure *failure)
{
    struct lx_row_label *read = calloc(LX_ROW_SLOTS, sizeof(*read));

    if (!read)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    for (__u32 slot = 0; slot < LX_ROW_SLOTS; slot++) {
        if (bpf_map_lookup_elem(attachment->labels, &slot, &read[slot])) {
            free(read);
            return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot read the row labels: %s", strerror(errno));
        }
        read[slot].id[sizeof(read[slot].id) - 1] = '\0';
        read[slot].source[sizeof(read[slot].source) - 1] = '\0';
    }
    *labels = read;
    return 0;
}

int lx_attachments_list(struct lx_words *directories, struct lx_failure *failure)
{
    return lx_pins_list(directories, failure);
}
