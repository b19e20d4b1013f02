/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the text of a file. What is no text is refused here, before YAML: a control character in a note would reach a
 * terminal, and a line separator that only some programs know would shift every line number.
 */
#include "text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Longer lines are cut here when they are shown. */
#define SHOWN 512

static int read_all(FILE *stream, char **buffer, size_t *size)
{
    size_t used = 0, capacity = 0, got;
    char *bytes = NULL;

    do {
        if (used == capacity) {
            size_t wanted = capacity ? capacity * 2 : 32768;
            char *grown = realloc(bytes, wanted);

            if (!grown) {
                free(bytes);
                return -ENOMEM;
            }
            bytes = grown;
            capacity = wanted;
        }
        got = fread(bytes + used, 1, capacity - used, stream);
        used += got;
    } while (got && used <= LX_FILE_LIMIT);
    if (ferror(stream)) {
        free(bytes);
        return -EIO;
    }
    *buffer = bytes;
    *size = used;
    return 0;
}

unsigned lx_character(const char *text, size_t left, size_t *length)
{
    const uint8_t *byte = (const uint8_t *)text;
    static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned code = byte[0];
    size_t wanted = code < 0x80 ? 1 : code >= 0xf0 && code < 0xf8 ? 4 : code >= 0xe0 ? 3 : 2;

    *length = wanted;
    if (wanted == 1)
        return code >= 0x20 ? (code != 0x7f ? code : 0) : code == '\t' || code == '\n' || code == '\r' ? code : 0;
    if (code < 0xc0 || code > 0xf7 || wanted > left)
        return 0;
    code &= 0xffu >> (wanted + 1);
    for (size_t i = 1; i < wanted; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte[i] & 0x3fu);
    }
    if (code < smallest[wanted] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || code < 0xa0 ||
        code == 0x2028 || code == 0x2029 || code == 0xfeff || code == 0xfffe || code == 0xffff)
        return 0;
    return code;
}

struct lx_shown lx_show(const char *word)
{
    size_t left = strlen(word), used = 0, length;
    struct lx_shown shown;

    for (; left && lx_character(word, left, &length) && used + length < sizeof(shown.text) - 3; left -= length) {
        memcpy(shown.text + used, word, length);
        used += length;
        word += length;
    }
    strcpy(shown.text + used, left ? "..." : "");
    return shown;
}

/* LF, CR LF and CR end a line, as they do for libyaml. */
static bool ends_line(const struct lx_text *text, size_t at)
{
    if (text->bytes[at] == '\r')
        return at + 1 == text->size || text->bytes[at + 1] != '\n';
    return text->bytes[at] == '\n';
}

static size_t line_offset(const struct lx_text *text, unsigned line)
{
    size_t low = 0, high = text->mark_count, at;
    unsigned current = 1;

    if (line == 1)
        return 0;
    while (low < high) { /* the first mark at or behind the line's beginning */
        size_t middle = low + (high - low) / 2;

        if (text->line_at[middle] < line)
            low = middle + 1;
        else
            high = middle;
    }
    if (low)
        current = text->line_at[low - 1];
    for (at = low ? (low - 1) * LX_TEXT_STEP : 0; at < text->size && current < line; at++)
        current += ends_line(text, at);
    return at;
}

/* Copies the line; what is no text in it becomes a question mark, so that it can be printed and columns still agree. */
static void show_line(const struct lx_text *text, unsigned line, char shown[SHOWN + 1])
{
    size_t at = line_offset(text, line), used = 0, length;

    for (; at < text->size && text->bytes[at] != '\n' && text->bytes[at] != '\r'; at += length) {
        bool sound = lx_character(text->bytes + at, text->size - at, &length) != 0;

        if (!sound)
            length = 1;
        if (used + length > SHOWN)
            break;
        memcpy(shown + used, sound ? text->bytes + at : "?", length);
        used += length;
    }
    shown[used] = '\0';
}

void lx_text_vmistake(const struct lx_text *text, struct lx_diagnostics *diagnostics, unsigned line, unsigned column,
                      const char *format, va_list arguments)
{
    struct lx_place place = {.file = text->name, .line = line, .column = column};
    char shown[SHOWN + 1];
    bool show = line && column <= SHOWN && !lx_diagnostics_full(diagnostics);

    if (show)
        show_line(text, line, shown);
    lx_vdiagnose(diagnostics, LX_ERROR, place, show ? shown : NULL, format, arguments);
}

void lx_text_mistake(const struct lx_text *text, struct lx_diagnostics *diagnostics, unsigned line, unsigned column,
                     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    lx_text_vmistake(text, diagnostics, line, column, format, arguments);
    va_end(arguments);
}

/* Diagnoses the first thing that is no text. */
static int check_characters(struct lx_text *text, struct lx_diagnostics *diagnostics)
{
    unsigned line = 1, column = 1;
    size_t length;

    for (size_t at = 0; at < text->size; at += length) {
        uint8_t byte = (uint8_t)text->bytes[at];

        if (!lx_character(text->bytes + at, text->size - at, &length)) {
            lx_text_mistake(text, diagnostics, line, column,
                            byte ? "byte 0x%02x here is not UTF-8 text, or is a control character; save the file as "
                                   "plain UTF-8"
                                 : "byte 0x%02x here is a NUL; save the file as plain UTF-8, not UTF-16 or binary",
                            byte);
            return -EINVAL;
        }
        while (text->mark_count * LX_TEXT_STEP <= at)
            text->line_at[text->mark_count++] = line;
        column++;
        if (ends_line(text, at)) {
            line++;
            column = 1;
        }
    }
    return 0;
}

int lx_text_read(FILE *stream, const char *name, struct lx_text *text, struct lx_diagnostics *diagnostics)
{
    struct lx_text read = {.name = name};
    struct lx_place whole = {.file = name};
    int error = read_all(stream, &read.buffer, &read.size);

    if (error)
        return error;
    read.bytes = read.buffer;
    if (read.size > LX_FILE_LIMIT) {
        lx_diagnose(diagnostics, LX_ERROR, whole, NULL,
                    "the file is larger than %u MiB; split it, or name prefixes "
                    "instead of single addresses",
                    LX_FILE_LIMIT >> 20);
        error = -EINVAL;
    } else {
        if (read.size >= 3 && !memcmp(read.bytes, "\xef\xbb\xbf", 3)) {
            read.bytes += 3;
            read.size -= 3;
        }
        error = check_characters(&read, diagnostics);
    }
    if (error)
        lx_text_free(&read);
    else
        *text = read;
    return error;
}

void lx_text_free(struct lx_text *text)
{
    free(text->buffer);
    *text = (struct lx_text){0};
}
