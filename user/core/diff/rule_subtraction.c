/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A decision diagram: field by field, each group leads to what is left when only the others that hold the group remain.
 * Equal questions are asked once and equal answers kept once, which is also what makes few and large boxes.
 */
#include "rule_subtraction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING 0u
#define EVERYTHING 1u
#define FIRST_NODE 2u

#define NOT_ANSWERED UINT32_MAX

/* Groups that may be looked at for one rule. */
#define MOST_STEPS (20u * 1000 * 1000)
#define MOST_BYTES (256u << 20)

/* One field: the sets of others that were asked about, and what was answered: a node, which is an answer by group. */
struct level {
    const struct lx_partition *partition;
    struct lx_rule_sets asked;
    uint32_t *answers; /* owned, by set in `asked` */
    uint32_t room;
    struct lx_rule_sets nodes; /* interned like sets: a node's answers by group, each in a word */
    uint64_t *settling;        /* owned: the others that hold all there is, in this field and those behind it */
    uint64_t *subset;          /* owned: scratch, the others that hold the present group too */
    uint64_t *node;            /* owned: scratch, the answers of the node that is being made */
    bool *has, *done;          /* owned, by group: in the present box; in one that was taken already */
};

struct subtraction {
    struct level levels[LX_RULE_FIELDS];
    size_t words; /* of a set of others */
    size_t steps;
    int (*take)(void *context, const struct lx_box *box);
    void *context;
};

static void level_free(struct level *level)
{
    lx_rule_sets_free(&level->asked);
    lx_rule_sets_free(&level->nodes);
    free(level->answers);
    free(level->settling);
    free(level->subset);
    free(level->node);
    free(level->has);
    free(level->done);
}

static int level_init(struct level *level, const struct lx_partition *partition, size_t others)
{
    size_t groups = partition->groups.count;
    int error;

    level->partition = partition;
    level->settling = calloc(partition->groups.words, sizeof(*level->settling));
    level->subset = calloc(partition->groups.words, sizeof(*level->subset));
    level->node = calloc(groups + 1, sizeof(*level->node));
    level->has = calloc(groups + 1, sizeof(*level->has));
    level->done = calloc(groups + 1, sizeof(*level->done));
    if (!level->settling || !level->subset || !level->node || !level->has || !level->done)
        return -ENOMEM;
    error = lx_rule_sets_init(&level->asked, others, MOST_BYTES / (partition->groups.words * sizeof(uint64_t)));
    return error ?: lx_rule_sets_init(&level->nodes, 64 * groups, MOST_BYTES / ((groups + 1) * sizeof(uint64_t)));
}

static bool any_bit(const uint64_t *bits, const uint64_t *mask, size_t words)
{
    for (size_t w = 0; w < words; w++)
        if (bits[w] & mask[w])
            return true;
    return false;
}

/* Notes a question. `known` receives its answer, or NOT_ANSWERED. */
static int ask(struct level *level, const uint64_t *subset, uint32_t *question, uint32_t *known)
{
    int error = lx_rule_sets_intern(&level->asked, subset, question);

    if (error)
        return error;
    if (*question >= level->room) {
        uint32_t room = 2 * (*question + 8);
        uint32_t *answers = reallocarray(level->answers, room, sizeof(*answers));

        if (!answers)
            return -ENOMEM;
        memset(answers + level->room, 0xff, (room - level->room) * sizeof(*answers));
        level->answers = answers;
        level->room = room;
    }
    *known = level->answers[*question];
    return 0;
}

/* The node that the scratch amounts to: nothing and everything have names of their own. */
static int intern_node(struct level *level, uint32_t *answer)
{
    uint32_t groups = level->partition->groups.count, same = 1, id;
    int error;

    while (same < groups && level->node[same] == level->node[0])
        same++;
    if (same == groups && level->node[0] < FIRST_NODE) {
        *answer = (uint32_t)level->node[0];
        return 0;
    }
    error = lx_rule_sets_intern(&level->nodes, level->node, &id);
    if (!error)
        *answer = FIRST_NODE + id;
    return error;
}

