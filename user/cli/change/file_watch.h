/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waits until one of some files says something else. A file counts by its path: editors write another and rename it
 * over the old one, links are turned to other files, and a file that was deleted may come back.
 */
#ifndef LYNCXDP_CLI_FILE_WATCH_H
#define LYNCXDP_CLI_FILE_WATCH_H

#include <stdint.h>
#include <sys/stat.h>

#include "user/core/text/words.h"

enum lx_file_watched {
    LX_FILE_WATCHED_CHANGE,
    LX_FILE_WATCHED_TIMEOUT,
    LX_FILE_WATCHED_END, /* SIGINT or SIGTERM, which do nothing else from lx_file_watch_open on */
};

struct lx_file_watch {
    int events, signals;
    struct lx_words files;
    struct lx_stamp {
        int error; /* it cannot be looked at: why */
        struct stat status;
    } * stamps; /* what each file was when last looked at */
};

/* Returns 0 or -errno. */
int lx_file_watch_open(struct lx_file_watch *watch);

/* Watches these files from now on, whether they are there or not. Returns 0 or -errno: it goes on as before then. */
int lx_file_watch_set(struct lx_file_watch *watch, const struct lx_words *files);

/*
 * Waits for a change, or so long (-1: for ever). Changes that follow each other closely are one. `changed` receives the
 * path of a file that did, borrowed. Returns enum lx_file_watched or -errno.
 */
int lx_file_watch_wait(struct lx_file_watch *watch, int timeout_ms, const char **changed);

void lx_file_watch_close(struct lx_file_watch *watch);

#endif
