/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one place that compares a packet pointer with the packet's end. A header is taken from the cursor or it is not
 * there; what was taken may be read freely.
 */
#ifndef LYNCXDP_CURSOR_H
#define LYNCXDP_CURSOR_H

#include "types.h"

/* A frame as a hook sees it: the bytes that can be read directly, and how long it is in all. */
struct lx_frame {
    const __u8 *data;
    const __u8 *end; /* of the linear part */
    __u32 length;    /* bytes, fragments of a jumbo frame included */
};

struct lx_cursor {
    const __u8 *position;
    const __u8 *end;
    __u32 offset; /* of position from the start of the frame; a number, since pointers may not be subtracted */
};

/* Takes the next `size` bytes (a constant), or returns NULL and takes nothing. */
lx_inline const void *lx_take(struct lx_cursor *cursor, __u32 size)
{
    const __u8 *header = cursor->position;

    if (header + size > cursor->end)
        return NULL;
    cursor->position = header + size;
    cursor->offset += size;
    return header;
}

/* Looks at the next `size` bytes (a constant) without taking them. */
lx_inline const void *lx_peek(const struct lx_cursor *cursor, __u32 size)
{
    return cursor->position + size > cursor->end ? NULL : cursor->position;
}

/* Skips `size` bytes, at most 2048, whether or not they are there: the next lx_take finds out. */
lx_inline void lx_skip(struct lx_cursor *cursor, __u32 size)
{
    size &= 0xfff;
    lx_opaque(size);
    size &= 0xfff;
    cursor->position += size;
    cursor->offset += size;
}

#endif
