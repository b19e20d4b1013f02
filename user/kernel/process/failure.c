/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fills in why the kernel edge could not do what was asked. The words come from the caller; what the system's own words
 * for an error leave open is added here, once for all who quote them.
 */
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int error;
    const char *cause;
} causes[] = {
    {EMFILE, "this process may open no more files; raise its limit (ulimit -n)"},
    {ENFILE, "the whole machine has too many files open"},
    {ENOSPC, "a file system, or a table of the kernel's, is full"},
    {EROFS, "the file system is mounted read-only"},
};

const char *lx_failure_cause(int error)
{
    for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
        if (causes[i].error == error)
            return causes[i].cause;
    return NULL;
}

/* Behind the first line: what follows it is quoted from the kernel. */
static void add_cause(char *text, size_t room, int error)
{
    const char *cause = lx_failure_cause(error);
    size_t first = strcspn(text, "\n"), more;

    /* Drivers have reasons of their own for this one, and the kernel's words for them follow. */
    if (error == ENOSPC && text[first])
        return;
    if (!cause || !memmem(text, first, strerror(error), strlen(strerror(error))))
        return;
    more = strlen(cause) + 2;
    if (strlen(text) + more >= room)
        return;
    memmove(text + first + more, text + first, strlen(text + first) + 1);
    memcpy(text + first, "; ", 2);
    memcpy(text + first + 2, cause, more - 2);
}

int lx_fail(struct lx_failure *failure, enum lx_exit code, int error, const char *format, ...)
{
    va_list arguments;

    if (failure) {
        failure->exit = code;
        va_start(arguments, format);
        vsnprintf(failure->text, sizeof(failure->text), format, arguments);
        va_end(arguments);
        add_cause(failure->text, sizeof(failure->text), error);
    }
    return -error;
}
