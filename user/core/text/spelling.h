/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the word that somebody probably meant. Every diagnostic about an unknown key, role, option or group asks here,
 * so that all of them forgive the same slips.
 */
#ifndef LYNCXDP_CORE_SPELLING_H
#define LYNCXDP_CORE_SPELLING_H

#include <stddef.h>

/* The candidate nearest to `word`, the first one of equals; NULL when none is near enough to be what was meant. */
const char *lx_nearest(const char *word, const char *const *known, size_t count);

#endif
