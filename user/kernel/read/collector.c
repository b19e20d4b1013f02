/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks at the attachments through their pins, opened anew each time: that is cheap, and a descriptor kept open would
 * go on reading an attachment that is no more. What is kept is what was read, by the identity of the counters.
 */
#include "collector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "counters.h"
#include "flows.h"
#include "user/kernel/attachment/attachment.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/pins.h"
#include "user/kernel/process/clock.h"
#include "user/kernel/process/namespace.h"

/* CPU time that counting flows may take at one look, in nanoseconds. */
#define FLOW_TIME 10000000

/* A command that attaches or detaches is through by then, or has at least begun with the pins. */
#define MOMENT_MS 250

struct lx_collected {
    char directory[LX_PINS_PATH];
    uint32_t counters_ids[LX_HOOK_COUNT]; /* the maps that make it this attachment and no other */
    bool there;                           /* at the last look */
    uint32_t flow_round;                  /* in which its flows were last counted */
    bool missed;                          /* at the last look a program was missing */
    struct lx_observed observed;
};

/* The id of a hook's counters, or 0: no such hook. Nobody else's id is 0. */
static uint32_t counters_id(const struct lx_attachment *attachment, int hook)
{
    uint32_t id = 0;
    int error = lx_map_id(attachment->maps.fds[lx_map_of_counters((enum lx_hook)hook)], &id);

    return error ? 0 : id;
}

static bool same(const struct lx_collected *watched, const struct lx_attachment *attachment)
{
    bool equal = !strcmp(watched->directory, attachment->directory);

    for (int hook = 0; hook < LX_HOOK_COUNT && equal; hook++)
        equal = watched->counters_ids[hook] == counters_id(attachment, hook);
    return equal;
}

static struct lx_collected *find(const struct lx_collector *watch, const struct lx_attachment *attachment)
{
    for (size_t i = 0; i < watch->count; i++)
        if (same(watch->items[i], attachment))
            return watch->items[i];
    return NULL;
}

static struct lx_collected *add(struct lx_collector *watch, const struct lx_attachment *attachment)
{
    struct lx_collected **grown = reallocarray(watch->items, watch->count + 1, sizeof(*grown));
    struct lx_collected *added = grown ? calloc(1, sizeof(*added)) : NULL;

    if (grown)
        watch->items = grown;
    if (!added)
        return NULL;
    strcpy(added->directory, attachment->directory);
    for (int hook = 0; hook < LX_HOOK_COUNT; hook++)
        added->counters_ids[hook] = counters_id(attachment, hook);
    return watch->items[watch->count++] = added;
}

static void drop(struct lx_collected *watched)
{
    lx_observed_free(&watched->observed);
    free(watched);
}

/* Chooses the ports that are always named, before the counters are read: what `other` has shown of them stays there. */
static int choose_ports(const struct lx_publication *publication, struct lx_observed_hook *hook)
{
    int error = 0;

    for (uint32_t i = 0; i < publication->watch_port_count && i < LX_WATCH_PORTS && !error; i++)
        for (enum lx_transport transport = LX_TCP; transport < LX_TRANSPORT_COUNT && !error; transport++)
            error = lx_port_series_choose(&hook->ports, hook->counters, transport, publication->watch_ports[i]);
    return error;
}

static enum lx_found look_for_program(const struct lx_observed *observed, const struct lx_attachment *attachment,
                                      enum lx_hook hook)
{
    if (observed->elsewhere)
        return LX_FOUND_UNKNOWN;
    return lx_attachment_hook_state(attachment, hook) == LX_STATE_FILTERING ? LX_FOUND_RUNNING : LX_FOUND_GONE;
}

static int read_hook(const struct lx_collector *watch, struct lx_observed *observed,
                     const struct lx_attachment *attachment, enum lx_hook hook, struct lx_failure *failure)
{
    struct lx_observed_hook *seen = &observed->hooks[hook];
    int error;

    seen->present = lx_attachment_has_hook(attachment, hook);
    if (!seen->present)
        return 0;
    if (!seen->counters)
        seen->counters = calloc(1, sizeof(*seen->counters));
    if (!seen->counters || choose_ports(&observed->publication, seen))
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    error = lx_attachment_counters_again(attachment, hook, seen->counters, failure);
    if (!error && watch->all_ports && lx_port_series_choose_counted(&seen->ports, seen->counters))
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    lx_range_series_choose(&seen->ranges, observed->labels, &observed->publication.rows, hook);
    seen->found = look_for_program(observed, attachment, hook);
    return error;
}

/* The labels change with the policy, and are written before it is put in force. */
static int read_labels(struct lx_observed *observed, const struct lx_attachment *attachment, struct lx_failure *failure)
{
    struct lx_row_label *labels;
    int error;

    if (observed->labels && observed->publication.generation == attachment->publication.generation)
        return 0;
    error = lx_attachment_labels(attachment, &labels, failure);
    if (error)
        return error;
    free(observed->labels);
    observed->labels = labels;
    return 0;
}

