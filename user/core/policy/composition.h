/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts the roles of a policy together when all of its files are read: the roles they include, and the rows of sets. */
#ifndef LYNCXDP_CORE_COMPOSITION_H
#define LYNCXDP_CORE_COMPOSITION_H

#include "policy_draft.h"

/*
 * Completes the roles: their includes, the rows of their sets, one place for the rows of each side. Mistakes go to the
 * readers of the files.
 */
void lx_compose_roles(struct lx_policy_draft *policy);

#endif
