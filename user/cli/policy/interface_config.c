/* SPDX-License-Identifier: GPL-2.0-only */
/* From a declared interface to its policy, by the words of a command line. */
#include "interface_config.h"

#include "user/cli/print/output.h"

int lx_interface_config_compose(const char *verb, const struct lx_declared *declared,
                                struct lx_interface_config *config)
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
        if (result == LX_EXIT_DONE)
            result = lx_policy_spec_compose(verb, declared->interface, &config->policy);
        if (result == LX_EXIT_DONE)
            result = lx_compiled_policy_build(&config->policy.compiled_policy);
    }
    lx_attachment_options_free(&options);
    return result == LX_EXIT_USAGE ? LX_EXIT_POLICY : result; /* the command is in order, the file is not */
}

void lx_interface_config_free(struct lx_interface_config *config)
{
    lx_policy_spec_free(&config->policy);
    lx_words_free(&config->with);
    lx_words_free(&config->words);
}
