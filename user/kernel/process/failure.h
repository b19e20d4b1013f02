/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why the kernel edge could not do what was asked: a sentence that names the cause and the way out, and the exit code
 * that the command line documents for it. Written by user/kernel, printed by user/cli.
 */
#ifndef LYNCXDP_KERNEL_FAILURE_H
#define LYNCXDP_KERNEL_FAILURE_H

/* The exit codes of the command line. */
enum lx_exit {
    LX_EXIT_DONE = 0,
    LX_EXIT_FAILED = 1,
    LX_EXIT_USAGE = 2,
    LX_EXIT_POLICY = 3,
    LX_EXIT_BUSY = 4, /* locked by another command, or a foreign program on the interface */
};

struct lx_failure {
    enum lx_exit exit;
    char text[1024];
};

/* What is behind an error of the surroundings, of which no program and no policy is the cause: a full disk, say. Or
 * NULL. */
const char *lx_failure_cause(int error);

/*
 * Fills in a failure. Where the text quotes such an error (strerror), its cause is added. Returns -error, so that a
 * caller can `return lx_fail(…)`.
 */
int lx_fail(struct lx_failure *failure, enum lx_exit exit, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
