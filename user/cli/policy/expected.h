/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is declared for this network namespace, for those who say whether it is so: by the file that was applied last,
 * or else by the one that is applied at boot.
 */
#ifndef LYNCXDP_CLI_EXPECTED_H
#define LYNCXDP_CLI_EXPECTED_H

#include <sys/stat.h>

#include "user/core/policy/declaration.h"

#define LX_DEFAULT_DECLARATION "/etc/lyncxdp/lyncxdp.yaml"

/* Zeroed: nothing is known yet. */
struct lx_expected {
    struct lx_words interfaces; /* that are to be filtered, as far as the file can be read */
    char *trouble;              /* a sentence when it cannot be, or not all of it; else NULL */
    char *file;                 /* that declares them; NULL: there is none */
    struct stat seen;           /* of the file when it was read */
};

/* Reads what is declared, unless it is as it was at the last call. Prints nothing. Returns 0 or -ENOMEM. */
int lx_expected_read(struct lx_expected *expected);

void lx_expected_free(struct lx_expected *expected); /* what it owns */

/*
 * Remembers that a file declares what is to be filtered here. One that declares nothing is forgotten instead, where
 * that comes to the same. What cannot be kept is said as a warning.
 */
void lx_expected_remember(const char *file, bool nothing);

#endif
