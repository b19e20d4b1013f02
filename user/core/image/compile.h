/* SPDX-License-Identifier: GPL-2.0-only */
/* From a policy to an image (include/lyncxdp/image.h): the only writer of that layout. */
#ifndef LYNCXDP_CORE_COMPILE_H
#define LYNCXDP_CORE_COMPILE_H

#include <lyncxdp/image.h>

#include "user/core/resolve/policy.h"
#include "user/core/text/diagnostic.h"

/* A compiled policy in memory of its own: capacity + LX_IMAGE_SLACK bytes, zero beyond image->size. */
struct lx_compiled {
    struct lx_image *image; /* owned */
    uint32_t capacity;      /* a power of two between LX_IMAGE_MIN_CAPACITY and LX_IMAGE_MAX_CAPACITY */
};

/*
 * Compiles. The capacity is the smallest of the offered sizes that holds the image. Returns 0, -ENOMEM, or -E2BIG after
 * a diagnostic that names the limit (rows, address classes, image bytes); the output is untouched on failure.
 */
int lx_compile(const struct lx_policy *policy, struct lx_compiled *compiled, struct lx_diagnostics *diagnostics);

void lx_compiled_free(struct lx_compiled *compiled);

#endif
