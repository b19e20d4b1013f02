/* SPDX-License-Identifier: GPL-2.0-only */
/* A dot would make it the name of a device that is most probably there, a colon that of an alias. */
#include "called.h"

#include <stdio.h>

struct lx_called lx_called(const char *device, unsigned vlan)
{
    struct lx_called called;

    if (vlan)
        snprintf(called.text, sizeof(called.text), "%.15s@%u", device, vlan % 10000);
    else
        snprintf(called.text, sizeof(called.text), "%.15s", device);
    return called;
}
