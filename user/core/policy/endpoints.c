/* SPDX-License-Identifier: GPL-2.0-only */
/* The document is small and read once by hand: jansson parses it whole, and mistakes name the entry by its id. */
#include "endpoints.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/text/spelling.h"

struct reader {
    struct lx_text text;
    const struct lx_endpoints_wish *wish;
    struct lx_prefix *prefixes;
    size_t count, room;
    struct lx_words areas, ids; /* that there are, for a wish that none has */
    bool out_of_memory;
    struct lx_diagnostics *diagnostics;
};

static void __attribute__((format(printf, 2, 3))) mistake(struct reader *reader, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    lx_vdiagnose(reader->diagnostics, LX_ERROR, (struct lx_place){.file = reader->text.name}, NULL, format, arguments);
    va_end(arguments);
}

static void remember(struct reader *reader, struct lx_words *words, const char *word)
{
    if (!lx_words_contain(words, word) && lx_words_add(words, word))
        reader->out_of_memory = true;
}

static void add_prefix(struct reader *reader, const struct lx_prefix *prefix)
{
    if (reader->count == reader->room) {
        size_t room = reader->room ? 2 * reader->room : 64;
        struct lx_prefix *grown = reallocarray(reader->prefixes, room, sizeof(*grown));

        if (!grown) {
            reader->out_of_memory = true;
            return;
        }
        reader->prefixes = grown;
        reader->room = room;
    }
    reader->prefixes[reader->count++] = *prefix;
}

static void read_prefix(struct reader *reader, const char *id, const json_t *value)
{
    const char *text = json_string_value(value), *problem = "an address or prefix in quotes is needed", *what;
    struct lx_prefix prefix;
    int error = text ? lx_prefix_parse(text, &prefix, &problem) : -EINVAL;

    if (error) {
        mistake(reader, "the ips of entry %s: '%s': %s", id, lx_show(text ? text : "").text,
                error == -EDOM ? "it has host bits set" : problem);
        return;
    }
    what = lx_unusable_peer(&prefix);
    if (what)
        mistake(reader, "the ips of entry %s: '%s' cannot be a peer: it is %s", id, lx_show(text).text, what);
    else
        add_prefix(reader, &prefix);
}

static bool is_wished(const struct lx_words *wished, const char *word)
{
    return !wished->count || lx_words_contain(wished, word);
}

static void read_entry(struct reader *reader, const json_t *entry, size_t index)
{
    const json_t *id = json_object_get(entry, "id"), *ips = json_object_get(entry, "ips");
    const char *area = json_string_value(json_object_get(entry, "serviceArea"));
    char number[32];

    if (!json_is_integer(id) || !area || (ips && !json_is_array(ips))) {
        mistake(reader,
                "entry %zu is no object with a number 'id', a text 'serviceArea' and a list 'ips'; download "
                "the list again (https://endpoints.office.com/endpoints/worldwide)",
                index + 1);
        return;
    }
    snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    remember(reader, &reader->areas, area);
    remember(reader, &reader->ids, number);
    if (!is_wished(&reader->wish->areas, area) || !is_wished(&reader->wish->ids, number) ||
        (reader->wish->required && !json_is_true(json_object_get(entry, "required"))))
        return;
    for (size_t i = 0; i < json_array_size(ips); i++)
        read_prefix(reader, number, json_array_get(ips, i));
}

/* What was asked for and is not there. */
static void check_wishes(struct reader *reader, const char *noun, const struct lx_words *wished,
                         const struct lx_words *there)
{
    for (size_t i = 0; i < wished->count; i++) {
        const char *nearest;

        if (lx_words_contain(there, wished->items[i]))
            continue;
        nearest = lx_nearest(wished->items[i], (const char *const *)there->items, there->count);
        if (nearest)
            mistake(reader, "no entry has the %s '%s'; did you mean '%s'?", noun, lx_show(wished->items[i]).text,
                    lx_show(nearest).text);
        else
            mistake(reader, "no entry has the %s '%s'; the list has, for instance, '%s'", noun,
                    lx_show(wished->items[i]).text, there->count ? lx_show(there->items[0]).text : "none");
    }
}

static int compare(const void *left, const void *right)
{
    return lx_prefix_compare(left, right);
}

/* Sorted, and each once: entries share addresses. */
static void settle(struct reader *reader)
{
    size_t kept = 0;

    if (reader->count)
        qsort(reader->prefixes, reader->count, sizeof(*reader->prefixes), compare);
    for (size_t i = 0; i < reader->count; i++)
        if (!kept || lx_prefix_compare(&reader->prefixes[kept - 1], &reader->prefixes[i]))
            reader->prefixes[kept++] = reader->prefixes[i];
    reader->count = kept;
}

static void read_entries(struct reader *reader)
{
    size_t errors = reader->diagnostics->errors;
    json_error_t problem;
    json_t *root = json_loadb(reader->text.bytes, reader->text.size, 0, &problem);

    if (!root)
        lx_text_mistake(&reader->text, reader->diagnostics, problem.line > 0 ? (unsigned)problem.line : 1, 1,
                        "this is no JSON: %s", problem.text);
    else if (!json_is_array(root))
        mistake(reader, "a list of entries is needed, [{\"id\": 11, \"serviceArea\": \"Skype\", \"ips\": [...]}]");
    for (size_t i = 0; i < json_array_size(root); i++)
        read_entry(reader, json_array_get(root, i), i);
    json_decref(root);
    if (reader->diagnostics->errors > errors)
        return;
    check_wishes(reader, "service area", &reader->wish->areas, &reader->areas);
    check_wishes(reader, "id", &reader->wish->ids, &reader->ids);
    if (reader->diagnostics->errors == errors && !reader->count)
        mistake(reader, "no address is published for what was asked for; ask for other entries");
}

int lx_endpoints_read(FILE *stream, const char *name, const struct lx_endpoints_wish *wish, struct lx_prefix_list *list,
                      struct lx_diagnostics *diagnostics)
{
    struct reader reader = {.wish = wish, .diagnostics = diagnostics};
    size_t errors = diagnostics->errors;
    int error = lx_text_read(stream, name, &reader.text, diagnostics);

    if (error)
        return error;
    read_entries(&reader);
    settle(&reader);
    if (reader.out_of_memory || diagnostics->out_of_memory)
        error = -ENOMEM;
    else if (diagnostics->errors > errors)
        error = -EINVAL;
    lx_text_free(&reader.text);
    lx_words_free(&reader.areas);
    lx_words_free(&reader.ids);
    if (error) {
        free(reader.prefixes);
        return error;
    }
    *list = (struct lx_prefix_list){.prefixes = reader.prefixes, .count = reader.count};
    return 0;
}
