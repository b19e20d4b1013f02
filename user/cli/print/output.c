/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors, warnings, diagnostics and JSON for people and programs. */
#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lyncxdp/abi.h>

#include "user/core/text/foreign.h"

#define RED "\033[1;31m"
#define MAGENTA "\033[1;35m"
#define BOLD "\033[1m"
#define GREEN "\033[1;32m"

/* What sentences are laid out with. */
#define LAYOUT "\n\t"

/* The part of a line that a terminal shows around the place in question. */
#define EXCERPT_BEFORE 60
#define EXCERPT_WIDTH 100

static bool coloured(void)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return isatty(STDERR_FILENO) && !(no_color && *no_color) && terminal && strcmp(terminal, "dumb");
}

static const char *colour(const char *escape)
{
    return coloured() ? escape : "";
}

static void put_message(const char *place, const char *severity, const char *escape, const char *message)
{
    fputs(colour(BOLD), stderr);
    lx_foreign_put(place, strlen(place), "", stderr);
    fprintf(stderr, "%s: %s%s:%s ", colour("\033[0m"), colour(escape), severity, colour("\033[0m"));
    lx_foreign_put(message, strlen(message), LAYOUT, stderr);
    putc('\n', stderr);
}

static void put_format(const char *severity, const char *escape, const char *format, va_list arguments)
{
    char *message;

    if (vasprintf(&message, format, arguments) < 0) {
        put_message("lyncxdp", severity, escape, "out of memory");
        return;
    }
    put_message("lyncxdp", severity, escape, message);
    free(message);
}

void lx_vprint(FILE *stream, const char *format, va_list arguments)
{
    char *text;

    if (vasprintf(&text, format, arguments) < 0)
        return;
    lx_foreign_put(text, strlen(text), LAYOUT, stream);
    free(text);
}

void lx_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    lx_vprint(stdout, format, arguments);
    va_end(arguments);
}

void lx_print_to(FILE *stream, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    lx_vprint(stream, format, arguments);
    va_end(arguments);
}

void lx_print_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_format("error", RED, format, arguments);
    va_end(arguments);
}

void lx_print_warning(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_format("warning", MAGENTA, format, arguments);
    va_end(arguments);
}

int lx_usage_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_format("error", RED, format, arguments);
    va_end(arguments);
    return LX_EXIT_USAGE;
}

int lx_memory_error(void)
{
    lx_print_error("out of memory");
    return LX_EXIT_FAILED;
}

int lx_print_failure(const struct lx_failure *failure)
{
    lx_print_error("%s", failure->text);
    return failure->exit;
}

static bool starts_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

/* Prints the line of a diagnostic and a caret under the character at its column, of a long line what is around it. */
static void put_excerpt(const char *line, unsigned column)
{
    const char *place = line, *first, *end;

    for (unsigned i = 1; i < column && *place; i++)
        do
            place++;
        while (*place && !starts_character(*place));
    first = place - line > EXCERPT_BEFORE ? place - EXCERPT_BEFORE : line;
    while (first < place && !starts_character(*first))
        first++;
    end = first + strnlen(first, EXCERPT_WIDTH);
    while (end > place && *end && !starts_character(*end))
        end--;
    fputs("    ", stderr);
    fwrite(first, 1, (size_t)(end - first), stderr); /* of a file that was found to be text */
    fputs("\n    ", stderr);
    for (; first < place; first++)
        if (starts_character(*first))
            putc(*first == '\t' ? '\t' : ' ', stderr);
    fprintf(stderr, "%s^%s\n", colour(GREEN), colour("\033[0m"));
}

static void put_diagnostic(const struct lx_diagnostic *diagnostic)
{
    bool error = diagnostic->severity == LX_ERROR;
    char *place = NULL;
    int length = -1;

    if (diagnostic->file && diagnostic->line)
        length = asprintf(&place, "%s:%u:%u", diagnostic->file, diagnostic->line, diagnostic->column);
    else if (diagnostic->file)
        length = asprintf(&place, "%s", diagnostic->file);
    put_message(length < 0 ? "lyncxdp" : place, error ? "error" : "warning", error ? RED : MAGENTA,
                diagnostic->message ? diagnostic->message : "out of memory");
    if (length >= 0)
        free(place);
    if (diagnostic->excerpt && diagnostic->column)
        put_excerpt(diagnostic->excerpt, diagnostic->column);
}

void lx_print_diagnostics(const struct lx_diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++)
        put_diagnostic(&diagnostics->items[i]);
    if (diagnostics->out_of_memory)
        lx_memory_error();
}

int lx_print_json(json_t *value)
{
    int result;

    if (!value)
        return lx_memory_error();
    result = json_dumpf(value, stdout, JSON_INDENT(2)) ? LX_EXIT_FAILED : LX_EXIT_DONE;
    putchar('\n');
    json_decref(value);
    return result;
}

const char *lx_plural(unsigned long long count)
{
    return count == 1 ? "" : "s";
}

void lx_print_version(void)
{
    printf("lyncxdp %s (ABI %d)\n", LYNCXDP_VERSION, LX_ABI_VERSION);
}
