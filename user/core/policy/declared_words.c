/* SPDX-License-Identifier: GPL-2.0-only */
/* A declared interface as the words of a command line: one form for what is typed, written down and remembered. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "declaration.h"

static int add_option(struct lx_words *words, const char *option, const char *value)
{
    int error = value ? lx_words_add(words, option) : 0;

    return error || !value ? error : lx_words_add(words, value);
}

static int add_flag(struct lx_words *words, const char *option, bool on)
{
    return on ? lx_words_add(words, option) : 0;
}

static int add_each(struct lx_words *words, const char *option, const struct lx_words *values)
{
    int error = 0;

    for (size_t i = 0; !error && i < values->count; i++)
        error = add_option(words, option, values->items[i]);
    return error;
}

/* --set NAME=ADDR,ADDR */
static int add_setting(struct lx_words *words, const struct lx_setting *setting)
{
    char *text = NULL, prefix[LX_PREFIX_TEXT];
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    int error;

    if (!stream)
        return -ENOMEM;
    fputs(setting->name, stream);
    for (size_t i = 0; i < setting->prefix_count; i++)
        fprintf(stream, "%c%s", i ? ',' : '=', lx_prefix_format(&setting->prefixes[i], prefix));
    error = fclose(stream) ? -ENOMEM : add_option(words, "--set", text);
    free(text);
    return error;
}

static int add_numbers(struct lx_words *words, const struct lx_declared *declared)
{
    char flows[16];

    if (!declared->flows)
        return 0;
    snprintf(flows, sizeof(flows), "%u", declared->flows);
    return add_option(words, "--flows", flows);
}

int lx_declared_words(const struct lx_declared *declared, struct lx_words *words)
{
    struct lx_words made = {0};
    int error = add_each(&made, "--role", &declared->roles);

    error = error ?: add_option(&made, "--edition", declared->edition);
    error = error ?: add_option(&made, "--side", lx_side_name(declared->side));
    error = error ?: add_option(&made, "--site", declared->site);
    for (size_t i = 0; !error && i < declared->setting_count; i++)
        error = add_setting(&made, &declared->settings[i]);
    error = error ?: add_each(&made, "--without", &declared->without);
    error = error ?: add_each(&made, "--open", &declared->open);
    error = error ?: add_each(&made, "--workload", &declared->workloads);
    error = error ?: add_option(&made, "--lb", lx_lb_name(declared->lb));
    error = error ?: add_each(&made, "--policy", &declared->policies);
    error = error ?: add_option(&made, "--egress", declared->egress_said ? lx_egress_name(declared->egress) : NULL);
    error = error ?: add_flag(&made, "--audit", declared->audit);
    error = error ?: add_option(&made, "--pair", declared->pair);
    error = error ?: add_each(&made, "--with", &declared->with);
    error = error ?: add_flag(&made, "--forward", declared->forward);
    error = error ?: add_flag(&made, "--behind", declared->behind);
    error = error ?: add_option(&made, "--mode", declared->mode ? lx_mode_name(declared->mode) : NULL);
    error = error ?: add_numbers(&made, declared);
    if (error)
        lx_words_free(&made);
    else
        *words = made;
    return error;
}
