/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies that include files: from texts that a test states, or from the shipped directory. Both are what the command
 * line does with real files, without its messages.
 */
#ifndef LYNCXDP_TESTS_UNIT_INCLUDING_H
#define LYNCXDP_TESTS_UNIT_INCLUDING_H

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/core/policy/policy_reader.h"
#include "user/core/text/path.h"
#include "user/core/text/schema.h"

/* A file that exists only here; the list ends with a name that is NULL. */
struct lx_given_file {
    const char *name, *text;
};

static inline int lx_open_given(const struct lx_opener *opener, enum lx_opened_as as, const char *from,
                                const char *what, struct lx_opened *opened, char problem[256])
{
    (void)as;
    cr_expect_not_null(from);
    for (const struct lx_given_file *file = opener->context; file->name; file++) {
        if (strcmp(file->name, what))
            continue;
        *opened = (struct lx_opened){.stream = fmemopen((void *)file->text, strlen(file->text), "r"),
                                     .name = strdup(what),
                                     .identity = strdup(what)};
        return 0;
    }
    snprintf(problem, 256, "there is no such file");
    return -ENOENT;
}

/* Reads the first of the files; the others are there to be included. */
static inline int lx_read_given(const struct lx_given_file *files, struct lx_policy_file *file,
                                struct lx_diagnostics *diagnostics)
{
    struct lx_opener opener = {.open = lx_open_given, .context = (void *)files};
    struct lx_opened top;
    int error;

    cr_assert_eq(lx_open_given(&opener, LX_OPENED_POLICY, "", files->name, &top, (char[256]){""}), 0);
    error = lx_policy_file_load(&top, &opener, file, diagnostics);
    fclose(top.stream);
    free(top.name);
    free(top.identity);
    return error;
}

/* Editions lie in policies/; a path is relative to the file that names it, or else to the tree. */
static inline int lx_open_shipped(const struct lx_opener *opener, enum lx_opened_as as, const char *from,
                                  const char *what, struct lx_opened *opened, char problem[256])
{
    char path[256], *beside = lx_path_beside(from, what);

    (void)opener;
    (void)as;
    if (lx_is_name(what))
        snprintf(path, sizeof(path), "policies/%s.yaml", what);
    else
        snprintf(path, sizeof(path), "%s", access(beside, R_OK) ? what : beside);
    free(beside);
    *opened = (struct lx_opened){.stream = fopen(path, "r"), .name = strdup(path), .identity = strdup(path)};
    if (opened->stream)
        return 0;
    snprintf(problem, 256, "%s", strerror(errno));
    free(opened->name);
    free(opened->identity);
    return -ENOENT;
}

static inline int lx_read_shipped(const char *what, struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    struct lx_opener opener = {.open = lx_open_shipped};
    struct lx_opened top;
    int error;

    cr_assert_eq(lx_open_shipped(&opener, LX_OPENED_POLICY, "", what, &top, (char[256]){""}), 0, "%s", what);
    error = lx_policy_file_load(&top, &opener, file, diagnostics);
    fclose(top.stream);
    free(top.name);
    free(top.identity);
    return error;
}

#endif
