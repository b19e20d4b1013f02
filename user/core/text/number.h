/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole numbers as they are written down: in files, options and the environment. */
#ifndef LYNCXDP_CORE_NUMBER_H
#define LYNCXDP_CORE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Reads decimal digits and nothing else. False, with the output untouched, when they are no number in these bounds. */
bool lx_number_parse(const char *text, uint32_t least, uint32_t most, uint32_t *number);

#endif
