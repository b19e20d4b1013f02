/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left of a rule when other rules are taken away from it, as boxes that do not overlap: some groups of each of
 * its four fields.
 */
#ifndef LYNCXDP_CORE_RULE_SUBTRACTION_H
#define LYNCXDP_CORE_RULE_SUBTRACTION_H

#include "field_partition.h"

enum lx_field_of_rule {
    LX_DESTINATION_PORTS,
    LX_DESTINATIONS,
    LX_SOURCES,
    LX_SOURCE_PORTS,
    LX_RULE_FIELDS,
};

/* By field and group of its partition: whether the box has it. */
struct lx_box {
    const bool *has[LX_RULE_FIELDS];
};

/*
 * Calls `take` with each box. `partitions` are those of the rule, by field, all of them against the same others.
 * Returns 0, what `take` returned when that is not 0, -ENOMEM, or -E2BIG when the rules interlock in more ways than are
 * worth working out.
 */
int lx_subtract_rules(const struct lx_partition *partitions, size_t others,
                      int (*take)(void *context, const struct lx_box *box), void *context);

#endif
