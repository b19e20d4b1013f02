/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The texts of what was put in force on an interface and worked: its declaration, and every file that was read for it,
 * by the names under which they were read. Kept as one file, from which the same can be made again, whatever has become
 * of the originals: nothing else is opened then.
 */
#ifndef LYNCXDP_CORE_LAST_GOOD_H
#define LYNCXDP_CORE_LAST_GOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The most that is kept for an interface: bytes, and texts. */
#define LX_LAST_GOOD_LIMIT (32u << 20)
#define LX_LAST_GOOD_TEXTS 4096

struct lx_kept_text {
    char *name;     /* as it was opened */
    char *identity; /* equal for one file by whatever name it is opened */
    char *bytes;    /* a zero byte follows them */
    size_t size;
    uint64_t modified; /* when the file was: seconds of CLOCK_REALTIME, or 0 */
};

/* Everything is owned. Zeroed: nothing is kept yet. */
struct lx_last_good {
    bool whole;        /* read back: what is not in it is not there */
    char *interface;   /* as the declaration calls it */
    char *source;      /* whose it is: the real path of the declaration */
    char *declaration; /* the name of the declaration among the texts */
    char *policies;    /* the directory where the tables of the editions were */
    struct lx_kept_text *texts;
    size_t count;
    size_t size; /* of all texts together */
};

/*
 * Adds a text, unless there is one of that name. Returns 0 or -ENOMEM. Whether all together are too much to be kept is
 * for lx_last_good_fits to say: they may be read all the same.
 */
int lx_last_good_add(struct lx_last_good *kept, const char *name, const char *identity, uint64_t modified,
                     const char *bytes, size_t size);

/* The text of that name, or NULL. */
const struct lx_kept_text *lx_last_good_find(const struct lx_last_good *kept, const char *name);

bool lx_last_good_fits(const struct lx_last_good *kept);

/* Writes what lx_last_good_read reads; whether that went well is for the stream to say. */
void lx_last_good_write(const struct lx_last_good *kept, FILE *stream);

/* Reads it back. Returns 0, -EINVAL for what was never written like that or not to its end, or -ENOMEM; the output is
 * untouched unless 0. */
int lx_last_good_read(const char *bytes, size_t size, struct lx_last_good *kept);

void lx_last_good_free(struct lx_last_good *kept); /* what it owns, not itself */

#endif
