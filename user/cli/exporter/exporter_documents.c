/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the exporter's documents. However many ask, the attachments are looked at no more than twice a second for what
 * is counted, and for whether all is well no longer than a quarter of the time, so that nobody can make the exporter
 * work harder than that.
 */
#include "exporter_documents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "user/core/report/metrics.h"
#include "user/core/report/page_state.h"
#include "user/core/text/foreign.h"
#include "user/kernel/process/clock.h"

/* What was seen within so many milliseconds is shown once more. */
#define FRESH_MS 500
/* Whether all is well is looked up anew, but for so many times as long as that takes. */
#define HEALTH_TIMES 3

static uint64_t now_ms(void)
{
    return lx_elapsed_ns() / 1000000 + 1;
}

/* Milliseconds that this thread has worked. */
static uint64_t worked_ms(void)
{
    return lx_worked_ns() / 1000000;
}

static void drop_documents(struct lx_exporter *exporter)
{
    for (int i = 0; i < LX_DOCUMENT_COUNT; i++) {
        lx_document_drop(exporter->documents[i]);
        exporter->documents[i] = NULL;
    }
}

/* Interfaces that are named are all that the exporter shows; else those that are declared must be filtered. */
static int read_expected(struct lx_exporter *exporter)
{
    if (exporter->collector.only)
        return 0;
    exporter->collector.expected = &exporter->expected.interfaces;
    return lx_expected_read(&exporter->expected) ? lx_fail(&exporter->failure, LX_EXIT_FAILED, ENOMEM, "out of memory")
                                                 : 0;
}

static struct lx_observations seen_by(const struct lx_exporter *exporter)
{
    struct lx_observations seen = lx_collector_seen(&exporter->collector);

    seen.declaration_broken = exporter->expected.trouble != NULL;
    return seen;
}

void lx_exporter_look(struct lx_exporter *exporter, unsigned fresh)
{
    uint64_t now = now_ms(), worked = worked_ms();
    struct lx_observations seen;

    if (exporter->looked && now - exporter->looked < fresh)
        return;
    exporter->failed = read_expected(exporter) || lx_collector_collect(&exporter->collector, &exporter->failure) != 0;
    exporter->looked = now_ms();
    exporter->cost = worked_ms() - worked;
    drop_documents(exporter);
    seen = seen_by(exporter);
    /* Out of memory leaves a gap in the charts, and nothing else. */
    if (!exporter->recorded || now - exporter->recorded >= LX_HISTORY_SECONDS * 1000) {
        lx_history_record(&exporter->history, now, &seen);
        exporter->recorded = now;
    }
}

void lx_exporter_print_metrics(const struct lx_exporter *exporter, FILE *stream)
{
    struct lx_observations seen = seen_by(exporter);

    lx_metrics_print(&seen, LYNCXDP_VERSION, stream);
}

static bool is_well(const struct lx_exporter *exporter)
{
    return !exporter->failed && !exporter->collector.troubles.count && !exporter->expected.trouble;
}

static void print_trouble(const char *sentence, FILE *stream)
{
    lx_foreign_put(sentence, strlen(sentence), "", stream);
    putc('\n', stream);
}

static void print_health(const struct lx_exporter *exporter, FILE *stream)
{
    if (exporter->failed)
        print_trouble(exporter->failure.text, stream);
    if (exporter->expected.trouble)
        print_trouble(exporter->expected.trouble, stream);
    for (size_t i = 0; i < exporter->collector.troubles.count; i++)
        print_trouble(exporter->collector.troubles.items[i], stream);
    if (is_well(exporter))
        fprintf(stream, "ok: %zu attached\n", exporter->collector.observed_count);
}

static void print_state(const struct lx_exporter *exporter, FILE *stream)
{
    const struct lx_page_input input = {
        .seen = lx_collector_seen(&exporter->collector),
        .history = &exporter->history,
        .troubles = &exporter->collector.troubles,
        .failure = exporter->failed ? exporter->failure.text : exporter->expected.trouble,
        .version = LYNCXDP_VERSION,
        .now = exporter->looked,
    };
    json_t *state = lx_page_state(&input);

    if (state)
        json_dumpf(state, stream, JSON_COMPACT);
    json_decref(state);
}

static const struct {
    const char *path, *type;
    void (*print)(const struct lx_exporter *exporter, FILE *stream);
} made[LX_DOCUMENT_COUNT] = {
    [LX_DOCUMENT_METRICS] = {"/metrics", LX_METRICS_TYPE, lx_exporter_print_metrics},
    [LX_DOCUMENT_HEALTH] = {"/healthz", "text/plain; charset=utf-8", print_health},
    [LX_DOCUMENT_STATE] = {"/state.json", "application/json", print_state},
};

static struct lx_document *make(const struct lx_exporter *exporter, int which)
{
    char *body = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&body, &size);
    bool failed;

    if (!stream)
        return NULL;
    made[which].print(exporter, stream);
    failed = ferror(stream);
    failed = fclose(stream) || failed;
    if (!failed && size)
        return lx_document_new(made[which].type, body, size);
    free(body);
    return NULL;
}

static unsigned fresh_health(const struct lx_exporter *exporter)
{
    return exporter->cost * HEALTH_TIMES < FRESH_MS ? (unsigned)exporter->cost * HEALTH_TIMES : FRESH_MS;
}

struct lx_document *lx_exporter_find(void *context, const char *path, unsigned *status)
{
    struct lx_exporter *exporter = context;

    for (int i = 0; i < LX_DOCUMENT_COUNT; i++) {
        if (strcmp(path, made[i].path) != 0)
            continue;
        lx_exporter_look(exporter, i == LX_DOCUMENT_HEALTH ? fresh_health(exporter) : FRESH_MS);
        if (!exporter->documents[i])
            exporter->documents[i] = make(exporter, i);
        /* A scrape that could see nothing must fail, rather than say that there is nothing. */
        if (!exporter->documents[i] || (i == LX_DOCUMENT_HEALTH && !is_well(exporter)) ||
            (i == LX_DOCUMENT_METRICS && exporter->failed))
            *status = 503;
        return exporter->documents[i];
    }
    return lx_page_find(path);
}

void lx_exporter_free(struct lx_exporter *exporter)
{
    drop_documents(exporter);
    lx_history_free(&exporter->history);
    lx_collector_free(&exporter->collector);
    lx_expected_free(&exporter->expected);
}
