/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of an image while it is being written: grows, hands out offsets, and knows the limit. */
#ifndef LYNCXDP_CORE_IMAGE_WRITER_H
#define LYNCXDP_CORE_IMAGE_WRITER_H

#include <stdint.h>

#include <lyncxdp/image.h>

struct lx_image_writer {
    uint8_t *bytes; /* owned; zeroed beyond `size` */
    uint32_t size;  /* bytes in use */
    uint32_t room;  /* bytes allocated */
};

/* Starts with a zeroed header. Returns 0 or -ENOMEM. */
int lx_image_writer_init(struct lx_image_writer *writer);
void lx_image_writer_free(struct lx_image_writer *writer);

/* The header. Valid until the next lx_image_reserve. */
struct lx_image *lx_image_header(struct lx_image_writer *writer);

/*
 * Reserves `size` zeroed bytes at an offset that is a multiple of LX_PAGE_UNIT, a cache line. Returns 0, -ENOMEM, or
 * -E2BIG when the image would outgrow LX_IMAGE_MAX_CAPACITY.
 */
int lx_image_reserve(struct lx_image_writer *writer, size_t size, uint32_t *offset);

/* What is at an offset. Valid until the next lx_image_reserve. */
void *lx_image_bytes(struct lx_image_writer *writer, uint32_t offset);

#endif
