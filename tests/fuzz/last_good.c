/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzzes the reader of what is kept: no crash, no leak, and what it takes is written again as it was, to the byte.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy/last_good.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
    if (!promise)
        abort();
}

/* Lengths may have zeroes before them: what is written again has none. */
static void check_again(const struct lx_last_good *kept, size_t size)
{
    struct lx_last_good again;
    char *bytes, *twice;
    size_t length, same;
    FILE *stream = open_memstream(&bytes, &length);

    lx_last_good_write(kept, stream);
    fclose(stream);
    require(length <= size);
    require(!lx_last_good_read(bytes, length, &again));
    stream = open_memstream(&twice, &same);
    lx_last_good_write(&again, stream);
    fclose(stream);
    require(same == length && !memcmp(bytes, twice, length));
    lx_last_good_free(&again);
    free(bytes);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lx_last_good kept = {.count = 4711};
    int error = lx_last_good_read((const char *)data, size, &kept);

    require(!error || error == -EINVAL);
    require((error != 0) == (kept.count == 4711));
    if (error)
        return 0;
    require(kept.whole && kept.count && lx_last_good_fits(&kept) && lx_last_good_find(&kept, kept.declaration));
    check_again(&kept, size);
    lx_last_good_free(&kept);
    return 0;
}
