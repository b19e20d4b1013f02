/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all verbs print alike: errors, warnings, diagnostics with the line they are about, JSON. Results go to standard
 * output, everything else to standard error; colour only on a terminal, and never against NO_COLOR.
 */
#ifndef LYNCXDP_CLI_OUTPUT_H
#define LYNCXDP_CLI_OUTPUT_H

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "user/core/text/diagnostic.h"
#include "user/kernel/process/failure.h"

/*
 * What results are printed with: like printf, and no name that a file, an argument or the kernel has brought along can
 * command the terminal.
 */
void lx_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lx_print_to(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lx_vprint(FILE *stream, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

void lx_print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lx_print_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints an error about how the command was written. Returns LX_EXIT_USAGE. */
int lx_usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints "out of memory". Returns LX_EXIT_FAILED. */
int lx_memory_error(void);

/* Prints why the kernel edge failed. Returns the exit code that it asks for. */
int lx_print_failure(const struct lx_failure *failure);

/* Prints diagnostics as "file:line:column: error: message", the line and a caret. */
void lx_print_diagnostics(const struct lx_diagnostics *diagnostics);

/* Prints a value that it takes, NULL meaning out of memory. Returns the exit code. */
int lx_print_json(json_t *value);

/* What a counted noun ends in: "s", or "" behind 1. */
const char *lx_plural(unsigned long long count);

void lx_print_version(void);

#endif
