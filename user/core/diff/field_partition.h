/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One field of a rule (ports or addresses of one end), cut where other rules begin and end. Parts that the same others
 * hold form a group; whatever is decided about the field is decided by groups.
 */
#ifndef LYNCXDP_CORE_FIELD_PARTITION_H
#define LYNCXDP_CORE_FIELD_PARTITION_H

#include "address_classes.h"
#include "user/core/image/address_table.h"
#include "user/core/image/port_table.h"

/* A rule with the numbers that its address sets have among the classes. */
struct lx_numbered_rule {
    const struct lx_rule *rule;
    uint32_t sets[2]; /* by enum lx_address_end */
};

/* The rules that a rule is held against, all of which meet it: others[i] is bit i of every set of rules below. */
struct lx_others {
    const struct lx_numbered_rule **items;
    size_t count;
};

struct lx_field_part {
    union {
        struct lx_port_range ports;
        uint32_t class; /* of addresses */
    };
    uint32_t group;
};

struct lx_partition {
    struct lx_rule_sets groups;  /* by group: the others that hold it */
    struct lx_field_part *parts; /* owned, in order; an address field of one group has none: it is the rule's own set */
    size_t part_count;
    uint64_t *everywhere; /* owned: the others that hold all groups */
};

/* Cut one field of `rule`. Return 0, -ENOMEM, or -E2BIG for more groups than anybody would read. */
int lx_partition_ports(const struct lx_numbered_rule *rule, const struct lx_others *others, enum lx_port_end end,
                       struct lx_partition *partition);
int lx_partition_addresses(const struct lx_numbered_rule *rule, const struct lx_others *others, enum lx_address_end end,
                           const struct lx_address_classes *classes, struct lx_partition *partition);

void lx_partition_free(struct lx_partition *partition);

#endif
