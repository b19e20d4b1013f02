/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths inside a file are relative to that file, wherever the command runs. */
#ifndef LYNCXDP_CORE_PATH_H
#define LYNCXDP_CORE_PATH_H

/* What `path` means inside the file `from`. The caller frees it; NULL when out of memory. */
char *lx_path_beside(const char *from, const char *path);

#endif
