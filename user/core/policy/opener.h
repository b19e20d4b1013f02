/* SPDX-License-Identifier: GPL-2.0-only */
/* How the core comes by the files that a policy or a site names: it opens none by itself. */
#ifndef LYNCXDP_CORE_OPENER_H
#define LYNCXDP_CORE_OPENER_H

#include <stdint.h>
#include <stdio.h>

/* What a name means depends on where it stands. */
enum lx_opened_as {
    LX_OPENED_POLICY, /* a policy's include: the name of an edition, or a path */
    LX_OPENED_SITE,   /* a site's include: a name beside the site or among the policies, or a path */
    LX_OPENED_LIST,   /* the addresses of a group: a path */
};

/* A file, opened for reading. */
struct lx_opened {
    FILE *stream;
    char *name;        /* owned; what diagnostics call it, and what its own includes are relative to */
    uint64_t modified; /* when it was last written: seconds of CLOCK_REALTIME; 0: not known */
    char *identity;    /* owned; equal for one file by whatever name it is opened; NULL: unlike any other */
};

struct lx_opener {
    /*
     * Opens what the file `from` names as `what`; paths are relative to `from`. Returns 0, with all of `opened` passing
     * to the caller, -ENOMEM, or another error after writing into `problem` why not, as half a sentence.
     */
    int (*open)(const struct lx_opener *opener, enum lx_opened_as as, const char *from, const char *what,
                struct lx_opened *opened, char problem[256]);
    void *context;
};

/* Closes and frees what was opened. */
void lx_opened_close(struct lx_opened *opened);

#endif
