/* SPDX-License-Identifier: GPL-2.0-only */
/* From a declared interface to its policy, by the words of a command line. */
#include "interface_config.h"

#include "user/cli/print/output.h"

/* What is wrong with words that a file has said. */
static int exit_of(int result)
{
    return result == LX_EXIT_USAGE ? LX_EXIT_POLICY : result; /* the command is in order, the file is not */
}

int lx_interface_config_read(const char *verb, const struct lx_declared *declared, struct lx_interface_config *config)
{
    struct lx_attachment_options options = {0};
    struct lx_option_set sets[LX_ATTACHMENT_OPTION_SETS];
    int result;

    if (lx_declared_words(declared, &config->words))
        return lx_memory_error();
    lx_attachment_option_sets(&options, &config->policy.words, sets);
    if (lx_words_read(verb, &config->words, sets, LX_ATTACHMENT_OPTION_SETS, &result)) {
        config->choices = options.choices;
        config->pair = options.pair;
        config->with = options.with;
        options.with = (struct lx_words){0};
        config->policy.is_inline = options.pair;
        result = lx_attachment_options_check(&options);
    }
    lx_attachment_options_free(&options);
    return exit_of(result);
}

/* What will be needed when nothing else is to be had must be in order before. */
static int check_closed(const struct lx_declared *declared, const struct lx_interface_config *config)
{
    struct lx_compiled_policy closed = {0};
    int result = LX_EXIT_DONE;

    if (declared->closed)
        result = lx_compose_closed(declared, config->policy.is_inline, config->policy.vlan, &closed);
    lx_compiled_policy_free(&closed);
    return result;
}

int lx_interface_config_compose(const char *verb, const struct lx_declared *declared,
                                struct lx_interface_config *config)
{
    int result = lx_interface_config_read(verb, declared, config);

    if (result == LX_EXIT_DONE)
        result = lx_policy_spec_compose(verb, declared->interface, &config->policy);
    if (result == LX_EXIT_DONE)
        result = lx_compiled_policy_build(&config->policy.compiled_policy);
    if (result == LX_EXIT_DONE)
        result = check_closed(declared, config);
    return exit_of(result);
}

void lx_interface_config_free(struct lx_interface_config *config)
{
    lx_policy_spec_free(&config->policy);
    lx_words_free(&config->with);
    lx_words_free(&config->words);
}
