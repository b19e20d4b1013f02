/* SPDX-License-Identifier: GPL-2.0-only */
/* Days as people write them, 2026-10-01, and as seconds since 1970 (UTC). */
#ifndef LYNCXDP_CORE_DATE_H
#define LYNCXDP_CORE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define LX_DATE_TEXT 16
#define LX_DAY_SECONDS 86400u

/* Reads a day. False for anything else, with the output untouched. */
bool lx_date_parse(const char *text, uint64_t *seconds);

/* The day of a moment. Returns `text`. */
const char *lx_date_format(uint64_t seconds, char text[LX_DATE_TEXT]);

#endif
