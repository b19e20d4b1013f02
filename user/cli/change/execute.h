/* SPDX-License-Identifier: GPL-2.0-only */
/* Carries out a plan, all of it or nothing, or each interface by itself. */
#ifndef LYNCXDP_CLI_EXECUTE_H
#define LYNCXDP_CLI_EXECUTE_H

#include "plan.h"

/*
 * Holds every attachment that is to be updated, builds everything, and then makes one change after the other. When one
 * fails, those before it are taken back, the last one first, and what cannot be is said. `quiet`: what succeeds is not
 * reported. Returns an exit code.
 */
int lx_plan_execute(struct lx_plan *plan, bool quiet);

/*
 * What can be done is done, whatever becomes of the rest, which is reported and `failed`. Returns the first exit code
 * that is not LX_EXIT_DONE.
 */
int lx_plan_execute_each(struct lx_plan *plan, bool quiet);

#endif
