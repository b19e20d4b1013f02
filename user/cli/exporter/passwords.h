/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may ask, and how they prove it: a file of lines NAME:PASSWORD that only its owner may read. */
#ifndef LYNCXDP_CLI_PASSWORDS_H
#define LYNCXDP_CLI_PASSWORDS_H

#include <stdbool.h>
#include <stddef.h>

struct lx_passwords {
    char *text; /* owned; one "NAME:PASSWORD" behind the other, each with its zero byte */
    size_t size;
};

/* Reads a file. Returns an exit code (enum lx_exit) after it has printed what is wrong. */
int lx_passwords_read(const char *path, struct lx_passwords *passwords);

/* Takes as long for a wrong password as for a right one, and as long for a wrong name. */
bool lx_passwords_match(const struct lx_passwords *passwords, const char *name, const char *password);

void lx_passwords_free(struct lx_passwords *passwords);

#endif
