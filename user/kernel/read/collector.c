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

static bool same(const struct lx_collected *one, const struct lx_attachment *attachment)
{
    bool equal = !strcmp(one->directory, attachment->directory);

    for (int hook = 0; hook < LX_HOOK_COUNT && equal; hook++)
        equal = one->counters_ids[hook] == counters_id(attachment, hook);
    return equal;
}

static struct lx_collected *find(const struct lx_collector *collector, const struct lx_attachment *attachment)
{
    for (size_t i = 0; i < collector->count; i++)
        if (same(collector->items[i], attachment))
            return collector->items[i];
    return NULL;
}

static struct lx_collected *add(struct lx_collector *collector, const struct lx_attachment *attachment)
{
    struct lx_collected **grown = reallocarray(collector->items, collector->count + 1, sizeof(*grown));
    struct lx_collected *added = grown ? calloc(1, sizeof(*added)) : NULL;

    if (grown)
        collector->items = grown;
    if (!added)
        return NULL;
    strcpy(added->directory, attachment->directory);
    for (int hook = 0; hook < LX_HOOK_COUNT; hook++)
        added->counters_ids[hook] = counters_id(attachment, hook);
    return collector->items[collector->count++] = added;
}

static void drop(struct lx_collected *one)
{
    lx_observed_free(&one->observed);
    free(one);
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
    if (hook == LX_HOOK_TO_ROLE && observed->open_port[0])
        return LX_FOUND_GONE;
    return lx_attachment_hook_state(attachment, hook) == LX_STATE_FILTERING ? LX_FOUND_RUNNING : LX_FOUND_GONE;
}

static int read_hook(const struct lx_collector *collector, struct lx_observed *observed,
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
    if (!error && collector->all_ports && lx_port_series_choose_counted(&seen->ports, seen->counters))
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
static void count_flows(struct lx_collector *collector, struct lx_collected *one,
                        const struct lx_attachment *attachment)
{
    struct lx_observed *observed = &one->observed;
    const struct lx_counters *counters = observed->hooks[LX_HOOK_FROM_ROLE].counters;
    uint64_t begin = lx_worked_ns(), created = counters ? counters->flows_created : 0;
    struct lx_failure failure; /* this user may not look at them */

    if (one->flow_round == collector->flow_round || collector->flow_time >= FLOW_TIME)
        return;
    one->flow_round = collector->flow_round;
    observed->flows_known = !lx_attachment_count_flows(attachment, created, &observed->flows, &failure);
    collector->flow_time += lx_worked_ns() - begin;
}

/* When all have had their turn the next round begins. */
static void end_of_turn(struct lx_collector *collector)
{
    bool all = true;

    for (size_t i = 0; i < collector->count; i++)
        all = all && collector->items[i]->flow_round == collector->flow_round;
    collector->flow_round += all;
    collector->flow_time = 0;
}

/* Which of its interfaces something is wrong with. */
static void look_around(struct lx_observed *observed, const struct lx_attachment *attachment)
{
    const struct lx_members *members = &attachment->members;
    struct lx_called missed = lx_observed_called(observed);

    for (size_t i = 0; i < members->count; i++)
        for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++)
            if (lx_attachment_has_hook(attachment, hook) &&
                lx_attachment_own_state(attachment, hook) == LX_STATE_FILTERING &&
                lx_attachment_member_state(attachment, i, hook) != LX_STATE_FILTERING)
                missed = lx_called(members->items[i].interface, 0);
    memcpy(observed->missed, missed.text, sizeof(observed->missed));
    if (observed->elsewhere || !lx_attachment_open_port(attachment, observed->open_port))
        observed->open_port[0] = '\0';
}

static int read_attachment(struct lx_collector *collector, const struct lx_attachment *attachment,
                           struct lx_failure *failure)
{
    struct lx_collected *one = find(collector, attachment) ?: add(collector, attachment);
    struct lx_observed *observed;
    int error;

    if (!one)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    observed = &one->observed;
    error = read_labels(observed, attachment, failure);
    observed->metadata = attachment->metadata;
    observed->publication = attachment->publication;
    observed->control = attachment->control;
    observed->seen_ms = attachment->opened_ms;
    observed->seen_at = (uint64_t)time(NULL);
    if (lx_observed_has_shadow(observed))
        error = error ?: read_shadow(observed, attachment, failure);
    observed->elsewhere = attachment->metadata.netns != lx_namespace_own();
    look_around(observed, attachment);
    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++)
        error = error ?: read_hook(collector, observed, attachment, hook, failure);
    count_flows(collector, one, attachment);
    one->there = !error;
    return error;
}

