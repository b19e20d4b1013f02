/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists are written by programs as often as by people, and may be long: a line is looked at once, where it stands. */
#include "prefix_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/text/date.h"

/* Longer words are cut before they are looked at: no address is as long. */
#define LONGEST_WORD 128

/* What a prefix of a kind is to be, in a sentence. */
static const char *noun_of(lx_unusable *unusable)
{
    if (unusable == lx_unusable_self)
        return "the role's own";
    return unusable == lx_unusable_neighbour ? "a neighbour's" : "a peer";
}

bool lx_prefix_read(const struct lx_text *text, struct lx_diagnostics *diagnostics, unsigned line, unsigned column,
                    const char *word, lx_unusable *unusable, struct lx_prefix *prefix)
{
    static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    const char *problem, *what;
    char cut[LX_PREFIX_TEXT];
    int error;

    error = lx_prefix_parse(word, prefix, &problem);
    what = error ? NULL : unusable(prefix);
    if (!error && !what)
        return true;
    if (what)
        lx_text_mistake(text, diagnostics, line, column,
                        "'%s' cannot be %s: it is %s; write the addresses on the network", lx_show(word).text,
                        noun_of(unusable), what);
    else if (error == -EDOM)
        lx_text_mistake(text, diagnostics, line, column,
                        "'%s' has host bits set; write the prefix %s, or the address without its length",
                        lx_show(word).text, lx_prefix_format(prefix, cut));
    else if (word[strspn(word, "0123456789")] && !word[strspn(word, letters)])
        lx_text_mistake(text, diagnostics, line, column,
                        "the name '%s' where an address is needed; write 192.0.2.1, 192.0.2.0/24 or 2001:db8::1",
                        lx_show(word).text);
    else
        lx_text_mistake(text, diagnostics, line, column, "'%s': %s", lx_show(word).text, problem);
    return false;
}

struct list {
    struct lx_text text;
    lx_unusable *unusable;
    struct lx_prefix_list read;
    struct lx_diagnostics *diagnostics;
};

static bool is_among(char byte, const char *set)
{
    while (*set && *set != byte)
        set++;
    return *set;
}

/* How many bytes from the first are all in the set, or all outside it. */
static size_t span_of(const char *bytes, size_t size, const char *set, bool among)
{
    size_t length = 0;

    while (length < size && is_among(bytes[length], set) == among)
        length++;
    return length;
}

/* A comment may say of when the list is. */
static void read_comment(struct list *list, unsigned line, const char *bytes, size_t size)
{
    static const char key[] = "# date:";
    const struct lx_place place = {.file = list->text.name, .line = line, .column = 1};
    char date[LX_DATE_TEXT];
    size_t start = sizeof(key) - 1, length;

    if (size < start || memcmp(bytes, key, start))
        return;
    start += span_of(bytes + start, size - start, " \t", true);
    length = span_of(bytes + start, size - start, " \t", false);
    snprintf(date, sizeof(date), "%.*s", (int)(length < sizeof(date) ? length : 0), bytes + start);
    if (!lx_date_parse(date, &list->read.date))
        lx_diagnose(list->diagnostics, LX_WARNING, place, NULL,
                    "no date can be read here; write it as '# date: 2026-10-01'");
}

/* What stands on one line, without its end. The text has no zero bytes. */
static void read_line(struct list *list, unsigned line, const char *bytes, size_t size)
{
    size_t start = span_of(bytes, size, " \t", true), end, next, length;
    char word[LONGEST_WORD + 1];

    read_comment(list, line, bytes, size);
    size = span_of(bytes, size, "#", false);
    if (start >= size)
        return;
    end = start + span_of(bytes + start, size - start, " \t,", false);
    next = end + span_of(bytes + end, size - end, " \t", true);
    length = end - start < LONGEST_WORD ? end - start : LONGEST_WORD;
    memcpy(word, bytes + start, length);
    word[length] = '\0';
    if (!lx_prefix_read(&list->text, list->diagnostics, line, (unsigned)start + 1, word, list->unusable,
                        &list->read.prefixes[list->read.count]))
        return;
    list->read.count++;
    if (next < size) /* behind an address, which is plain ASCII: a byte is a column */
        lx_text_mistake(&list->text, list->diagnostics, line, (unsigned)next + 1,
                        "more than one address on a line; write what stands here on a line of its own, or behind a #");
}

/* LF, CR LF and CR end a line, as everywhere. */
static void read_lines(struct list *list)
{
    const char *bytes = list->text.bytes, *end = bytes + list->text.size;

    for (unsigned line = 1; bytes < end; line++) {
        size_t length = span_of(bytes, (size_t)(end - bytes), "\r\n", false);

        read_line(list, line, bytes, length);
        bytes += length;
        bytes += bytes + 1 < end && bytes[0] == '\r' && bytes[1] == '\n' ? 2 : 1;
    }
}

static size_t count_lines(const struct lx_text *text)
{
    size_t lines = 1;

    for (size_t i = 0; i < text->size; i++)
        lines += text->bytes[i] == '\n' || text->bytes[i] == '\r';
    return lines;
}

int lx_prefix_list_read(FILE *stream, const char *name, lx_unusable *unusable, struct lx_prefix_list *read,
                        struct lx_diagnostics *diagnostics)
{
    struct list list = {.unusable = unusable, .diagnostics = diagnostics};
    size_t errors = diagnostics->errors;
    int error = lx_text_read(stream, name, &list.text, diagnostics);

    if (error)
        return error;
    list.read.prefixes = calloc(count_lines(&list.text), sizeof(*list.read.prefixes));
    if (list.read.prefixes)
        read_lines(&list);
    if (list.read.prefixes && !list.read.count && diagnostics->errors == errors)
        lx_diagnose(diagnostics, LX_ERROR, (struct lx_place){.file = name}, NULL,
                    "no address is in the list; write one a line at least, or leave the group out");
    if (!list.read.prefixes || diagnostics->out_of_memory)
        error = -ENOMEM;
    else if (diagnostics->errors > errors)
        error = -EINVAL;
    lx_text_free(&list.text);
    if (error) {
        free(list.read.prefixes);
        return error;
    }
    *read = list.read;
    return 0;
}
