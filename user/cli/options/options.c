/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the options of a verb with getopt_long, from the sets that the verb names. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "usage.h"
#include "user/cli/print/output.h"
#include "user/core/text/number.h"
#include "user/core/text/spelling.h"
#include "user/kernel/attachment/update.h"

enum {
    OPTION_HELP = 'h',
    OPTION_VERSION = 0x100,
    OPTION_FIRST, /* of the sets, in order */
};

static size_t count_options(const struct lx_option_set *sets, size_t count)
{
    size_t options = 0;

    for (size_t i = 0; i < count; i++)
        options += sets[i].count;
    return options;
}

/* The option of a code, and the set it is in. */
static const struct lx_option *find_option(const struct lx_option_set *sets, int code, const struct lx_option_set **set)
{
    size_t index = (size_t)(code - OPTION_FIRST);

    while (index >= sets->count)
        index -= sets++->count;
    *set = sets;
    return &sets->options[index];
}

/* The table that getopt_long wants: the sets, --help, --version, a terminator. */
static struct option *long_options(const struct lx_option_set *sets, size_t count)
{
    size_t options = count_options(sets, count);
    struct option *table = calloc(options + 3, sizeof(*table));
    const struct lx_option_set *set;

    if (!table)
        return NULL;
    for (size_t i = 0; i < options; i++) {
        const struct lx_option *option = find_option(sets, OPTION_FIRST + (int)i, &set);

        table[i] = (struct option){option->name, option->argument ? required_argument : no_argument, NULL,
                                   OPTION_FIRST + (int)i};
    }
    table[options] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    table[options + 1] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    return table;
}

/* The letter of a set's option; 0: it has none. */
static char letter_of(const struct lx_option_set *set, size_t index)
{
    return set->letters && index < strlen(set->letters) ? set->letters[index] : '\0';
}

/* The letters that getopt_long is to know, and which of them take an argument. */
static void short_options(const struct lx_option_set *sets, size_t count, char letters[64])
{
    char *end = stpcpy(letters, ":h");

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; letter_of(&sets[i], j) && end < letters + 60; j++) {
            *end++ = letter_of(&sets[i], j);
            if (sets[i].options[j].argument)
                *end++ = ':';
        }
    *end = '\0';
}

/* The code of an option that getopt_long returned, perhaps by its letter; 0: none of ours. */
static int option_code(const struct lx_option_set *sets, size_t count, int code)
{
    int index = OPTION_FIRST;

    if (code >= OPTION_FIRST)
        return code;
    for (size_t i = 0; code && i < count; i++)
        for (size_t j = 0; j < sets[i].count; j++, index++)
            if (letter_of(&sets[i], j) == code)
                return index;
    return 0;
}

static void print_option(const struct lx_option *option, char letter, bool with_default)
{
    const char also[] = {',', ' ', '-', letter, '\0'};
    const char *value = with_default ? option->default_value : NULL;
    char left[64];

    if (!option->help)
        return;
    snprintf(left, sizeof(left), "--%s%s%s%s", option->name, letter ? also : "", option->argument ? " " : "",
             option->argument ?: "");
    printf("  %-27s %s%s%s%s\n", left, option->help, value ? " (default: " : "", value ?: "", value ? ")" : "");
}

static void print_help(const char *name, const struct lx_option_set *sets, size_t count)
{
    const struct lx_usage *usage = lx_usages;

    while (strcmp(usage->name, name) != 0)
        usage++;
    printf("usage: lyncxdp %s %s\n\n%s\n\n", name, usage->synopsis, usage->summary);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sets[i].count; j++)
            print_option(&sets[i].options[j], letter_of(&sets[i], j), !sets[i].clears);
    print_option(&(struct lx_option){.name = "help", .help = "print this and do nothing"}, 0, false);
    print_option(&(struct lx_option){.name = "version", .help = "print the version and do nothing"}, 0, false);
}

/* An option that getopt_long refused: none of ours, a beginning of several, or one with an argument it does not take.
 */
static int refused_option(const char *verb, const char *word, const struct option *table)
{
    const char *names[64], *nearest;
    size_t length = strcspn(word, "="), count = 0, similar = 0;
    char name[64];

    if (length < 3 || length - 2 >= sizeof(name))
        return lx_usage_error("'%s' is no option; 'lyncxdp %s --help' lists them", word, verb);
    snprintf(name, sizeof(name), "%.*s", (int)length - 2, word + 2);
    for (; table->name && count < sizeof(names) / sizeof(*names); table++) {
        if (!strcmp(table->name, name))
            return lx_usage_error("--%s takes no argument", name);
        similar += !strncmp(table->name, name, strlen(name));
        names[count++] = table->name;
    }
    if (similar > 1)
        return lx_usage_error("--%s may stand for %zu options of 'lyncxdp %s'; write it in full", name, similar, verb);
    nearest = lx_nearest(name, names, count);
    if (nearest)
        return lx_usage_error("'lyncxdp %s' has no option --%s; did you mean --%s?", verb, name, nearest);
    return lx_usage_error("'lyncxdp %s' has no option --%s; 'lyncxdp %s --help' lists them", verb, name, verb);
}

