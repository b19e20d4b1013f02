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
    __u32 vlan;      /* a tag that the kernel has taken out of the frame: its id | LX_VLAN_STRIPPED; else 0 */
};

#define LX_VLAN_STRIPPED 0x10000

struct lx_cursor {
    const __u8 *start; /* of the frame */
    const __u8 *position;
    const __u8 *end;
    __u32 offset; /* of position from start; a number, since pointers may not be subtracted */
};

lx_inline struct lx_cursor lx_cursor(const struct lx_frame *frame)
{
    return (struct lx_cursor){.start = frame->data, .position = frame->data, .end = frame->end};
}

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

/*
 * Works the position out anew from its offset, masked. However a frame got here, the verifier then sees one and the
 * same pointer, and follows the rest of the program once instead of once for every number of tags and headers.
 */
lx_inline void lx_settle(struct lx_cursor *cursor)
{
    __u64 offset = cursor->offset;

    lx_opaque(offset);
    offset &= 0x7fff; /* more than two VLAN tags, an IPv6 header and eight extension headers of 2048 bytes */
    cursor->position = cursor->start + offset;
    lx_opaque(cursor->position); /* or clang works it out twice, and the verifier sees two pointers */
    cursor->offset = offset;
}

/* Skips `size` bytes, at most 2048, whether or not they are there: the next lx_take finds out. */
lx_inline void lx_skip(struct lx_cursor *cursor, __u32 size)
{
    cursor->offset += size;
    lx_settle(cursor);
}

#endif
