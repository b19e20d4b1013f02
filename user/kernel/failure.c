/* SPDX-License-Identifier: GPL-2.0-only */
/* Fills in why the kernel edge could not do what was asked. The words come from the caller; only the shape is here. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

int lx_fail(struct lx_failure *failure, enum lx_exit code, int error, const char *format, ...)
{
    va_list arguments;

    if (failure) {
        failure->exit = code;
        va_start(arguments, format);
        vsnprintf(failure->text, sizeof(failure->text), format, arguments);
        va_end(arguments);
    }
    return -error;
}
