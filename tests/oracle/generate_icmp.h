/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the generator that draw ICMP messages and link control, and what they share with the rest of it. */
#ifndef LYNCXDP_TESTS_GENERATE_ICMP_H
#define LYNCXDP_TESTS_GENERATE_ICMP_H

#include "generate.h"

/* Any message between the tuple's addresses. */
struct shape generate_icmp(struct generator *generator, const struct oracle_tuple *tuple);

/* An echo, asked or answered; of a tuple that is no echo's, one port becomes the identifier. */
struct shape generate_echo(struct generator *generator, const struct oracle_tuple *tuple);

/* An error sent from the tuple's source, or from anywhere on the way there, about an answer to it. */
struct shape generate_error(struct generator *generator, const struct oracle_tuple *tuple);

/* Link control, or nearly (generate_link.c). */
struct shape generate_link_control(struct generator *generator);

/* Moves an address to its neighbour, `step` being 1 or -1; carries within the family's bytes. */
void generate_neighbour(uint8_t *bytes, bool ipv6, int step);

/* One of the addresses that a rule of its own speaks about, or a neighbour of one. */
void generate_special(struct generator *generator, bool ipv6, uint8_t *bytes);

#endif
