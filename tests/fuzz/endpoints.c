/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzzes the reader of the vendor's list of endpoints: no crash, no leak, an answer that agrees with its diagnostics,
 * and prefixes that are sorted, each once, and read back as they are printed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "user/core/policy/endpoints.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
    if (!promise)
        abort();
}

static void check_list(const struct lx_prefix_list *list)
{
    char text[LX_PREFIX_TEXT];
    struct lx_prefix again;

    require(list->count > 0);
    for (size_t i = 0; i < list->count; i++) {
        require(!i || lx_prefix_compare(&list->prefixes[i - 1], &list->prefixes[i]) < 0);
        require(!lx_prefix_parse(lx_prefix_format(&list->prefixes[i], text), &again, NULL));
        require(!lx_prefix_compare(&list->prefixes[i], &again) && !lx_unusable_peer(&again));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char skype[] = "Skype", eleven[] = "11";
    static char *areas[] = {skype}, *ids[] = {eleven};
    /* The first byte chooses what is asked for. */
    const struct lx_endpoints_wish wish = {.areas = {areas, size && data[0] & 1},
                                           .ids = {ids, (size && data[0] & 2) != 0},
                                           .required = size && data[0] & 4};
    FILE *stream = size > 1 ? fmemopen((void *)(data + 1), size - 1, "r") : fopen("/dev/null", "r");
    struct lx_diagnostics diagnostics = {0};
    struct lx_prefix_list list = {0};
    int error;

    if (!stream)
        return 0;
    error = lx_endpoints_read(stream, "fuzz.json", &wish, &list, &diagnostics);
    fclose(stream);
    require(error == 0 || error == -EINVAL);
    require((error == 0) == (diagnostics.errors == 0));
    if (!error)
        check_list(&list);
    lx_diagnostics_free(&diagnostics);
    free(list.prefixes);
    return 0;
}
