/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of an image while it is being written. */
#include "image_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int lx_image_writer_init(struct lx_image_writer *writer)
{
    uint8_t *bytes = calloc(1, LX_IMAGE_MIN_CAPACITY);

    if (!bytes)
        return -ENOMEM;
    *writer = (struct lx_image_writer){.bytes = bytes, .size = sizeof(struct lx_image), .room = LX_IMAGE_MIN_CAPACITY};
    return 0;
}

void lx_image_writer_free(struct lx_image_writer *writer)
{
    free(writer->bytes);
    memset(writer, 0, sizeof(*writer));
}

struct lx_image *lx_image_header(struct lx_image_writer *writer)
{
    return (struct lx_image *)writer->bytes;
}

void *lx_image_bytes(struct lx_image_writer *writer, uint32_t offset)
{
    return writer->bytes + offset;
}

int lx_image_reserve(struct lx_image_writer *writer, size_t size, uint32_t *offset)
{
    uint32_t start = (writer->size + LX_PAGE_UNIT - 1u) & ~(LX_PAGE_UNIT - 1u), room = writer->room;
    uint8_t *bytes;

    if (start > LX_IMAGE_MAX_CAPACITY || size > LX_IMAGE_MAX_CAPACITY - start)
        return -E2BIG;
    while (room < start + size)
        room *= 2;
    if (room != writer->room) {
        bytes = realloc(writer->bytes, room);
        if (!bytes)
            return -ENOMEM;
        memset(bytes + writer->room, 0, room - writer->room);
        writer->bytes = bytes;
        writer->room = room;
    }
    writer->size = start + size;
    *offset = start;
    return 0;
}