static int add_trouble(struct lx_collector *collector, const char *sentence)
{
    return lx_words_add(&collector->troubles, sentence);
}

/* A name that somebody gave may be an alternative one, so that its interface has another; that is looked up once. */
static int find_wanted(struct lx_collector *collector)
{
    const size_t count = collector->only ? collector->only->count : 0;
    unsigned *wanted = reallocarray(collector->wanted, count + 1, sizeof(*wanted));
    struct lx_interface interface;

    if (!wanted)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        bool found = !lx_interface_find(collector->only->items[i], &interface, NULL);

        /* One VLAN is wanted by its name alone, the whole of a trunk by all that is filtered of it. */
        wanted[i] = found && !interface.vlan ? interface.index : 0;
    }
    collector->wanted = wanted;
    return 0;
}

static bool is_wanted(const struct lx_collector *collector, const struct lx_metadata *metadata)
{
    bool wanted;

    if (!collector->only || metadata->netns != lx_namespace_own())
        return !collector->only;
    wanted = lx_words_contain(collector->only, lx_called(metadata->interface, metadata->vlan).text);
    for (size_t i = 0; i < collector->only->count; i++)
        wanted = wanted || (collector->wanted[i] && collector->wanted[i] == metadata->ifindex);
    return wanted;
}

/* One that cannot be read is a trouble, not a reason to show nothing of the others. One that went meanwhile is none. */
static int read_directory(struct lx_collector *collector, const char *directory)
{
    struct lx_attachment attachment;
    struct lx_failure failure;
    int error = lx_attachment_open_nearby(directory, &attachment, &failure);

    if (!error) {
        if (is_wanted(collector, &attachment.metadata))
            error = read_attachment(collector, &attachment, &failure);
        lx_attachment_close(&attachment);
    }
    if (!error || error == -ENOENT)
        return 0;
    return error == -ENOMEM ? error : add_trouble(collector, failure.text);
}

/* Its pins are gone and its program is not: bpffs was unmounted, or somebody has tidied up too much. */
static bool runs_on(const struct lx_collected *one)
{
    const struct lx_metadata *metadata = &one->observed.metadata;

    return !one->observed.elsewhere && metadata->program_id && lx_running_id(metadata->ifindex) == metadata->program_id;
}

static void forget_the_gone(struct lx_collector *collector)
{
    size_t kept = 0;

    for (size_t i = 0; i < collector->count; i++) {
        if (collector->items[i]->there || runs_on(collector->items[i]))
            collector->items[kept++] = collector->items[i];
        else
            drop(collector->items[i]);
    }
    collector->count = kept;
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
               ?: (int)a->metadata.vlan - (int)b->metadata.vlan
               ?: (int)lx_observed_runs(b) - (int)lx_observed_runs(a);
}

static bool same_name(const struct lx_observed *a, const struct lx_observed *b)
{
    return a->metadata.netns == b->metadata.netns && a->metadata.vlan == b->metadata.vlan &&
           !strncmp(a->metadata.interface, b->metadata.interface, sizeof(a->metadata.interface));
}

/* Pins of a vanished interface may name one that is there again under another index. */
static int sort(struct lx_collector *collector)
{
    const struct lx_observed **sorted = reallocarray(collector->observed, collector->count + 1, sizeof(*sorted));
    size_t kept = 0, there = 0;

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < collector->count; i++)
        if (collector->items[i]->there)
            sorted[there++] = &collector->items[i]->observed;
    qsort(sorted, there, sizeof(*sorted), by_name);
    for (size_t i = 0; i < there; i++)
        if (!kept || !same_name(sorted[kept - 1], sorted[i]))
            sorted[kept++] = sorted[i];
    collector->observed = sorted;
    collector->observed_count = kept;
    return 0;
}

static bool is_missed(const struct lx_collected *one)
{
    return !one->there || !lx_observed_runs(&one->observed);
}

/* It is filtered, and nobody is served. */
static int check_closed(struct lx_collector *collector, const struct lx_collected *one)
{
    const struct lx_observed *observed = &one->observed;
    char sentence[160];

    if (lx_published_origin(&observed->publication) != LX_ORIGIN_CLOSED)
        return 0;
    snprintf(sentence, sizeof(sentence),
             "%.*s is closed: neither what is declared for it nor anything before it could be used",
             (int)sizeof(observed->metadata.interface), observed->metadata.interface);
    return add_trouble(collector, sentence);
}

