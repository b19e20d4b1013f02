/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic that has a past: packets of a few conversations, both ways through the filter, while time goes by and the
 * policy changes under it. Replies, errors and fragments meet what was remembered of the packets before them.
 */
#ifndef LYNCXDP_TESTS_TRAFFIC_H
#define LYNCXDP_TESTS_TRAFFIC_H

#include "generate.h"
#include "user/core/image/compile.h"

/* Policies that are much like one another: the first one, and it with rules missing or switches turned. */
#define TRAFFIC_POLICIES 3
#define TRAFFIC_CONVERSATIONS 24

struct traffic {
    struct generator *generator;              /* borrowed */
    struct lx_policy *policy;                 /* owned */
    struct lx_policy turns[TRAFFIC_POLICIES]; /* each owns its rules; the rest is the policy's */
    struct lx_compiled compiled[TRAFFIC_POLICIES];
    struct oracle_tuple conversations[TRAFFIC_CONVERSATIONS]; /* the role is the source */
};

/* A packet of the traffic. */
struct traffic_packet {
    enum lx_hook hook;
    struct shape shape;
};

/* Returns false when out of memory, or when a policy does not compile. */
bool traffic_begin(struct traffic *traffic, struct generator *generator, size_t rules);
void traffic_end(struct traffic *traffic);

struct traffic_packet traffic_next(struct traffic *traffic);

/* Nanoseconds until the next packet: mostly next to none, now and then about as long as something is remembered. */
uint64_t traffic_pause(struct traffic *traffic);

#endif
