/* SPDX-License-Identifier: GPL-2.0-only */
/* The exporter's page for people: HTML, style and script, which the binary carries. */
#ifndef LYNCXDP_CLI_PAGE_H
#define LYNCXDP_CLI_PAGE_H

#include "http_server.h"

/* The document at a path, which stays this module's own, or NULL. */
struct lx_document *lx_page_find(const char *path);

#endif
