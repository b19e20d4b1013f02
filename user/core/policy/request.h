/* SPDX-License-Identifier: GPL-2.0-only */
/* What a person asks for when a policy is to be made of the tables: on the command line, or in a declaration. */
#ifndef LYNCXDP_CORE_REQUEST_H
#define LYNCXDP_CORE_REQUEST_H

#include "policy_file.h"

/* --set NAME=ADDR[,ADDR…] */
struct lx_setting {
    char *name;
    struct lx_prefix *prefixes;
    size_t prefix_count;
};

/* What a person asked for. Borrowed by lx_resolve. */
struct lx_request {
    struct lx_words roles;       /* at least one */
    enum lx_side side;           /* LX_SIDE_NONE: external where the role has sides */
    struct lx_setting *settings; /* win over the site */
    size_t setting_count;
    struct lx_words without;   /* options to close */
    struct lx_words open;      /* options to open that are closed otherwise */
    struct lx_words workloads; /* empty: all */
    enum lx_lb lb;             /* LX_LB_ANY: hardware */
    /* Tables of other editions, one behind the other, or NULL: a site may speak of their roles and options too. */
    const struct lx_policy_file *elsewhere;
};

#endif
