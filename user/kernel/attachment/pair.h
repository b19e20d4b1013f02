/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An inline pair: the outer interface, which the attachment is named after, and the inner one, behind which the role
 * is. The kernel bridges or routes between them, or the programs forward by themselves.
 */
#ifndef LYNCXDP_KERNEL_PAIR_H
#define LYNCXDP_KERNEL_PAIR_H

#include <lyncxdp/abi.h>

#include "user/kernel/link/interface.h"
#include "user/kernel/link/program.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/process/failure.h"

struct lx_pair {
    struct lx_interface outer, inner; /* indices 0: it is no pair */
    bool forward;                     /* it forwards by itself */
};

/* An interface, or a pair, as it is filtered with others. */
struct lx_wire {
    struct lx_interface interface;
    struct lx_interface pair; /* its inner interface; index 0: it has none */
};

/* What the metadata names, as it is now: 0, or -ENODEV when it is not all there. */
int lx_wire_find(const struct lx_metadata *metadata, struct lx_wire *wire);

/* Refuses what cannot be a pair: one interface twice, or two that forward frames of different sizes. */
int lx_pair_check(const struct lx_interface *outer, const struct lx_interface *inner, bool forward,
                  struct lx_failure *failure);

/*
 * Whether the kernel hands frames as long as these interfaces take natively from one to the other. Linux before 6.3
 * does not if they lie in several pieces.
 */
bool lx_pair_fits_natively(const struct lx_interface *outer);

/* Writes down for the programs where each side's packets go out. `peers` is the map of that name. */
int lx_pair_connect(int peers, const struct lx_metadata *metadata, struct lx_failure *failure);

/*
 * Attaches a program of XDP to one side (lx_program_attach). Of several pairs that forward by themselves each hands
 * packets to its own other side: by a map that is its own, so that the packet path need not ask which pair it is of.
 */
int lx_pair_attach(const struct lx_maps *maps, enum lx_program program, const struct lx_interface *interface,
                   const struct lx_metadata *metadata, enum lx_mode_choice mode, struct lx_failure *failure);

/* The same in the place of one that runs (lx_program_replace). */
int lx_pair_replace(const struct lx_maps *maps, enum lx_program program, const struct lx_interface *interface,
                    const struct lx_metadata *metadata, const struct lx_running *running, struct lx_failure *failure);

/*
 * Whether the kernel carries packets between the two: a bridge stands on both, or it routes. Returns false, too, when
 * that cannot be determined.
 */
bool lx_pair_carried(const struct lx_interface *outer, const struct lx_interface *inner);

#endif
