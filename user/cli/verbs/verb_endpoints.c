/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * endpoints: the list of a group, out of the vendor's list of what its cloud uses. That file is downloaded by whoever
 * runs this: nothing here asks the network.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "user/cli/options/options.h"
#include "user/cli/policy/editions.h"
#include "user/cli/print/output.h"
#include "user/core/policy/endpoints.h"
#include "user/core/text/date.h"
#include "verb.h"

struct endpoints_options {
    struct lx_endpoints_wish wish;
    uint64_t date;
};

static int take_date(void *field, const char *value)
{
    if (lx_date_parse(value, field))
        return LX_EXIT_DONE;
    return lx_usage_error("--date '%s': write a day, like 2026-10-01", value);
}

static const struct lx_option options_of_endpoints[] = {
    {"service-area", "AREA", "only entries of this service area, like Skype; repeatable", lx_take_word,
     offsetof(struct endpoints_options, wish.areas)},
    {"id", "NUMBER", "only the entry with this id; repeatable", lx_take_word,
     offsetof(struct endpoints_options, wish.ids)},
    {"required", NULL, "only entries that the service needs", lx_take_flag,
     offsetof(struct endpoints_options, wish.required)},
    {"date", "DAY", "of when the list is; else the day on which the file was written", take_date,
     offsetof(struct endpoints_options, date)},
};

/* The comment says what was asked for, so that a list can be made again. */
static void print_words(const char *option, const struct lx_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        lx_print(" --%s %s", option, words->items[i]);
}

static void print_list(const char *path, const struct endpoints_options *options, const struct lx_prefix_list *list)
{
    char day[LX_DATE_TEXT], text[LX_PREFIX_TEXT];

    lx_print("# lyncxdp endpoints %s", path);
    print_words("service-area", &options->wish.areas);
    print_words("id", &options->wish.ids);
    lx_print("%s\n# date: %s\n", options->wish.required ? " --required" : "", lx_date_format(options->date, day));
    for (size_t i = 0; i < list->count; i++)
        lx_print("%s\n", lx_prefix_format(&list->prefixes[i], text));
}

static int convert(const char *path, struct endpoints_options *options)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_prefix_list list = {0};
    FILE *stream = lx_open_input(path, NULL);
    struct stat status;
    int error;

    if (!stream)
        return LX_EXIT_POLICY;
    if (!options->date && !fstat(fileno(stream), &status))
        options->date = (uint64_t)status.st_mtime;
    error = lx_endpoints_read(stream, path, &options->wish, &list, &diagnostics);
    fclose(stream);
    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    if (!error)
        print_list(path, options, &list);
    free(list.prefixes);
    return lx_read_exit(error, path);
}

int lx_verb_endpoints(int argc, char **argv)
{
    struct endpoints_options options = {0};
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_endpoints, &options)};
    struct lx_arguments arguments;
    int result;

    if (lx_options_read(argc, argv, sets, 1, &arguments, &result)) {
        if (arguments.count == 1)
            result = convert(arguments.items[0], &options);
        else
            result = lx_usage_error("endpoints takes one file, downloaded from "
                                    "https://endpoints.office.com/endpoints/worldwide?clientrequestid=GUID");
    }
    lx_words_free(&options.wish.areas);
    lx_words_free(&options.wish.ids);
    return result;
}