char *lx_absolute_path(const char *path)
{
    char *directory = path[0] && path[0] != '/' ? getcwd(NULL, 0) : strdup(""), *whole = NULL;

    if (directory && asprintf(&whole, "%s%s%s", directory, directory[0] ? "/" : "", path) < 0)
        whole = NULL;
    free(directory);
    return whole;
}

static int write_down(struct lx_words *words, const struct lx_option *option, const char *value)
{
    bool path = value && option->argument && !strcmp(option->argument, "FILE");
    char *whole = path ? lx_absolute_path(value) : NULL, *word = NULL;
    int error = path && !whole ? -1 : 0;

    if (!error && asprintf(&word, "--%s%s%s", option->name, value ? "=" : "", whole ?: value ?: "") < 0) {
        word = NULL;
        error = -1;
    }
    error = error ?: lx_words_add(words, word);
    free(whole);
    free(word);
    return error ? lx_memory_error() : LX_EXIT_DONE;
}

/* "" and "NAME=" */
static bool is_empty(const char *value)
{
    return value && !value[strcspn(value, "=") + (strchr(value, '=') ? 1 : 0)];
}

static int take_option(const struct lx_option_set *set, const struct lx_option *option, const char *value)
{
    int result =
        set->clears && is_empty(value) ? LX_EXIT_DONE : option->take((char *)set->target + option->offset, value);

    return result == LX_EXIT_DONE && set->words ? write_down(set->words, option, value) : result;
}

/* One step of reading: what getopt_long returned. Returns true to go on. */
static bool take(int code, char **argv, const struct option *table, const struct lx_option_set *sets, size_t count,
                 int *exit)
{
    const struct lx_option_set *set;
    const struct lx_option *option;

    switch (code) {
    case OPTION_HELP:
        print_help(argv[0], sets, count);
        *exit = LX_EXIT_DONE;
        return false;
    case OPTION_VERSION:
        lx_print_version();
        *exit = LX_EXIT_DONE;
        return false;
    case '?':
        if (optopt && optopt < OPTION_VERSION && optopt != OPTION_HELP)
            *exit = lx_usage_error("'lyncxdp %s' has no option -%c; its options are words, such as --help", argv[0],
                                   optopt);
        else
            *exit = refused_option(argv[0], argv[optind - 1], table);
        return false;
    case ':':
        code = option_code(sets, count, optopt);
        option = code ? find_option(sets, code, &set) : NULL;
        *exit = option ? lx_usage_error("--%s needs an argument: %s", option->name, option->argument)
                       : lx_usage_error("'%s' needs an argument", argv[optind - 1]);
        return false;
    default:
        option = find_option(sets, option_code(sets, count, code), &set);
        *exit = take_option(set, option, optarg);
        return *exit == LX_EXIT_DONE;
    }
}

bool lx_options_read(int argc, char **argv, const struct lx_option_set *sets, size_t count,
                     struct lx_arguments *arguments, int *exit)
{
    struct option *table = long_options(sets, count);
    bool go_on = true;
    char letters[64];
    int code;

    if (!table) {
        *exit = lx_memory_error();
        return false;
    }
    short_options(sets, count, letters);
    opterr = 0;
    optind = 0;
    while (go_on && (code = getopt_long(argc, argv, letters, table, NULL)) != -1)
        go_on = take(code, argv, table, sets, count, exit);
    arguments->items = argv + optind;
    arguments->count = (size_t)(argc - optind);
    free(table);
    return go_on;
}

bool lx_words_read(const char *verb, const struct lx_words *words, const struct lx_option_set *sets, size_t count,
                   int *exit)
{
    char **arguments = calloc(words->count + 2, sizeof(char *));
    struct lx_arguments none;
    bool go_on;

    if (!arguments) {
        *exit = lx_memory_error();
        return false;
    }
    arguments[0] = (char *)verb;
    for (size_t i = 0; i < words->count; i++)
        arguments[i + 1] = words->items[i];
    go_on = lx_options_read((int)words->count + 1, arguments, sets, count, &none, exit);
    free(arguments);
    return go_on;
}

int lx_take_flag(void *field, const char *value)
{
    (void)value;
    *(bool *)field = true;
    return LX_EXIT_DONE;
}

int lx_take_text(void *field, const char *value)
{
    *(const char **)field = value;
    return LX_EXIT_DONE;
}

int lx_take_word(void *field, const char *value)
{
    return lx_words_add(field, value) ? lx_memory_error() : LX_EXIT_DONE;
}

int lx_take_seconds(void *field, const char *value)
{
    if (lx_number_parse(value, 1, LX_LONGEST_TRIAL, field))
        return LX_EXIT_DONE;
    return lx_usage_error("'%s' is no time for a trial: write a number of seconds from 1 to %d", value,
                          LX_LONGEST_TRIAL);
}