static int read_shadow(struct lx_observed *observed, const struct lx_attachment *attachment, struct lx_failure *failure)
{
    int error = lx_publication_read(&attachment->maps, lx_control_shadow(observed->control), &observed->shadow);

    return error ? lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the candidate: %s", strerror(-error)) : 0;
}

/*
 * Counting flows means to walk through the whole table, as nobody else counts those that expire. Full tables of many
 * attachments are therefore counted in turns, some at each look.
 */
static void count_flows(struct lx_collector *watch, struct lx_collected *watched,
                        const struct lx_attachment *attachment)
{
    struct lx_observed *observed = &watched->observed;
    const struct lx_counters *counters = observed->hooks[LX_HOOK_FROM_ROLE].counters;
    uint64_t begin = lx_worked_ns(), created = counters ? counters->flows_created : 0;
    struct lx_failure failure; /* this user may not look at them */

    if (watched->flow_round == watch->flow_round || watch->flow_time >= FLOW_TIME)
        return;
    watched->flow_round = watch->flow_round;
    observed->flows_known = !lx_attachment_count_flows(attachment, created, &observed->flows, &failure);
    watch->flow_time += lx_worked_ns() - begin;
}

/* When all have had their turn the next round begins. */
static void end_of_turn(struct lx_collector *watch)
{
    bool all = true;

    for (size_t i = 0; i < watch->count; i++)
        all = all && watch->items[i]->flow_round == watch->flow_round;
    watch->flow_round += all;
    watch->flow_time = 0;
}

static int read_attachment(struct lx_collector *watch, const struct lx_attachment *attachment,
                           struct lx_failure *failure)
{
    struct lx_collected *watched = find(watch, attachment) ?: add(watch, attachment);
    struct lx_observed *observed;
    int error;

    if (!watched)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    observed = &watched->observed;
    error = read_labels(observed, attachment, failure);
    observed->metadata = attachment->metadata;
    observed->publication = attachment->publication;
    observed->control = attachment->control;
    observed->seen_ms = attachment->opened_ms;
    if (lx_observed_has_shadow(observed))
        error = error ?: read_shadow(observed, attachment, failure);
    observed->elsewhere = attachment->metadata.netns != lx_namespace_own();
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++)
        error = error ?: read_hook(watch, observed, attachment, hook, failure);
    count_flows(watch, watched, attachment);
    watched->there = !error;
    return error;
}

static int tell(struct lx_collector *watch, const char *sentence)
{
    return lx_words_add(&watch->troubles, sentence);
}

/* A name that somebody gave may be an alternative one. */
static bool is_wanted(const struct lx_collector *watch, const struct lx_metadata *metadata)
{
    char name[sizeof(metadata->interface) + 1];
    struct lx_interface interface;
    bool wanted;

    snprintf(name, sizeof(name), "%.*s", (int)sizeof(metadata->interface), metadata->interface);
    wanted = !watch->only || (metadata->netns == lx_namespace_own() && lx_words_contain(watch->only, name));
    for (size_t i = 0; !wanted && metadata->netns == lx_namespace_own() && i < watch->only->count; i++)
        wanted = !lx_interface_find(watch->only->items[i], &interface, NULL) && interface.index == metadata->ifindex;
    return wanted;
}

/* One that cannot be read is a trouble, not a reason to show nothing of the others. One that went meanwhile is none. */
static int read_directory(struct lx_collector *watch, const char *directory)
{
    struct lx_attachment attachment;
    struct lx_failure failure;
    int error = lx_attachment_open_nearby(directory, &attachment, &failure);

    if (!error) {
        if (is_wanted(watch, &attachment.metadata))
            error = read_attachment(watch, &attachment, &failure);
        lx_attachment_close(&attachment);
    }
    if (!error || error == -ENOENT)
        return 0;
    return error == -ENOMEM ? error : tell(watch, failure.text);
}

/* Its pins are gone and its program is not: bpffs was unmounted, or somebody has tidied up too much. */
static bool runs_on(const struct lx_collected *watched)
{
    const struct lx_metadata *metadata = &watched->observed.metadata;

    return !watched->observed.elsewhere && metadata->program_id &&
           lx_running_id(metadata->ifindex) == metadata->program_id;
}

static void forget_the_gone(struct lx_collector *watch)
{
    size_t kept = 0;

    for (size_t i = 0; i < watch->count; i++) {
        if (watch->items[i]->there || runs_on(watch->items[i]))
            watch->items[kept++] = watch->items[i];
        else
            drop(watch->items[i]);
    }
    watch->count = kept;
}

/* By namespace, one's own first, and name; of two of one name, the one that runs. */
static int by_name(const void *left, const void *right)
{
    const struct lx_observed *a = *(const struct lx_observed *const *)left;
    const struct lx_observed *b = *(const struct lx_observed *const *)right;

    if (a->elsewhere != b->elsewhere)
        return a->elsewhere ? 1 : -1;
    if (a->metadata.netns != b->metadata.netns)
        return a->metadata.netns < b->metadata.netns ? -1 : 1;
    return strncmp(a->metadata.interface, b->metadata.interface, sizeof(a->metadata.interface))
               ?: (int)lx_observed_runs(b) - (int)lx_observed_runs(a);
}

