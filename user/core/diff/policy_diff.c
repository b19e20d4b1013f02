/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rule by rule: what is newly allowed is what a rule of the policy after lists, less what any rule before did, less
 * what the rules ahead of it list, which are reported by themselves. Newly dropped is the same with the policies
 * exchanged.
 */
#include "policy_diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bypass_diff.h"

/* By enum lx_transport; no row has LX_ECHO. */
#define TRANSPORTS (LX_PORTLESS + 1)

/* One policy's rules, numbered. `settled` shows, by rule, the transports in which others have all of it. */
struct numbered {
    const struct lx_policy *policy;
    struct lx_numbered_rule *rules; /* owned */
    uint8_t *settled;               /* owned */
};

struct comparison {
    struct lx_address_classes classes;
    struct lx_set_maker maker;
    struct numbered before, after;
    struct lx_others others[TRANSPORTS]; /* their items are owned: scratch */
};

static bool known(const struct lx_prefix_set *protected)
{
    return protected && !protected->any && protected->count > 0;
}

static int cut_addresses(struct comparison *comparison, const struct lx_policy *before, const struct lx_policy *after)
{
    const struct lx_policy *const policies[2] = {before, after};
    const struct lx_prefix_set **sets = calloc(2 * (before->rule_count + after->rule_count + 1), sizeof(*sets));
    size_t count = 0;
    int error;

    if (!sets)
        return -ENOMEM;
    for (int p = 0; p < 2; p++) {
        for (size_t i = 0; i < policies[p]->rule_count; i++) {
            sets[count++] = policies[p]->rules[i].source;
            sets[count++] = policies[p]->rules[i].destination;
        }
        if (known(policies[p]->protected))
            sets[count++] = policies[p]->protected;
    }
    error = lx_address_classes_build(sets, count, &comparison->classes);
    free(sets);
    return error;
}

static int number_rules(struct numbered *numbered, const struct lx_policy *policy,
                        const struct lx_address_classes *classes)
{
    numbered->policy = policy;
    numbered->rules = calloc(policy->rule_count + 1, sizeof(*numbered->rules));
    numbered->settled = calloc(policy->rule_count + 1, sizeof(*numbered->settled));
    if (!numbered->rules || !numbered->settled)
        return -ENOMEM;
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct lx_rule *rule = &policy->rules[i];

        numbered->rules[i].rule = rule;
        numbered->rules[i].sets[LX_SOURCE_ADDRESS] = lx_address_classes_number(classes, rule->source);
        numbered->rules[i].sets[LX_DESTINATION_ADDRESS] = lx_address_classes_number(classes, rule->destination);
    }
    return 0;
}

static int prepare(struct comparison *comparison, const struct lx_policy *before, const struct lx_policy *after)
{
    size_t room = before->rule_count + after->rule_count + 1;
    int error = cut_addresses(comparison, before, after);

    error = error ?: lx_set_maker_init(&comparison->maker, &comparison->classes);
    error = error ?: number_rules(&comparison->before, before, &comparison->classes);
    error = error ?: number_rules(&comparison->after, after, &comparison->classes);
    for (int i = 0; !error && i < TRANSPORTS; i++) {
        comparison->others[i].items = calloc(room, sizeof(*comparison->others[i].items));
        if (!comparison->others[i].items)
            error = -ENOMEM;
    }
    return error;
}

static void comparison_free(struct comparison *comparison)
{
    for (int i = 0; i < TRANSPORTS; i++)
        free(comparison->others[i].items);
    free(comparison->before.rules);
    free(comparison->before.settled);
    free(comparison->after.rules);
    free(comparison->after.settled);
    lx_set_maker_free(&comparison->maker);
    lx_address_classes_free(&comparison->classes);
}

/* Whether two rules of one hook and transport list a packet in common. */
static bool rules_meet(const struct comparison *comparison, const struct lx_numbered_rule *left,
                       const struct lx_numbered_rule *right)
{
    const struct lx_row *l = left->rule->row, *r = right->rule->row;

    for (int end = 0; end < 2; end++)
        if (!lx_address_sets_meet(&comparison->classes, left->sets[end], right->sets[end]))
            return false;
    return lx_ports_meet(&l->destination_ports, &r->destination_ports) &&
           lx_ports_meet(&l->source_ports, &r->source_ports);
}

