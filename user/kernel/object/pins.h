/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pins of an attachment: a directory of bpffs with its maps and programs under fixed names, readable for those who
 * may only read. `metadata` is pinned last and removed first: a directory without it is none yet, or none any more.
 */
#ifndef LYNCXDP_KERNEL_PINS_H
#define LYNCXDP_KERNEL_PINS_H

#include <lyncxdp/abi.h>

#include <stdbool.h>
#include <stdint.h>

#include "bpffs.h"
#include "user/core/text/words.h"
#include "user/kernel/process/failure.h"

#define LX_PINS_ROOT LX_BPFFS "/lyncxdp"

/* What an attachment's directory is named after. */
struct lx_pin_name {
    uint64_t netns; /* inode of the network namespace */
    unsigned ifindex;
    unsigned vlan; /* the one of a trunk, or 0 */
};

/* Room for the path of a directory. */
#define LX_PINS_PATH 128

#define LX_PIN_METADATA "metadata"

/*
 * The programs, by their hook and by what calls them. A host has the first two, which stand at the hooks of the same
 * number; a pair has the third, too; where the role is behind an interface, the last two.
 */
enum lx_program {
    LX_PROGRAM_TO_ROLE_XDP = LX_HOOK_TO_ROLE,    /* on the interface, of a pair the outer one */
    LX_PROGRAM_FROM_ROLE_TC = LX_HOOK_FROM_ROLE, /* at its egress */
    LX_PROGRAM_FROM_ROLE_XDP, /* on the inner interface of a pair, or the one that the role is behind */
    LX_PROGRAM_TO_ROLE_TC,    /* at the egress of that one */
    LX_PROGRAM_COUNT
};

static inline enum lx_hook lx_program_hook(enum lx_program program)
{
    return program == LX_PROGRAM_TO_ROLE_XDP || program == LX_PROGRAM_TO_ROLE_TC ? LX_HOOK_TO_ROLE : LX_HOOK_FROM_ROLE;
}

/* The pin of each program, named as its source is. Maps are pinned by their names (maps.h). */
extern const char *const lx_program_pins[LX_PROGRAM_COUNT];

/* Writes the path of the directory. Returns `path`. */
char *lx_pins_path(const struct lx_pin_name *name, char path[LX_PINS_PATH]);

/* The name that a directory's path ends in: 0, or -EINVAL when it is not the path of an attachment's directory. */
int lx_pins_name(const char *path, struct lx_pin_name *name);

/* 0, -ENOENT, or -EACCES when this user may not even look. */
int lx_pins_look(const char *path);

/* The path beside a directory where its successor is prepared, which is not the path of an attachment. */
char *lx_pins_next(const char *path, char next[LX_PINS_PATH]);

/* Lets two directories change places, at once. Returns 0 or -errno. */
int lx_pins_exchange(const char *one, const char *other, struct lx_failure *failure);

/* Makes the directory that holds all others, unless it is there. Returns 0 or -errno. */
int lx_pins_create_root(void);

int lx_pins_create(const char *path, struct lx_failure *failure);

/* Removes whatever the directory holds, the directory, and the root when nothing else is in it. Returns 0 or -errno. */
int lx_pins_remove(const char *path, struct lx_failure *failure);

/* Pins a map for everyone to read, or a program for root alone. */
int lx_pin_map(int fd, const char *path, const char *name, struct lx_failure *failure);
int lx_pin_program(int fd, const char *path, const char *name, struct lx_failure *failure);

/* Pins a program in the place of what has that name. */
int lx_repin_program(int fd, const char *path, const char *name, struct lx_failure *failure);

/* Removes one pin; that there is none is no error. */
int lx_unpin(const char *path, const char *name, struct lx_failure *failure);

/* Opens a pinned map. Returns a file descriptor, -ENOENT, or -EPROTO when its keys or values have another size. */
int lx_pin_open_map(const char *path, const char *name, bool writing, uint32_t key_size, uint32_t value_size);

/* Opens a pinned program. Returns a file descriptor or -errno. */
int lx_pin_open_program(const char *path, const char *name);

/* The id of a map, 0 when there is no such pin. Return 0 or -errno: what cannot be determined must not pass for absent.
 */
int lx_map_id(int fd, uint32_t *id);
int lx_pin_map_id(const char *path, const char *name, uint32_t *id);

/* The paths of all directories, in no order. Returns 0 or -errno; no bpffs is no directories. */
int lx_pins_list(struct lx_words *paths, struct lx_failure *failure);

#endif
