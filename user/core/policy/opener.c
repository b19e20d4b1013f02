/* SPDX-License-Identifier: GPL-2.0-only */
#include "opener.h"

#include <stdlib.h>

void lx_opened_close(struct lx_opened *opened)
{
    fclose(opened->stream);
    free(opened->name);
    free(opened->identity);
    *opened = (struct lx_opened){0};
}
