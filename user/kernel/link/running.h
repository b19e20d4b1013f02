/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The XDP program of an interface of this network namespace, as the kernel shows it. Programs are recognised by the
 * counters map that they use rather than by a remembered id: that holds from the moment of attaching, whatever dies
 * after it.
 */
#ifndef LYNCXDP_KERNEL_RUNNING_H
#define LYNCXDP_KERNEL_RUNNING_H

#include <lyncxdp/abi.h>

#include <stdbool.h>
#include <stdint.h>

#include "user/kernel/process/failure.h"

struct lx_running {
    uint32_t id; /* of the program */
    char name[64];
    enum lx_mode mode;
    bool dispatcher; /* libxdp's dispatcher calls it */
    bool lyncxdp;    /* by its name, a program of ours */
};

/* What to look for: the program that uses a map (its id), or else any of ours, or else one of that id. */
struct lx_wanted {
    uint32_t map_id;
    bool lyncxdp;
    uint32_t id;
};

/* Whether a name, or what it begins with, is that of a program of ours: as much of it as the kernel keeps. */
bool lx_running_is_our_name(const char *name);

/* Reads a program by its file descriptor and says whether it is the wanted one: 0, -ENOENT or another -errno. */
int lx_running_examine(int program, const struct lx_wanted *wanted, struct lx_running *running);

/* Fails for not knowing what runs on an interface. Returns `error`. */
int lx_fail_to_look(int error, const char *interface, struct lx_failure *failure);

/* The program that uses the map with that id: 0, -ENOENT when none does, or another -errno when it cannot be
 * determined. */
int lx_running_with_map(unsigned ifindex, uint32_t map_id, struct lx_running *running);

/* A program of ours by its name, whatever its maps: what is left when its pins are lost. Results as above. */
int lx_running_by_name(unsigned ifindex, struct lx_running *running);

/* A program that no other can run beside, because libxdp's dispatcher did not load it. Results as above. */
int lx_running_alone(unsigned ifindex, struct lx_running *running);

/* The id of the program that packets meet first, a dispatcher perhaps, or 0. Needs no root. */
uint32_t lx_running_id(unsigned ifindex);

/* Takes a program off the interface, leaving those that a dispatcher runs beside it. Returns 0 or -errno. */
int lx_running_stop(unsigned ifindex, const struct lx_running *running, struct lx_failure *failure);

/*
 * Takes off a dispatcher whose pins are lost, with which all that it ran was. libxdp would find the interface busy for
 * ever. Returns 0, -ENOENT when there is none, -EUCLEAN when it still runs what is somebody else's, or another -errno.
 */
int lx_running_stop_abandoned(unsigned ifindex, struct lx_failure *failure);

#endif
