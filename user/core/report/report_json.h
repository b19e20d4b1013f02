/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the verbs report is made as JSON values (report_*.h): the one form that every renderer starts from. The command
 * line prints them as they are (--json) or picks columns out of them for people, so the two always say the same.
 *
 * Every lx_report_* returns a new value that the caller owns, or NULL when out of memory. Member names are part of the
 * command line's contract: more may be added, none renamed.
 *
 * Here is what they share: text that may be absent or not be UTF-8, and appending that keeps ownership.
 */
#ifndef LYNCXDP_CORE_REPORT_JSON_H
#define LYNCXDP_CORE_REPORT_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "user/core/resolve/policy.h"

/* A string; null for NULL and for empty text. Returns NULL only when out of memory. */
json_t *lx_json_text(const char *text);

/* An address with a port, as it is written on the command line. */
json_t *lx_json_socket(const struct lx_address *address, uint16_t port);

/* One end of a row, by name or by addresses. */
json_t *lx_json_endpoint(const struct lx_endpoint *endpoint);

/* The addresses of a set, or "any", as an array. */
json_t *lx_json_prefixes(const struct lx_prefix_set *set);

/* Appends `value`, which it takes in any case. Either may be NULL (out of memory); returns 0 or -1. */
int lx_json_add(json_t *array, json_t *value);

#endif