static bool same_name(const struct lx_observed *a, const struct lx_observed *b)
{
    return a->metadata.netns == b->metadata.netns &&
           !strncmp(a->metadata.interface, b->metadata.interface, sizeof(a->metadata.interface));
}

/* Pins of a vanished interface may name one that is there again under another index. */
static int sort(struct lx_collector *watch)
{
    const struct lx_observed **sorted = reallocarray(watch->observed, watch->count + 1, sizeof(*sorted));
    size_t kept = 0, there = 0;

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < watch->count; i++)
        if (watch->items[i]->there)
            sorted[there++] = &watch->items[i]->observed;
    qsort(sorted, there, sizeof(*sorted), by_name);
    for (size_t i = 0; i < there; i++)
        if (!kept || !same_name(sorted[kept - 1], sorted[i]))
            sorted[kept++] = sorted[i];
    watch->observed = sorted;
    watch->observed_count = kept;
    return 0;
}

static bool is_missed(const struct lx_collected *watched)
{
    return !watched->there || !lx_observed_runs(&watched->observed);
}

static int tell_about(struct lx_collector *watch, const struct lx_collected *watched)
{
    const struct lx_observed *observed = &watched->observed;
    char sentence[160];

    if (!is_missed(watched))
        return 0;
    if (!watched->there)
        snprintf(sentence, sizeof(sentence), "the pins of %.*s are lost, though its program runs on",
                 (int)sizeof(observed->metadata.interface), observed->metadata.interface);
    else
        snprintf(sentence, sizeof(sentence), "%.*s is not filtered: its %s program does not run there any more",
                 (int)sizeof(observed->metadata.interface), observed->metadata.interface,
                 observed->hooks[LX_HOOK_TO_ROLE].found == LX_FOUND_GONE ? "to-role" : "from-role");
    return tell(watch, sentence);
}

static bool is_attached(const struct lx_collector *watch, const char *name)
{
    const struct lx_observations seen = lx_collector_seen(watch);

    return lx_observed_named(&seen, name) != NULL; /* then what is wrong with it is told */
}

/* It may be an alternative name. */
static int tell_of_missing(struct lx_collector *watch, const char *name)
{
    struct lx_interface interface;
    char sentence[160];

    if (is_attached(watch, name) || (!lx_interface_find(name, &interface, NULL) && is_attached(watch, interface.name)))
        return 0;
    snprintf(sentence, sizeof(sentence), "nothing is attached to %s, which is to be filtered", name);
    return tell(watch, sentence);
}

static int find_troubles(struct lx_collector *watch)
{
    int error = 0;

    for (size_t i = 0; i < watch->count && !error; i++)
        error = tell_about(watch, watch->items[i]);
    for (size_t i = 0; watch->expected && i < watch->expected->count && !error; i++)
        error = tell_of_missing(watch, watch->expected->items[i]);
    return error;
}

/* Whether a program is missing that was not missing before. Remembers which are. */
static bool newly_missed(struct lx_collector *watch)
{
    bool newly = false;

    for (size_t i = 0; i < watch->count; i++) {
        bool missed = is_missed(watch->items[i]);

        newly = newly || (missed && !watch->items[i]->missed);
        watch->items[i]->missed = missed;
    }
    return newly && watch->looked;
}

static int look(struct lx_collector *watch, struct lx_failure *failure)
{
    struct lx_words directories = {0};
    int error = lx_attachments_list(&directories, failure);

    /* Who has seen pins already was not given mounts without them: they were lost meanwhile. */
    if (error == -ENOTSUP && watch->count)
        error = 0;
    if (error)
        return error;
    lx_words_free(&watch->troubles);
    watch->flow_round = watch->flow_round ?: 1; /* 0: never counted */
    for (size_t i = 0; i < watch->count; i++)
        watch->items[i]->there = false;
    for (size_t i = 0; i < directories.count && !error; i++)
        error = read_directory(watch, directories.items[i]);
    lx_words_free(&directories);
    end_of_turn(watch);
    watch->observed_count = 0; /* until they are sorted: some may be no more */
    forget_the_gone(watch);
    error = error ?: sort(watch);
    error = error ?: find_troubles(watch);
    return error ? lx_fail(failure, LX_EXIT_FAILED, -error, "out of memory") : 0;
}

int lx_collector_collect(struct lx_collector *watch, struct lx_failure *failure)
{
    const struct timespec moment = {.tv_nsec = MOMENT_MS * 1000000L};
    int error = look(watch, failure);

    if (!error && newly_missed(watch)) {
        nanosleep(&moment, NULL);
        error = look(watch, failure);
    }
    watch->looked = true;
    return error;
}

struct lx_observations lx_collector_seen(const struct lx_collector *watch)
{
    return (struct lx_observations){
        .items = watch->observed, .count = watch->observed_count, .declared = watch->expected};
}

void lx_collector_free(struct lx_collector *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        drop(watch->items[i]);
    free(watch->items);
    free(watch->observed);
    lx_words_free(&watch->troubles);
    *watch = (struct lx_collector){.only = watch->only, .expected = watch->expected, .all_ports = watch->all_ports};
}
