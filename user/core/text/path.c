/* SPDX-License-Identifier: GPL-2.0-only */
/* The one rule about relative paths. */
#include "path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *lx_path_beside(const char *from, const char *path)
{
    const char *slash = strrchr(from, '/');
    char *joined = NULL;

    if (*path == '/' || !slash)
        return strdup(path);
    return asprintf(&joined, "%.*s/%s", (int)(slash - from), from, path) < 0 ? NULL : joined;
}
