/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text of somebody else's, made fit to be shown: names of interfaces and files may hold any byte, and what a terminal
 * takes for a command must not reach it. What is no printable UTF-8 is written as \x1b; so is a backslash that could be
 * taken for that, so that two names never look alike.
 */
#ifndef LYNCXDP_CORE_FOREIGN_H
#define LYNCXDP_CORE_FOREIGN_H

#include <stddef.h>
#include <stdio.h>

/* One character, or what stands for a byte. */
struct lx_foreign_piece {
    char text[8];
};

/*
 * Takes the next piece off the text, which is not at its end. `kept` are line ends and tabs that stay what they are: in
 * sentences that the program itself has laid out.
 */
struct lx_foreign_piece lx_foreign_next(const char **text, size_t *left, const char *kept);

void lx_foreign_put(const char *text, size_t length, const char *kept, FILE *stream);

/* The same into a string that the caller frees; NULL when out of memory. */
char *lx_foreign_text(const char *text);

#endif
