/* SPDX-License-Identifier: GPL-2.0-only */
/* One change of the policy in force, from the words that ask for it: everything is read before anything is changed. */
#ifndef LYNCXDP_CLI_CHANGE_H
#define LYNCXDP_CLI_CHANGE_H

#include "activate.h"

enum lx_changed {
    LX_CHANGED,
    LX_CHANGED_NOT,   /* it is in force already */
    LX_CHANGED_LATER, /* a trial is pending, or another command at work */
};

struct lx_policy_change {
    const char *interface;
    const struct lx_words *given; /* over those that asked for what is in force */
    const struct lx_words *with;  /* interfaces that are to be filtered with it; NULL: none */
    struct lx_intent intent;
    bool needed_only;       /* neither what is in force already is put in force again, nor a trial ended */
    enum lx_changed result; /* when it returns LX_EXIT_DONE; LX_CHANGED_LATER with LX_EXIT_BUSY as well */
    struct lx_words *files; /* receives what was read for it, or could not be; NULL: nobody asks */
};

int lx_change_policy(struct lx_policy_change *change);

#endif
