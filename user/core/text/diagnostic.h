/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is wrong with an input, and what to write instead: collected by the core, printed by the command line. All of a
 * file's mistakes are found in one run, so a diagnostic never ends the reading by itself.
 */
#ifndef LYNCXDP_CORE_DIAGNOSTIC_H
#define LYNCXDP_CORE_DIAGNOSTIC_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum lx_severity {
    LX_ERROR,
    LX_WARNING,
};

/* A place in an input. Lines and columns count from 1; 0 means that it has none (a command-line argument, say). */
struct lx_place {
    const char *file; /* owned by whoever keeps the text; outlives the diagnostics */
    unsigned line, column;
};

struct lx_diagnostic {
    enum lx_severity severity;
    char *file; /* owned; NULL when not about a file */
    unsigned line, column;
    char *message; /* owned; one sentence or two, no newline, no full stop at the end */
    char *excerpt; /* owned; the line of the input, or NULL */
};

struct lx_diagnostics {
    struct lx_diagnostic *items; /* owned */
    size_t count;
    size_t errors; /* how many of them are errors */
    bool out_of_memory;
};

/* The most that are kept: what follows is counted, and one last diagnostic says that there is more. */
#define LX_DIAGNOSTICS_LIMIT 1000

/* Adds one. `excerpt` is copied and may be NULL. */
void lx_diagnose(struct lx_diagnostics *diagnostics, enum lx_severity severity, struct lx_place place,
                 const char *excerpt, const char *format, ...) __attribute__((format(printf, 5, 6)));
void lx_vdiagnose(struct lx_diagnostics *diagnostics, enum lx_severity severity, struct lx_place place,
                  const char *excerpt, const char *format, va_list arguments) __attribute__((format(printf, 5, 0)));

/* True when no more are kept, so that whoever would work hard for a good sentence can spare it. */
bool lx_diagnostics_full(const struct lx_diagnostics *diagnostics);

/* Puts those from index `first` on, file by file, into the order of the lines. */
void lx_diagnostics_sort(struct lx_diagnostics *diagnostics, size_t first);

void lx_diagnostics_free(struct lx_diagnostics *diagnostics);

#endif
