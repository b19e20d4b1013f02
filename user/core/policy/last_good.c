/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A first line, the fields, the texts, and a last line, so that half a file is seen to be half. Every field is its
 * length, a colon, its bytes and a line end: any file and any name can be kept, and a person can read it.
 */
#include "last_good.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "lyncxdp last good 1\n"
#define LAST_LINE "end\n"

static void text_free(struct lx_kept_text *text)
{
    free(text->name);
    free(text->identity);
    free(text->bytes);
}

int lx_last_good_add(struct lx_last_good *kept, const char *name, const char *identity, uint64_t modified,
                     const char *bytes, size_t size)
{
    struct lx_kept_text *texts, *text;

    if (lx_last_good_find(kept, name))
        return 0;
    texts = reallocarray(kept->texts, kept->count + 1, sizeof(*texts));
    if (!texts)
        return -ENOMEM;
    kept->texts = texts;
    text = &texts[kept->count];
    *text = (struct lx_kept_text){.name = strdup(name), .identity = strdup(identity), .bytes = malloc(size + 1)};
    if (!text->name || !text->identity || !text->bytes) {
        text_free(text);
        return -ENOMEM;
    }
    if (size)
        memcpy(text->bytes, bytes, size);
    text->bytes[size] = '\0';
    text->size = size;
    text->modified = modified;
    kept->size += size;
    kept->count++;
    return 0;
}

const struct lx_kept_text *lx_last_good_find(const struct lx_last_good *kept, const char *name)
{
    for (size_t i = 0; i < kept->count; i++)
        if (!strcmp(kept->texts[i].name, name))
            return &kept->texts[i];
    return NULL;
}

bool lx_last_good_fits(const struct lx_last_good *kept)
{
    return kept->count <= LX_LAST_GOOD_TEXTS && kept->size <= LX_LAST_GOOD_LIMIT;
}

/* --- As bytes ---------------------------------------------------------------------------------------------------- */

static void put(FILE *stream, const char *bytes, size_t size)
{
    fprintf(stream, "%zu:", size);
    fwrite(bytes, 1, size, stream);
    putc('\n', stream);
}

static void put_text(FILE *stream, const char *text)
{
    put(stream, text, strlen(text));
}

static void put_number(FILE *stream, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    put_text(stream, text);
}

void lx_last_good_write(const struct lx_last_good *kept, FILE *stream)
{
    fputs(FIRST_LINE, stream);
    put_text(stream, kept->interface);
    put_text(stream, kept->source);
    put_text(stream, kept->declaration);
    put_text(stream, kept->policies);
    for (size_t i = 0; i < kept->count; i++) {
        put_text(stream, kept->texts[i].name);
        put_text(stream, kept->texts[i].identity);
        put_number(stream, kept->texts[i].modified);
        put(stream, kept->texts[i].bytes, kept->texts[i].size);
    }
    fputs(LAST_LINE, stream);
}

/* What is left to be read. */
struct rest {
    const char *bytes;
    size_t size;
};

static bool take_line(struct rest *rest, const char *line)
{
    size_t length = strlen(line);

    if (rest->size < length || memcmp(rest->bytes, line, length) != 0)
        return false;
    rest->bytes += length;
    rest->size -= length;
    return true;
}

/* A field, which stays where it is. */
static bool take(struct rest *rest, struct rest *field)
{
    size_t length = 0, at = 0;

    while (at < rest->size && at < 8 && rest->bytes[at] >= '0' && rest->bytes[at] <= '9')
        length = length * 10 + (size_t)(rest->bytes[at++] - '0');
    if (!at || at == rest->size || rest->bytes[at] != ':' || length >= rest->size - at - 1 ||
        rest->bytes[at + 1 + length] != '\n')
        return false;
    *field = (struct rest){rest->bytes + at + 1, length};
    rest->bytes += at + length + 2;
    rest->size -= at + length + 2;
    return true;
}

/* A field that is a name: with something in it, and no zero byte. */
static int take_name(struct rest *rest, char **name)
{
    struct rest field;

    if (!take(rest, &field) || !field.size || memchr(field.bytes, '\0', field.size))
        return -EINVAL;
    *name = strndup(field.bytes, field.size);
    return *name ? 0 : -ENOMEM;
}

static int take_number(struct rest *rest, uint64_t *number)
{
    struct rest field;

    if (!take(rest, &field) || !field.size || field.size > 18)
        return -EINVAL;
    for (*number = 0; field.size; field.bytes++, field.size--) {
        if (*field.bytes < '0' || *field.bytes > '9')
            return -EINVAL;
        *number = *number * 10 + (uint64_t)(*field.bytes - '0');
    }
    return 0;
}

static int take_text(struct rest *rest, struct lx_last_good *kept)
{
    char *name = NULL, *identity = NULL;
    struct rest bytes;
    uint64_t modified;
    int error = take_name(rest, &name);

    error = error ?: take_name(rest, &identity);
    error = error ?: take_number(rest, &modified);
    if (!error && (!take(rest, &bytes) || lx_last_good_find(kept, name)))
        error = -EINVAL;
    error = error ?: lx_last_good_add(kept, name, identity, modified, bytes.bytes, bytes.size);
    free(name);
    free(identity);
    return error ?: lx_last_good_fits(kept) ? 0 : -EINVAL;
}

int lx_last_good_read(const char *bytes, size_t size, struct lx_last_good *kept)
{
    struct lx_last_good read = {.whole = true};
    struct rest rest = {bytes, size};
    int error = take_line(&rest, FIRST_LINE) ? 0 : -EINVAL;

    error = error ?: take_name(&rest, &read.interface);
    error = error ?: take_name(&rest, &read.source);
    error = error ?: take_name(&rest, &read.declaration);
    error = error ?: take_name(&rest, &read.policies);
    while (!error && !take_line(&rest, LAST_LINE))
        error = take_text(&rest, &read);
    if (!error && (rest.size || !lx_last_good_find(&read, read.declaration)))
        error = -EINVAL;
    if (error)
        lx_last_good_free(&read);
    else
        *kept = read;
    return error;
}

void lx_last_good_free(struct lx_last_good *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        text_free(&kept->texts[i]);
    free(kept->texts);
    free(kept->interface);
    free(kept->source);
    free(kept->declaration);
    free(kept->policies);
    *kept = (struct lx_last_good){0};
}
