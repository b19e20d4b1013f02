/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the exporter answers with: documents made of what was seen, when somebody asks for them, and shared by all who
 * ask until the next look at the attachments.
 */
#ifndef LYNCXDP_CLI_EXPORTER_DOCUMENTS_H
#define LYNCXDP_CLI_EXPORTER_DOCUMENTS_H

#include "http_server.h"
#include "user/cli/policy/expected.h"
#include "user/core/report/history.h"
#include "user/kernel/read/collector.h"

enum lx_exporter_document { LX_DOCUMENT_METRICS, LX_DOCUMENT_HEALTH, LX_DOCUMENT_STATE, LX_DOCUMENT_COUNT };

struct lx_exporter {
    struct lx_collector collector;
    struct lx_expected expected; /* what is declared; not read when the collector knows what is expected */
    struct lx_history history;
    struct lx_failure failure; /* why the last look failed */
    bool failed;
    uint64_t looked;                                  /* when it was: milliseconds of CLOCK_MONOTONIC; 0: never */
    uint64_t cost;                                    /* of it, in milliseconds of work */
    uint64_t recorded;                                /* when the history was last added to */
    struct lx_document *documents[LX_DOCUMENT_COUNT]; /* owned; NULL: not asked for since */
};

/* Looks at the attachments, unless that was done within the last so many milliseconds. */
void lx_exporter_look(struct lx_exporter *exporter, unsigned fresh);

/* Prints the metrics of what was seen last. */
void lx_exporter_print_metrics(const struct lx_exporter *exporter, FILE *stream);

/* The document at a path: the `find` of an HTTP server whose context is the exporter. */
struct lx_document *lx_exporter_find(void *context, const char *path, unsigned *status);

void lx_exporter_free(struct lx_exporter *exporter);

#endif
