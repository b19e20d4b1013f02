/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options as data: a verb lists what it takes, and one place reads the command line, suggests the option that was meant
 * and prints the help. Sets can be shared: the policy options are one set that several verbs name.
 */
#ifndef LYNCXDP_CLI_OPTIONS_H
#define LYNCXDP_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "user/core/text/words.h"
#include "user/kernel/process/failure.h"

struct lx_option {
    const char *name;     /* without the dashes */
    const char *argument; /* what its argument is called: a FILE is a path; NULL: it takes none */
    const char *help;     /* NULL: not listed; it is known only in order to be refused with a reason */
    /*
     * Stores `value` (NULL without an argument) `offset` bytes into the set's target. Returns LX_EXIT_DONE, or the exit
     * code after it has printed what is wrong.
     */
    int (*take)(void *field, const char *value);
    size_t offset;
    const char *default_value; /* what holds when it is not given, for the help; NULL: nothing to say */
};

/*
 * With `words`, what was given is written down there as well, "--name=value" or "--name", the option spelled out and a
 * FILE made absolute, so that it can be kept and read again. With `clears` the set changes what was kept: what is not
 * given stays, so that the help shows no defaults, and an empty value (or NAME=) is written down and not taken: it
 * takes away what was kept. With `letters`, the first options may be written by these, as -f.
 */
struct lx_option_set {
    const struct lx_option *options;
    size_t count;
    void *target;
    struct lx_words *words;
    bool clears;
    const char *letters;
};

#define LX_OPTION_SET(array, into)                                                                                     \
    {                                                                                                                  \
        .options = (array), .count = sizeof(array) / sizeof(*(array)), .target = (into)                                \
    }

/* Options and the arguments between them, in order. */
struct lx_arguments {
    char **items;
    size_t count;
};

/*
 * Reads the command line of a verb (argv[0] is its name) into the targets of the sets. Returns true when the verb
 * should go on; otherwise all is said, --help and --version included, and `*exit` is its exit code.
 */
bool lx_options_read(int argc, char **argv, const struct lx_option_set *sets, size_t count,
                     struct lx_arguments *arguments, int *exit);

/*
 * Reads words that were written down. They must outlive what is read from them. Returns true when the verb should go
 * on; else as above.
 */
bool lx_words_read(const char *verb, const struct lx_words *words, const struct lx_option_set *sets, size_t count,
                   int *exit);

/* For options that need no more: sets a bool; points a const char * at the argument; adds to a struct lx_words.
 */
int lx_take_flag(void *field, const char *value);
int lx_take_text(void *field, const char *value);
int lx_take_word(void *field, const char *value);

/* How long a trial lasts: sets an uint32_t. */
int lx_take_seconds(void *field, const char *value);

/*
 * The path from the root, since words outlive their working directory. The caller frees it; NULL when out of memory, or
 * when there is no such directory.
 */
char *lx_absolute_path(const char *path);

#endif
