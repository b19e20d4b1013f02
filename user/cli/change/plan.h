/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What it takes to bring the interfaces of this network namespace to a declared state, worked out before anything is
 * changed: every file is read, every policy compiled, and every interface looked at.
 */
#ifndef LYNCXDP_CLI_PLAN_H
#define LYNCXDP_CLI_PLAN_H

#include <jansson.h>

#include "fallback.h"
#include "user/cli/policy/interface_config.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/pairing.h"
#include "user/kernel/attachment/update.h"
#include "wires.h"

/* In the order in which they are carried out: what can be taken back without a trace comes first. */
enum lx_action {
    LX_ACTION_NONE,
    LX_ACTION_UPDATE,
    LX_ACTION_ATTACH,
    LX_ACTION_REATTACH, /* detach, then attach: what an update cannot change */
    LX_ACTION_DETACH,
    LX_ACTION_COUNT
};

struct lx_plan_item {
    enum lx_action action;
    const char *why; /* half a sentence, or NULL */
    char name[LX_CALLED];
    struct lx_interface interface;
    struct lx_pair pair;          /* if a pair is declared */
    struct lx_wires wires;        /* what is to be filtered with it */
    bool left_out;                /* not of this plan; nothing else is known of it */
    bool failed;                  /* it cannot be brought there, or could not */
    bool in_the_way;              /* to be detached first: what is declared needs its interfaces */
    char directory[LX_PINS_PATH]; /* of what is to be detached when its interface is gone; else empty */

    struct lx_interface_config config; /* what is declared; zero for what is to be detached */
    struct lx_last_good texts;         /* that were read for it */
    struct lx_fallback fallback;       /* what it is instead, when that cannot be used */

    /* What is in force now, of what is taken off before something else is put on. */
    bool returns; /* it can be put back */
    struct lx_attach_choices choices_before;
    struct lx_interface pair_before; /* its inner interface, if it is a pair */
    struct lx_wires wires_before;    /* what was filtered with it */
    struct lx_policy_spec before;

    /* While it is carried out. */
    bool held, done, interrupted; /* the last: unfiltered for a moment */
    struct lx_update update;
    struct lx_members members_before;
    struct lx_pair paired_before;
};

struct lx_plan {
    struct lx_plan_item *items;
    size_t count;
};

/*
 * Makes the plan. All mistakes of all interfaces are reported in one run. Returns LX_EXIT_DONE, or another exit code
 * with nothing to be freed.
 */
int lx_plan_make(const struct lx_declaration *declaration, const struct lx_intent *intent, struct lx_plan *plan);

/*
 * The same for each interface by itself: those that are not `wanted` (by their places in the declaration) are left out,
 * those whose declaration or files cannot be used get what stands in for them (fallback.h) unless they are filtered,
 * those that cannot be brought to their state are reported and `failed`, and neither stops the others. What is not
 * declared is part of it when the `rest` is. Returns the first exit code that is not LX_EXIT_DONE; the plan is there
 * all the same, to be freed.
 */
int lx_plan_make_each(const struct lx_declaration *declaration, const bool *wanted, bool rest,
                      const struct lx_intent *intent, struct lx_plan *plan);

/* Whether what is declared stands on the interface: it is the one, the other of its pair, or filtered with it. */
bool lx_plan_stands_on(const struct lx_declared *declared, const char *name);

void lx_plan_print(const struct lx_plan *plan);

/* The interfaces with their actions; NULL when out of memory. */
json_t *lx_plan_report(const struct lx_plan *plan);

void lx_plan_free(struct lx_plan *plan);

#endif
