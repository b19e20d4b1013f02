/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of an attachment, which all its programs share: made anew when it is attached, opened by their pins for
 * whatever comes later (a question, an update, another program in the place of the first).
 */
#ifndef LYNCXDP_KERNEL_MAPS_H
#define LYNCXDP_KERNEL_MAPS_H

#include "map_table.h"
#include "user/core/image/compile.h"
#include "user/kernel/process/failure.h"

/* Makes all maps. Returns 0 or -errno, with `maps` untouched on failure. */
int lx_maps_create(const struct lx_shape *shape, struct lx_maps *maps, struct lx_failure *failure);

/*
 * Makes the maps of an attachment's successor: its own metadata and images, and whatever else must have another shape;
 * the rest are those of `old`, which live on with what is in them. Results as above.
 */
int lx_maps_succeed(const struct lx_maps *old, const struct lx_shape *shape, struct lx_maps *maps,
                    struct lx_failure *failure);

/* Pins all maps but the metadata, which whoever completes the directory pins last. */
int lx_maps_pin(const struct lx_maps *maps, const char *directory, struct lx_failure *failure);

/*
 * Opens all maps by their pins: for writing, which takes root, or for reading. Returns 0, -ENOENT, -EPROTO when another
 * version made them, -ENODATA when some are missing, or another -errno.
 */
int lx_maps_open(const char *directory, bool writing, struct lx_maps *maps);

void lx_maps_close(struct lx_maps *maps);

/* What is in them. Return 0, -EPROTO for metadata of another version, or another -errno. */
int lx_metadata_read(const struct lx_maps *maps, struct lx_metadata *metadata);
/* By the pin alone (-ENOENT: there is none), and of any version: to be recognised and taken off by. */
int lx_metadata_find(const char *directory, struct lx_metadata *metadata);
/* The map itself, by its pin, to be written. Returns a file descriptor or -errno. */
int lx_metadata_open(const char *directory);

/* The interfaces, or pairs, that are filtered with an attachment's own: the entries behind the first. */
struct lx_members {
    struct lx_metadata items[LX_MEMBERS - 1];
    size_t count;
};

/* By the metadata map, or by its pin. None where there are none, or none can be read. */
void lx_members_read(int map, struct lx_members *members);
void lx_members_find(const char *directory, struct lx_members *members);

/* The one in a place of the metadata, or NULL. */
static inline const struct lx_metadata *lx_members_at(const struct lx_members *members, uint32_t place)
{
    for (size_t i = 0; i < members->count; i++)
        if (members->items[i].member == place)
            return &members->items[i];
    return NULL;
}

/* Says why lx_maps_open could not open what is attached to `what`: by another version, say. Returns `error`. */
int lx_fail_to_open(int error, const char *directory, const char *what, struct lx_failure *failure);
int lx_control_read(const struct lx_maps *maps, uint64_t *word);
int lx_publication_read(const struct lx_maps *maps, uint32_t slot, struct lx_publication *publication);
/* `image` takes the shape's capacity and the slack. -ENOENT for a slot without an image. Takes root. */
int lx_image_read(const struct lx_maps *maps, uint32_t slot, void *image);
/* The same into memory of its own, to be judged by. */
int lx_compiled_read(const struct lx_maps *maps, uint32_t slot, struct lx_compiled *compiled);
int lx_labels_read(const struct lx_maps *maps, struct lx_row_label labels[LX_ROW_SLOTS]);

#endif