/* Whether one rule lists all that another does. False may be wrong, and only costs time. */
static bool rule_covers(const struct comparison *comparison, const struct lx_numbered_rule *wide,
                        const struct lx_numbered_rule *narrow)
{
    const struct lx_row *w = wide->rule->row, *n = narrow->rule->row;

    for (int end = 0; end < 2; end++)
        if (!lx_address_set_within(&comparison->classes, narrow->sets[end], wide->sets[end]))
            return false;
    return lx_ports_cover(&w->destination_ports, &n->destination_ports) &&
           lx_ports_cover(&w->source_ports, &n->source_ports);
}

/* Adds to the others, by transport, those of a policy's first rules that meet a rule. */
static void add_others(struct comparison *comparison, const struct numbered *from, size_t count,
                       const struct lx_numbered_rule *rule, uint8_t *settled)
{
    enum lx_hook hook = lx_row_hook(rule->rule->row);

    for (size_t i = 0; i < count; i++) {
        const struct lx_numbered_rule *other = &from->rules[i];
        unsigned both = other->rule->row->transports & rule->rule->row->transports & ~(unsigned)*settled;

        if (from->settled)
            both &= ~(unsigned)from->settled[i];
        if (!both || lx_row_hook(other->rule->row) != hook || !rules_meet(comparison, rule, other))
            continue;
        if (rule_covers(comparison, other, rule))
            *settled |= both;
        for (unsigned t = 0; t < TRANSPORTS; t++)
            if (both & LX_TRANSPORT_BIT(t))
                comparison->others[t].items[comparison->others[t].count++] = other;
    }
}

static bool same_others(const struct lx_others *left, const struct lx_others *right)
{
    return left->count == right->count && !memcmp(left->items, right->items, left->count * sizeof(*left->items));
}

/* What one rule lists that `theirs` does not, and no rule ahead of it. */
static int add_rule(struct comparison *comparison, struct numbered *mine, size_t index, const struct numbered *theirs,
                    struct lx_regions *regions)
{
    const struct lx_numbered_rule *rule = &mine->rules[index];
    const struct numbered all = {.rules = theirs->rules};
    struct lx_others *others = comparison->others;
    unsigned left;
    int error = 0;

    if (!rules_meet(comparison, rule, rule))
        return 0; /* an end without addresses */
    for (unsigned t = 0; t < TRANSPORTS; t++)
        others[t].count = 0;
    mine->settled[index] = 0;
    add_others(comparison, &all, theirs->policy->rule_count, rule, &mine->settled[index]);
    add_others(comparison, mine, index, rule, &mine->settled[index]);
    left = rule->rule->row->transports & ~(unsigned)mine->settled[index];
    if (left == (LX_TRANSPORT_BIT(LX_TCP) | LX_TRANSPORT_BIT(LX_UDP)) && same_others(&others[LX_TCP], &others[LX_UDP]))
        return lx_regions_add(regions, rule, left, &others[LX_TCP], &comparison->maker);
    for (unsigned t = 0; !error && t < TRANSPORTS; t++)
        if (left & LX_TRANSPORT_BIT(t))
            error = lx_regions_add(regions, rule, LX_TRANSPORT_BIT(t), &others[t], &comparison->maker);
    return error;
}

/* What `mine` lists and `theirs` does not. */
static int add_rules(struct comparison *comparison, struct numbered *mine, const struct numbered *theirs,
                     struct lx_regions *regions)
{
    bool off = mine->policy->egress == LX_EGRESS_OFF && theirs->policy->egress == LX_EGRESS_OFF;
    int error = 0;

    for (int hook = 0; hook < (off ? LX_HOOK_FROM_ROLE : LX_HOOK_COUNT); hook++)
        for (size_t i = 0; !error && i < mine->policy->rule_count; i++)
            if ((int)lx_row_hook(mine->rules[i].rule->row) == hook)
                error = add_rule(comparison, mine, i, theirs, regions);
    return error;
}

