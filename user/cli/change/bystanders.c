/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks before anything is cut: a web server behind the same pair would otherwise fall silent, and nobody knew why. */
#include "bystanders.h"

#include <stdio.h>
#include <string.h>

#include "user/cli/print/output.h"
#include "user/kernel/link/neighbours.h"

/* Hosts that a sentence names; of more it says how many. */
#define NAMED 8

struct list {
    char text[NAMED * (LX_PREFIX_TEXT + LX_CARD_TEXT + 5)];
    size_t count;
};

static void add(struct list *list, const struct lx_seen_host *host)
{
    char address[LX_PREFIX_TEXT], card[LX_CARD_TEXT], *end = list->text + strlen(list->text);
    const char *comma = list->count ? ", " : "";

    if (list->count++ >= NAMED)
        return;
    lx_card_format(host->card, card);
    if (host->has_address)
        sprintf(end, "%s%s (%s)", comma, lx_address_format(&host->address, address), card);
    else
        sprintf(end, "%s%s", comma, card);
}

/* " and 3 more", where there are. */
static const char *and_more(const struct list *list, char text[32])
{
    text[0] = '\0';
    if (list->count > NAMED)
        snprintf(text, 32, " and %zu more", list->count - NAMED);
    return text;
}

void lx_warn_of_bystanders(const struct lx_interface *inner, const struct lx_policy *policy)
{
    struct list cut = {"", 0}, unknown = {"", 0};
    struct lx_seen_hosts hosts = {0};
    char more[32];

    if (policy->own->any)
        return; /* whoever is there may be the role */
    if (lx_neighbours_behind(inner, &hosts) || !hosts.count)
        lx_print_warning("which hosts are behind %s is not known: %s; those that are neither self nor listed under "
                         "bypass: in the site are cut",
                         inner->name,
                         inner->master ? "its bridge has seen none there yet"
                                       : "it is no port of a bridge, and this machine has spoken with nobody there");
    for (size_t i = 0; i < hosts.count; i++) {
        const struct lx_seen_host *host = &hosts.items[i];

        if (!host->has_address)
            add(&unknown, host);
        else if (!lx_prefix_set_lists(policy->protected, &host->address) &&
                 !lx_bypass_holds(&policy->bypass, &host->address, host->card))
            add(&cut, host);
    }
    if (cut.count)
        lx_print_warning("this cuts hosts behind %s that are not the role: %s%s; list them under bypass: in the site, "
                         "or give them rows with a self of their own",
                         inner->name, cut.text, and_more(&cut, more));
    if (unknown.count > 1) /* one is the role */
        lx_print_warning("behind %s are cards whose addresses this machine does not know: %s%s; those that are neither "
                         "self nor listed under bypass: in the site are cut",
                         inner->name, unknown.text, and_more(&unknown, more));
    lx_seen_hosts_free(&hosts);
}
