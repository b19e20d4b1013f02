/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may ask: a file of lines NAME:HASH that only its owner may read, and answers that come soon enough. */
#ifndef LYNCXDP_CLI_PASSWORDS_H
#define LYNCXDP_CLI_PASSWORDS_H

#include "user/core/report/credentials.h"

struct lx_passwords {
    struct lx_credentials credentials;
    struct lx_time_budget budget;
};

enum lx_proof { LX_PROOF_RIGHT, LX_PROOF_WRONG, LX_PROOF_LATER /* too many were wrong of late */ };

/* Reads a file. Returns an exit code (enum lx_exit) after it has printed what is wrong. */
int lx_passwords_read(const char *path, struct lx_passwords *passwords);

/* A password that was right before is right at once; others are checked as long as there is time for it. */
enum lx_proof lx_passwords_prove(struct lx_passwords *passwords, const char *name, const char *password);

void lx_passwords_free(struct lx_passwords *passwords);

#endif
