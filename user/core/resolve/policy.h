/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy: the rows of one attachment with every name resolved to addresses. This is what compile.h turns into an
 * image, what the tests' oracle judges row by row, and what a digest identifies.
 */
#ifndef LYNCXDP_CORE_POLICY_H
#define LYNCXDP_CORE_POLICY_H

#include <stdint.h>

#include "bypassed.h"
#include "user/core/policy/address.h"
#include "user/core/policy/row.h"

/* Addresses that several rules may share; rules that point at one set are cheaper than rules with equal sets. */
struct lx_prefix_set {
    char *name;              /* owned: the group's name, or NULL */
    struct lx_prefix *items; /* owned */
    size_t count;            /* 0 with `any` false: matches nothing */
    bool any;                /* every unicast address */
    uint64_t date;           /* of the list that the group was read from (lx_group); 0: of none */
};

/* True when one of its prefixes has the address; `any` is for the caller to ask. */
bool lx_prefix_set_lists(const struct lx_prefix_set *set, const struct lx_address *address);

/* A row with its two ends resolved. */
struct lx_rule {
    const struct lx_row *row;                         /* borrowed from the policy's `rows` */
    const struct lx_prefix_set *source, *destination; /* borrowed from the policy's `sets` */
    uint16_t slot; /* of its counter, below LX_ROW_SLOTS; its index in `rules` unless an update assigned another */
};

/* Why a policy is in force. */
enum lx_origin {
    LX_ORIGIN_ASKED,     /* it is what was asked for */
    LX_ORIGIN_LAST_GOOD, /* what was asked for cannot be had: it is what applied well last, */
    LX_ORIGIN_CLOSED,    /* and there was none: nothing passes but what must */
};

struct lx_policy {
    char *edition; /* owned */
    enum lx_side side;
    struct lx_words roles;
    struct lx_row *rows; /* owned: rows in the policy's order, site rows last */
    size_t row_count;
    struct lx_rule *rules;       /* owned: the open rows; a packet is credited to the first that matches */
    size_t rule_count;           /* at most LX_MAX_ROWS */
    struct lx_prefix_set **sets; /* owned, each allocated on its own */
    size_t set_count;
    const struct lx_prefix_set *own;       /* the roles' own addresses, what `self` means to all of them together */
    const struct lx_prefix_set *protected; /* the addresses behind the role, for spoofing; count 0: not known */
    enum lx_egress egress;                 /* what becomes of packets from the role that no row lists */
    enum lx_origin origin;                 /* no part of the digest: it changes no verdict */
    bool audit;                            /* nothing is dropped, what would have been is counted */
    uint32_t built_ins;                    /* enum lx_built_in bits that are on */
    bool vlans_listed;                     /* only the VLANs in `vlans` are let in */
    uint8_t vlans[512];                    /* bitmap by VLAN id; id 0: frames without a tag */
    struct lx_bypass bypass;               /* what passes unjudged behind a pair */
    uint16_t vlan;                         /* the one VLAN of a trunk that it is about, or 0: all that comes */
    uint16_t *watch_ports;                 /* owned: ports that metrics name even while they are zero */
    size_t watch_port_count;
};

/* Identifies what the policy says (rules, addresses, switches), not how it came about: 64-bit FNV-1a. */
uint64_t lx_policy_digest(const struct lx_policy *policy);

/* Why a published policy is in force. */
enum lx_origin lx_published_origin(const struct lx_publication *publication);

/* Whether tags must stay in their frames, where the programs see them. */
bool lx_policy_reads_tags(const struct lx_policy *policy);

void lx_policy_free(struct lx_policy *policy); /* what it owns, not the policy itself */

#endif