static void diff_vlans(const struct lx_policy *before, const struct lx_policy *after, struct lx_switch_diff *diff)
{
    for (size_t i = 0; i < sizeof(before->vlans); i++) {
        uint8_t b = before->vlans_listed ? before->vlans[i] : 0xff, a = after->vlans_listed ? after->vlans[i] : 0xff;

        diff->vlans_on[i] = a & (uint8_t)~b;
        diff->vlans_off[i] = b & (uint8_t)~a;
    }
}

/* The addresses of `mine` that `theirs` does not have; NULL: none. Either may be unknown, which is none at all. */
static int diff_addresses(struct comparison *comparison, const struct lx_prefix_set *mine,
                          const struct lx_prefix_set *theirs, const struct lx_prefix_set **rest)
{
    const struct lx_address_classes *classes = &comparison->classes;
    uint64_t *bits;
    bool any = false;
    int error = 0;

    if (!known(mine))
        return 0;
    bits = calloc(comparison->maker.asked.words, sizeof(*bits));
    if (!bits)
        return -ENOMEM;
    for (uint32_t class = 0; class < classes->holders.count; class ++) {
        if (!lx_address_class_in(classes, class, lx_address_classes_number(classes, mine)) ||
            (known(theirs) && lx_address_class_in(classes, class, lx_address_classes_number(classes, theirs))))
            continue;
        lx_rule_bits_set(bits, class);
        any = true;
    }
    if (any)
        error = lx_set_maker_make(&comparison->maker, bits, rest);
    free(bits);
    return error;
}

static int diff_switches(struct comparison *comparison, struct lx_switch_diff *diff)
{
    const struct lx_policy *before = comparison->before.policy, *after = comparison->after.policy;
    int error;

    diff->built_ins_on = after->built_ins & ~before->built_ins;
    diff->built_ins_off = before->built_ins & ~after->built_ins;
    diff->egress_before = before->egress;
    diff->egress_after = after->egress;
    diff->audit_before = before->audit;
    diff->audit_after = after->audit;
    diff_vlans(before, after, diff);
    diff->bypass_before = &before->bypass;
    diff->bypass_after = &after->bypass;
    error = diff_addresses(comparison, after->protected, before->protected, &diff->protected_on);
    return error ?: diff_addresses(comparison, before->protected, after->protected, &diff->protected_off);
}

int lx_policy_diff(const struct lx_policy *before, const struct lx_policy *after, struct lx_policy_diff *diff)
{
    struct comparison comparison = {0};
    struct lx_policy_diff found = {0};
    int error;

    if (before->rule_count > LX_MAX_ROWS || after->rule_count > LX_MAX_ROWS)
        return -E2BIG;
    error = prepare(&comparison, before, after);
    error = error ?: add_rules(&comparison, &comparison.after, &comparison.before, &found.allowed);
    error = error ?: add_rules(&comparison, &comparison.before, &comparison.after, &found.dropped);
    error = error ?: diff_switches(&comparison, &found.switches);
    if (error) {
        lx_policy_diff_free(&found);
    } else {
        found.set_count = lx_set_maker_finish(&comparison.maker, &found.sets);
        *diff = found;
    }
    comparison_free(&comparison);
    return error;
}

void lx_policy_diff_free(struct lx_policy_diff *diff)
{
    for (size_t i = 0; i < diff->set_count; i++) {
        free(diff->sets[i]->items);
        free(diff->sets[i]);
    }
    free(diff->sets);
    lx_regions_free(&diff->allowed);
    lx_regions_free(&diff->dropped);
    *diff = (struct lx_policy_diff){0};
}

bool lx_policy_diff_none(const struct lx_policy_diff *diff)
{
    static const uint8_t none[sizeof(diff->switches.vlans_on)];
    const struct lx_switch_diff *switches = &diff->switches;

    return !diff->allowed.count && !diff->dropped.count && !switches->built_ins_on && !switches->built_ins_off &&
           switches->egress_before == switches->egress_after && switches->audit_before == switches->audit_after &&
           !switches->protected_on && !switches->protected_off && !memcmp(switches->vlans_on, none, sizeof(none)) &&
           !memcmp(switches->vlans_off, none, sizeof(none)) &&
           lx_bypass_same(switches->bypass_before, switches->bypass_after);
}
