/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random policies, and packets made for them: most of them hit a row or its border, since a packet drawn blindly would
 * only ever show that nothing matches. The same seed makes the same policies and packets everywhere.
 */
#ifndef LYNCXDP_TESTS_GENERATE_H
#define LYNCXDP_TESTS_GENERATE_H

#include "oracle.h"
#include "shape.h"

struct generator {
    uint64_t state;
};

/* From the environment's LX_SEED, else from the clock; prints it, so that a failure can be repeated. */
uint64_t generator_seed(const char *test);

struct generator generator_from(uint64_t seed);

uint64_t generate_number(struct generator *generator);
/* The same words each time, which have nothing to do with each other: under multiples of one number hashes collide. */
void generate_key(unsigned long long *key, size_t words);
/* Less than `limit`, which is not 0. */
size_t generate_below(struct generator *generator, size_t limit);
bool generate_chance(struct generator *generator, unsigned percent);

/* A policy of so many open rules, of both hooks; NULL when out of memory. Freed by generated_policy_free. */
struct lx_policy *generate_policy(struct generator *generator, size_t rules);
void generated_policy_free(struct lx_policy *policy);

/* How many rules the next policy should have: usually 1 to 64, now and then as many as there may be. */
size_t generate_rule_count(struct generator *generator);

/* A conversation that a rule of the hook is about, or one just beside it. Its ports are never 0. */
struct oracle_tuple generate_tuple(struct generator *generator, const struct lx_policy *policy, enum lx_hook hook);

/* A frame for a hook of the policy: an honest one around its rules, a built-in case, or one with defects. */
struct shape generate_shape(struct generator *generator, const struct lx_policy *policy, enum lx_hook hook);

/* The same around one conversation, which the tuple's source has begun or goes on with. */
struct shape generate_shape_of(struct generator *generator, struct oracle_tuple tuple);

/* Makes a packet so long that its length is not told by its IP header, or nearly so long (BIG TCP). */
void generate_big(struct generator *generator, struct shape *shape);

/* Makes a piece of a datagram out of a packet: of few identifications, so that pieces meet. */
void generate_fragment(struct generator *generator, struct shape *shape);

#endif
