/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzzes the reader of lists of addresses: no crash, no leak, an answer that agrees with its diagnostics, places that
 * exist, and prefixes that read back as they are printed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy/prefix_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
    if (!promise)
        abort();
}

static void check_diagnostics(const struct lx_diagnostics *diagnostics, size_t size)
{
    require(!diagnostics->out_of_memory);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct lx_diagnostic *item = &diagnostics->items[i];

        require(item->message && !strpbrk(item->message, "\n\r\x1b"));
        require(!item->excerpt || !strpbrk(item->excerpt, "\n\r\x1b"));
        require((item->line == 0) == (item->column == 0));
        require(item->line <= size + 1 && item->column <= size + 1);
        require(!i || !item->line || diagnostics->items[i - 1].line <= item->line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *stream = size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");
    struct lx_diagnostics diagnostics = {0};
    struct lx_prefix_list list = {0};
    int error;

    if (!stream)
        return 0;
    error = lx_prefix_list_read(stream, "fuzz.txt", lx_unusable_peer, &list, &diagnostics);
    fclose(stream);
    require(error == 0 || error == -EINVAL);
    require((error == 0) == (diagnostics.errors == 0) && (error == 0) == (list.count > 0));
    check_diagnostics(&diagnostics, size);
    for (size_t i = 0; i < list.count; i++) {
        struct lx_prefix again;
        char text[LX_PREFIX_TEXT];

        require(!lx_prefix_parse(lx_prefix_format(&list.prefixes[i], text), &again, NULL));
        require(!lx_prefix_compare(&list.prefixes[i], &again) && !lx_unusable_peer(&again));
    }
    lx_diagnostics_free(&diagnostics);
    free(list.prefixes);
    return 0;
}
