/* SPDX-License-Identifier: GPL-2.0-only */
/* Records moments in a ring that all lines share, so that one index is the same moment everywhere. */
#include "history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report_json.h"

struct lx_moment lx_moment_of(const struct lx_counters *counters)
{
    struct lx_moment moment = {0};

    for (uint32_t reason = 0; reason < LX_REASON_CAPACITY; reason++) {
        if (lx_reason_verdict(reason) == LX_PASS)
            moment.passed += counters->reasons[reason].packets;
        else
            moment.dropped += counters->reasons[reason].packets;
        moment.would_drop += counters->would_drop_reasons[reason].packets;
    }
    return moment;
}

static struct lx_history_line *find(const struct lx_history *history, const struct lx_observed *observed,
                                    enum lx_hook hook)
{
    for (size_t i = 0; i < history->line_count; i++) {
        struct lx_history_line *line = history->lines[i];

        if (line->hook == hook && line->netns == observed->metadata.netns &&
            !strcmp(line->called.text, lx_observed_called(observed).text))
            return line;
    }
    return NULL;
}

static struct lx_history_line *add(struct lx_history *history, const struct lx_observed *observed, enum lx_hook hook)
{
    struct lx_history_line **grown = reallocarray(history->lines, history->line_count + 1, sizeof(*grown));
    struct lx_history_line *line = grown ? calloc(1, sizeof(*line)) : NULL;

    if (grown)
        history->lines = grown;
    if (!line)
        return NULL;
    line->called = lx_observed_called(observed);
    line->netns = observed->metadata.netns;
    line->hook = hook;
    return grown[history->line_count++] = line;
}

/* Where the moment before the next one is. */
static size_t last(const struct lx_history *history)
{
    return (history->next + LX_HISTORY_MOMENTS - 1) % LX_HISTORY_MOMENTS;
}

static int record_hook(struct lx_history *history, const struct lx_observed *observed, enum lx_hook hook)
{
    struct lx_history_line *line = find(history, observed, hook) ?: add(history, observed, hook);
    struct lx_moment moment = lx_moment_of(observed->hooks[hook].counters);

    if (!line)
        return -ENOMEM;
    /* Attached anew, it begins anew. */
    if (line->count && moment.passed + moment.dropped + moment.would_drop < line->moments[last(history)].passed +
                                                                                line->moments[last(history)].dropped +
                                                                                line->moments[last(history)].would_drop)
        line->count = 0;
    line->moments[history->next] = moment;
    line->count += line->count < LX_HISTORY_MOMENTS;
    return 0;
}

static bool has_line(const struct lx_observations *seen, const struct lx_history_line *line)
{
    for (size_t i = 0; i < seen->count; i++)
        if (line->netns == seen->items[i]->metadata.netns && seen->items[i]->hooks[line->hook].present &&
            !strcmp(line->called.text, lx_observed_called(seen->items[i]).text))
            return true;
    return false;
}

static void forget_the_gone(struct lx_history *history, const struct lx_observations *seen)
{
    size_t kept = 0;

    for (size_t i = 0; i < history->line_count; i++) {
        if (has_line(seen, history->lines[i]))
            history->lines[kept++] = history->lines[i];
        else
            free(history->lines[i]);
    }
    history->line_count = kept;
}

int lx_history_record(struct lx_history *history, uint64_t time, const struct lx_observations *seen)
{
    int error = 0;

    forget_the_gone(history, seen);
    for (size_t i = 0; i < seen->count; i++)
        for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT && !error; hook++)
            if (seen->items[i]->hooks[hook].present && seen->items[i]->hooks[hook].counters)
                error = record_hook(history, seen->items[i], hook);
    history->times[history->next] = time;
    history->next = (history->next + 1) % LX_HISTORY_MOMENTS;
    history->count += history->count < LX_HISTORY_MOMENTS;
    return error;
}

json_t *lx_history_report(const struct lx_history *history, const struct lx_observed *observed, enum lx_hook hook,
                          uint64_t now)
{
    const struct lx_history_line *line = find(history, observed, hook);
    json_t *ago = json_array(), *passed = json_array(), *dropped = json_array(), *would_drop = json_array();

    for (size_t i = line ? line->count : 0; i; i--) {
        size_t at = (history->next + LX_HISTORY_MOMENTS - i) % LX_HISTORY_MOMENTS;

        if (json_array_append_new(ago, json_integer((json_int_t)(now - history->times[at]))) ||
            json_array_append_new(passed, json_integer((json_int_t)line->moments[at].passed)) ||
            json_array_append_new(dropped, json_integer((json_int_t)line->moments[at].dropped)) ||
            json_array_append_new(would_drop, json_integer((json_int_t)line->moments[at].would_drop)))
            break; /* out of memory: the arrays are packed as long as they are, or not at all */
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "ago", ago, "passed", passed, "dropped", dropped, "would_drop",
                     would_drop);
}

void lx_history_free(struct lx_history *history)
{
    for (size_t i = 0; i < history->line_count; i++)
        free(history->lines[i]);
    free(history->lines);
    *history = (struct lx_history){0};
}
