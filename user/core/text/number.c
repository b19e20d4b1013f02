/* SPDX-License-Identifier: GPL-2.0-only */
/* Neither a sign nor a blank is a digit, which strtoul would let pass. */
#include "number.h"

bool lx_number_parse(const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
    uint64_t value = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
        if (value > most)
            return false;
    }
    if (value < least)
        return false;
    *number = (uint32_t)value;
    return true;
}