static int check_expected(struct lx_collector *collector, const struct lx_collected *one)
{
    const struct lx_observed *observed = &one->observed;
    char sentence[160];

    if (!is_missed(one))
        return check_closed(collector, one);
    if (!one->there)
        snprintf(sentence, sizeof(sentence), "the pins of %s are lost, though its program runs on",
                 lx_observed_called(observed).text);
    else if (observed->open_port[0])
        snprintf(sentence, sizeof(sentence), "%.*s is not filtered, and is a port of the same bond as %.*s",
                 (int)sizeof(observed->open_port), observed->open_port, (int)sizeof(observed->metadata.interface),
                 observed->metadata.interface);
    else
        snprintf(sentence, sizeof(sentence), "%.*s is not filtered: its %s program does not run there any more",
                 (int)sizeof(observed->missed), observed->missed,
                 observed->hooks[LX_HOOK_TO_ROLE].found == LX_FOUND_GONE ? "to-role" : "from-role");
    return add_trouble(collector, sentence);
}

static bool is_attached(const struct lx_collector *collector, const char *name)
{
    const struct lx_observations seen = lx_collector_seen(collector);

    return lx_observed_named(&seen, name) != NULL; /* then what is wrong with it is reported */
}

/* It may be an alternative name. */
static int add_missing(struct lx_collector *collector, const char *name)
{
    struct lx_interface interface;
    char sentence[160];

    if (is_attached(collector, name) ||
        (!lx_interface_find(name, &interface, NULL) && is_attached(collector, interface.name)))
        return 0;
    snprintf(sentence, sizeof(sentence), "nothing is attached to %s, which is to be filtered", name);
    return add_trouble(collector, sentence);
}

static int find_troubles(struct lx_collector *collector)
{
    int error = 0;

    for (size_t i = 0; i < collector->count && !error; i++)
        error = check_expected(collector, collector->items[i]);
    for (size_t i = 0; collector->expected && i < collector->expected->count && !error; i++)
        error = add_missing(collector, collector->expected->items[i]);
    return error;
}

/* Whether a program is missing that was not missing before. Remembers which are. */
static bool newly_missed(struct lx_collector *collector)
{
    bool newly = false;

    for (size_t i = 0; i < collector->count; i++) {
        bool missed = is_missed(collector->items[i]);

        newly = newly || (missed && !collector->items[i]->missed);
        collector->items[i]->missed = missed;
    }
    return newly && collector->looked;
}

static int look(struct lx_collector *collector, struct lx_failure *failure)
{
    struct lx_words directories = {0};
    int error = lx_attachments_list(&directories, failure);

    /* Who has seen pins already was not given mounts without them: they were lost meanwhile. */
    if (error == -ENOTSUP && collector->count)
        error = 0;
    if (error)
        return error;
    lx_words_free(&collector->troubles);
    collector->flow_round = collector->flow_round ?: 1; /* 0: never counted */
    for (size_t i = 0; i < collector->count; i++)
        collector->items[i]->there = false;
    error = find_wanted(collector);
    for (size_t i = 0; i < directories.count && !error; i++)
        error = read_directory(collector, directories.items[i]);
    lx_words_free(&directories);
    end_of_turn(collector);
    collector->observed_count = 0; /* until they are sorted: some may be no more */
    forget_the_gone(collector);
    error = error ?: sort(collector);
    error = error ?: find_troubles(collector);
    return error ? lx_fail(failure, LX_EXIT_FAILED, -error, "out of memory") : 0;
}

int lx_collector_collect(struct lx_collector *collector, struct lx_failure *failure)
{
    const struct timespec moment = {.tv_nsec = MOMENT_MS * 1000000L};
    int error = look(collector, failure);

    if (!error && newly_missed(collector)) {
        nanosleep(&moment, NULL);
        error = look(collector, failure);
    }
    collector->looked = true;
    return error;
}

struct lx_observations lx_collector_seen(const struct lx_collector *collector)
{
    return (struct lx_observations){
        .items = collector->observed, .count = collector->observed_count, .declared = collector->expected};
}

void lx_collector_free(struct lx_collector *collector)
{
    for (size_t i = 0; i < collector->count; i++)
        drop(collector->items[i]);
    free(collector->items);
    free(collector->observed);
    free(collector->wanted);
    lx_words_free(&collector->troubles);
    *collector = (struct lx_collector){
        .only = collector->only, .expected = collector->expected, .all_ports = collector->all_ports};
}
