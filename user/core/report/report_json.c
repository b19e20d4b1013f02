/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_json.h"

#include <stdlib.h>

#include "user/core/text/foreign.h"

json_t *lx_json_text(const char *text)
{
    json_t *value;
    char *plain;

    if (!text || !*text)
        return json_null();
    value = json_string(text);
    if (value)
        return value;
    plain = lx_foreign_text(text); /* not UTF-8, such as a label that was cut inside a character */
    if (!plain)
        return NULL;
    value = json_string(plain);
    free(plain);
    return value;
}

int lx_json_add(json_t *array, json_t *value)
{
    return array ? json_array_append_new(array, value) : (json_decref(value), -1);
}

json_t *lx_json_endpoint(const struct lx_endpoint *endpoint)
{
    char *text = lx_endpoint_format(endpoint);
    json_t *value = text ? lx_json_text(text) : NULL;

    free(text);
    return value;
}

json_t *lx_json_prefixes(const struct lx_prefix_set *set)
{
    json_t *array = json_array();
    char text[LX_PREFIX_TEXT];

    if (set->any && lx_json_add(array, json_string("any")))
        goto fail;
    for (size_t i = 0; i < set->count; i++)
        if (lx_json_add(array, json_string(lx_prefix_format(&set->items[i], text))))
            goto fail;
    return array;
fail:
    json_decref(array);
    return NULL;
}

json_t *lx_json_socket(const struct lx_address *address, uint16_t port)
{
    char text[LX_PREFIX_TEXT];
    const char *format = lx_address_is_ipv4(address) ? "%s:%u" : "[%s]:%u";

    return json_sprintf(format, lx_address_format(address, text), port);
}