/* What is left, from one field on, when the others in `subset` are those that hold all fields before it. */
static int decide(struct subtraction *subtraction, unsigned field, const uint64_t *subset, uint32_t *answer)
{
    struct level *level = &subtraction->levels[field];
    uint32_t question, known = NOT_ANSWERED, groups, behind = NOTHING;
    int error;

    if (!any_bit(subset, subset, subtraction->words)) {
        *answer = EVERYTHING;
        return 0;
    }
    if (field == LX_RULE_FIELDS || any_bit(subset, level->settling, subtraction->words)) {
        *answer = NOTHING;
        return 0;
    }
    error = ask(level, subset, &question, &known);
    if (error || known != NOT_ANSWERED) {
        *answer = known;
        return error;
    }
    groups = level->partition->groups.count;
    subtraction->steps += groups;
    if (subtraction->steps > MOST_STEPS)
        return -E2BIG;
    for (uint32_t group = 0; !error && group < groups; group++) {
        const uint64_t *holders = lx_rule_sets_get(&level->partition->groups, group);

        for (size_t w = 0; w < subtraction->words; w++)
            level->subset[w] = subset[w] & holders[w];
        error = decide(subtraction, field + 1, level->subset, &behind);
        level->node[group] = behind;
    }
    error = error ?: intern_node(level, answer);
    if (!error)
        level->answers[question] = *answer;
    return error;
}

static int take_box(struct subtraction *subtraction)
{
    struct lx_box box;

    for (unsigned field = 0; field < LX_RULE_FIELDS; field++)
        box.has[field] = subtraction->levels[field].has;
    return subtraction->take(subtraction->context, &box);
}

/* Takes what a node leads to; the fields before it have their groups. Groups with one answer go together. */
static int take_node(struct subtraction *subtraction, unsigned field, uint32_t answer)
{
    struct level *level = &subtraction->levels[field];
    const uint64_t *answers;
    uint32_t groups;
    int error = 0;

    if (field == LX_RULE_FIELDS)
        return take_box(subtraction);
    groups = level->partition->groups.count;
    if (answer == EVERYTHING) {
        memset(level->has, true, groups);
        return take_node(subtraction, field + 1, EVERYTHING);
    }
    /* Nothing is interned any more, so that nodes stay where they are. */
    answers = lx_rule_sets_get(&level->nodes, answer - FIRST_NODE);
    memset(level->done, false, groups);
    for (uint32_t group = 0; !error && group < groups; group++) {
        if (level->done[group] || answers[group] == NOTHING)
            continue;
        for (uint32_t other = 0; other < groups; other++) {
            level->has[other] = answers[other] == answers[group];
            level->done[other] |= level->has[other];
        }
        error = take_node(subtraction, field + 1, (uint32_t)answers[group]);
    }
    return error;
}

/* The others that hold all there is in the last fields: from the last field forwards, each can only make it fewer. */
static void find_settling(struct subtraction *subtraction)
{
    for (unsigned field = LX_RULE_FIELDS; field-- > 0;) {
        struct level *level = &subtraction->levels[field];

        for (size_t w = 0; w < subtraction->words; w++) {
            level->settling[w] = level->partition->everywhere[w];
            if (field + 1 < LX_RULE_FIELDS)
                level->settling[w] &= subtraction->levels[field + 1].settling[w];
        }
    }
}

int lx_subtract_rules(const struct lx_partition *partitions, size_t others,
                      int (*take)(void *context, const struct lx_box *box), void *context)
{
    struct subtraction subtraction = {.words = partitions[0].groups.words, .take = take, .context = context};
    uint64_t all[2 * LX_MAX_ROWS / 64] = {0};
    uint32_t answer = NOTHING;
    int error = 0;

    for (unsigned field = 0; !error && field < LX_RULE_FIELDS; field++)
        error = level_init(&subtraction.levels[field], &partitions[field], others);
    if (!error) {
        find_settling(&subtraction);
        for (size_t i = 0; i < others; i++)
            lx_rule_bits_set(all, i);
        error = decide(&subtraction, 0, all, &answer);
    }
    if (!error && answer != NOTHING)
        error = take_node(&subtraction, 0, answer);
    for (unsigned field = 0; field < LX_RULE_FIELDS; field++)
        level_free(&subtraction.levels[field]);
    return error;
}
