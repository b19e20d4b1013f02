/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text of one input file: read with a limit, known to be UTF-8 without control characters, and able to show any of
 * its lines beside a diagnostic.
 */
#ifndef LYNCXDP_CORE_TEXT_H
#define LYNCXDP_CORE_TEXT_H

#include <stdio.h>

#include "diagnostic.h"
#include "limits.h"

/* Every so many bytes the text knows which line it is in, so that any line is found in no time. */
#define LX_TEXT_STEP 4096

struct lx_text {
    const char *name;  /* of the file; borrowed */
    char *buffer;      /* owned */
    const char *bytes; /* the text in it, behind a byte order mark */
    size_t size;
    size_t mark_count;
    unsigned line_at[LX_FILE_LIMIT / LX_TEXT_STEP + 1]; /* the line that byte i * LX_TEXT_STEP belongs to */
};

/*
 * Reads a stream to its end. Returns 0, -EINVAL after a diagnostic, -ENOMEM, or -EIO; the output is untouched unless 0.
 * `name` is borrowed for as long as the text lives.
 */
int lx_text_read(FILE *stream, const char *name, struct lx_text *text, struct lx_diagnostics *diagnostics);

void lx_text_free(struct lx_text *text);

/* An error at a line and column of the text, with that line as its excerpt. */
void lx_text_mistake(const struct lx_text *text, struct lx_diagnostics *diagnostics, unsigned line, unsigned column,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
void lx_text_vmistake(const struct lx_text *text, struct lx_diagnostics *diagnostics, unsigned line, unsigned column,
                      const char *format, va_list arguments) __attribute__((format(printf, 5, 0)));

/*
 * The character at `text`, which has `left` bytes, or 0 where there is none that a policy may hold: bytes that are not
 * UTF-8, control characters but for tab and line ends, other line separators, noncharacters. `length` receives its
 * length in bytes.
 */
unsigned lx_character(const char *text, size_t left, size_t *length);

/* A word of the input as a message shows it: not too long, and cut between characters. */
struct lx_shown {
    char text[64];
};

struct lx_shown lx_show(const char *word);

#endif
